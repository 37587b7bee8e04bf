import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  MESSAGE_JOURNAL_DEFAULTS,
  type MessageJournalOptions,
  SqliteMessageJournal,
} from "../../../src/messaging/journal/index.ts";
import {
  type ConversationRow,
  type DeadLetter,
  type FailedAttempt,
  type JournalBatch,
  type MessageRows,
  OUTCOMES,
  type Outcome,
  RowsBuilder,
  wordKey,
} from "../../../src/messaging/router/index.ts";

/** What a test says of one message; the rest has plain values. */
export type TestMessage = {
  readonly seq: number;
  readonly id?: string;
  readonly workspace?: string;
  readonly conversation?: string;
  readonly sender?: string;
  readonly performative?: string;
  readonly recipients?: number | string;
  readonly priority?: number;
  readonly expiresAtMs?: number;
  readonly atMs?: number;
  readonly body?: string;
};

type TestBatch = {
  readonly atMs?: number;
  readonly isSynced?: boolean;
  readonly parties?: JournalBatch["parties"];
  readonly messages?: readonly TestMessage[];
  readonly settled?: readonly {
    readonly seq: number;
    readonly party: number;
    readonly outcome?: Outcome;
    readonly attempt?: number;
  }[];
  readonly retries?: readonly {
    readonly seq: number;
    readonly party: number;
    readonly attempts: number;
    readonly nextAtMs: number;
    readonly reason: string;
    readonly history?: readonly FailedAttempt[];
  }[];
  readonly dead?: readonly DeadLetter[];
  readonly buried?: JournalBatch["buried"];
  readonly conversations?: readonly ConversationRow[];
};

function rowsOf(messages: readonly TestMessage[]): MessageRows {
  const builder = new RowsBuilder();
  for (const message of messages) {
    const { seq, workspace = "default", conversation: talk = `talk-${seq}`, recipients = 1 } = message;
    const { id = `id-${seq}`, sender = "planner", performative = "request", priority = 1, expiresAtMs = 0 } = message;
    const size = builder.lines.addText(bodyOf(message));
    builder.add(
      { seq, conversationKey: wordKey(workspace, talk), priority, expiresAtMs, size },
      { workspace, id, sender, performative, atMs: message.atMs ?? 1_000 + seq },
      recipients === "" ? [] : String(recipients).split(",").map(Number),
    );
  }
  return builder.rows();
}

/** The message's line; `body` is what is in it besides its envelope. */
export const bodyOf = ({ seq, id, workspace, conversation, sender, performative, body }: TestMessage): string =>
  JSON.stringify({
    id: id ?? `id-${seq}`,
    workspace: workspace ?? "default",
    performative: performative ?? "request",
    sender: sender ?? "planner",
    conversation_id: conversation ?? `talk-${seq}`,
    content: body ?? seq,
  });

/** A batch as the router would make it. */
export function batch(given: TestBatch): JournalBatch {
  const { settled = [], retries = [] } = given;
  return {
    atMs: given.atMs ?? 1_000,
    isSynced: given.isSynced ?? true,
    parties: given.parties ?? [],
    messages: rowsOf(given.messages ?? []),
    settlements: {
      seqs: Float64Array.from(settled, ({ seq }) => seq),
      parties: Uint32Array.from(settled, ({ party }) => party),
      outcomes: Uint8Array.from(settled, ({ outcome }) => OUTCOMES.indexOf(outcome ?? "done")),
      attempts: Uint32Array.from(settled, ({ attempt }) => attempt ?? 1),
    },
    retries: {
      seqs: retries.map(({ seq }) => seq),
      parties: retries.map(({ party }) => party),
      attempts: retries.map(({ attempts }) => attempts),
      nextAtMs: retries.map(({ nextAtMs }) => nextAtMs),
      reasons: retries.map(({ reason }) => reason),
      histories: retries.map(({ history }) => history ?? []),
    },
    dead: given.dead ?? [],
    buried: given.buried ?? [],
    conversations: given.conversations ?? [],
  };
}

/** Messages with the seqs from `first` to `last`. */
export const messages = (first: number, last: number, rest: Omit<TestMessage, "seq"> = {}): readonly TestMessage[] =>
  Array.from({ length: last - first + 1 }, (_none, index) => ({ ...rest, seq: first + index }));

export const conversation = (id: string, rest: Partial<ConversationRow> = {}): ConversationRow => ({
  workspace: "default",
  id,
  protocol: "fipa-request",
  state: "in-progress",
  isOpen: true,
  isArchived: false,
  initiator: "planner",
  participants: ["planner", "worker"],
  parent: undefined,
  messages: 1,
  startedAtMs: 1_000,
  updatedAtMs: 1_000,
  expiresAtMs: 0,
  fold: "{}",
  ...rest,
});

export const deadLetter = (seq: number, rest: Partial<DeadLetter> = {}): DeadLetter => ({
  seq,
  party: 1,
  id: `id-${seq}`,
  workspace: "default",
  conversation: `talk-${seq}`,
  sender: "planner",
  recipient: "worker",
  performative: "request",
  code: "DELIVERY_FAILED",
  reason: "it would not",
  attempts: 5,
  history: [{ attempt: 5, atMs: 1_000 + seq, reason: "it would not" }],
  atMs: 1_000 + seq,
  body: "{}",
  ...rest,
});

/** A directory with journals that are closed and opened again. */
export class JournalRoom implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), "caxton-messages-"));
  readonly file = join(this.directory, "messages.db");
  readonly #options: Partial<MessageJournalOptions>;
  #journal: SqliteMessageJournal | undefined;

  constructor(options: Partial<MessageJournalOptions> = {}) {
    this.#options = options;
  }

  get journal(): SqliteMessageJournal {
    this.#journal ??= new SqliteMessageJournal({
      ...MESSAGE_JOURNAL_DEFAULTS,
      directory: this.directory,
      synchronous: "full",
      ...this.#options,
    });
    return this.#journal;
  }

  /** Closes it, opens it again, and returns what it knows. */
  async again(sinceMs = 0) {
    await this.#journal?.close();
    this.#journal = undefined;
    return this.journal.recover({ sinceMs });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#journal?.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
