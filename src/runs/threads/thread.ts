import { createHash } from "node:crypto";
import { type AddedMessageId, type RunId, ThreadId, uuidFrom } from "../../kernel/ids.ts";
import type { TranscriptMessage } from "../record/index.ts";

/** A lasting dialogue with an agent. Its turns are runs, each of which names the run that it continues. */
export type Thread = {
  readonly id: ThreadId;
  readonly workspace: string;
  readonly agent: string;
  /** The revision of its turns; null follows the newest one. */
  readonly revision: number | null;
  /** The principal that created it. */
  readonly owner: string;
  /** The first words of its first message until it is changed; empty before the first message. */
  readonly title: string;
  readonly tags: readonly string[];
  /** The last run of the branch that is shown and continued; null for an empty thread. */
  readonly head: RunId | null;
  /** The thread that it was forked from and shares turns with. */
  readonly forkedFrom: ThreadId | null;
  /** The conversation between agents that it is one agent's view of; null for a dialogue with a user. */
  readonly conversationId: string | null;
  /** The name that its creator chose for it, unique in the workspace; null if none. */
  readonly key: string | null;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly expiresAtMs: number | null;
};

export type ThreadQuery = {
  readonly workspace: string;
  readonly agent: string | undefined;
  readonly tag: string | undefined;
  readonly id?: ThreadId | undefined;
  /** Only those used last at this time or later. */
  readonly sinceMs?: number | undefined;
  /** Only those used last before. */
  readonly untilMs?: number | undefined;
  /** Words of the title or of messages and answers. */
  readonly search?: string | undefined;
  /** Those of conversations between agents, instead of those with users. */
  readonly ofConversations: boolean;
  /** The last thread of the page before; the last used come first. */
  readonly before: Pick<Thread, "updatedAtMs" | "id"> | undefined;
  readonly limit: number;
};

export type ThreadChange = Partial<Pick<Thread, "title" | "tags" | "head" | "agent" | "revision" | "expiresAtMs">>;

/** A turn in its thread. */
export type ThreadTurn = { readonly run: RunId; readonly parent: RunId | null };

/** A message that was added to a thread without a run. */
export type AddedMessage = TranscriptMessage & { readonly added: NonNullable<TranscriptMessage["added"]> };

/** Messages to add, as JSON; a thread without a title gets one from `opening`. */
export type NewMessages = {
  readonly after: RunId | null;
  readonly opening: string;
  readonly atMs: number;
  readonly messages: readonly { readonly id: AddedMessageId; readonly body: string }[];
};

/** Threads. The journal adds turns to them and moves their heads in the transaction that accepts a run, and deletes the added messages that the run took. */
export interface ThreadStore {
  /** A fork gets the added messages of the thread that it was forked from at its head. On disk when resolved. Throws storage errors. */
  insert(thread: Thread): Promise<void>;
  get(id: ThreadId): Thread | undefined;
  list(query: ThreadQuery): readonly Thread[];
  /** Returns false if there is no such thread. */
  update(id: ThreadId, change: ThreadChange, atMs: number): Promise<boolean>;
  /** A run and those that it continues, newest first. */
  path(from: RunId, limit: number): readonly ThreadTurn[];
  /** Number of turns of a thread over all branches. */
  turns(id: ThreadId): number;
  /** Runs of a thread that continue one of these runs, or none (null), oldest first. */
  next(id: ThreadId, parents: readonly (RunId | null)[]): readonly ThreadTurn[];
  /** Runs of a thread that have not ended, oldest first. */
  open(id: ThreadId): readonly RunId[];
  /** Makes the turns that forks of a thread share turns of the oldest of these forks. Returns the other turns of the thread. */
  release(id: ThreadId): Promise<readonly RunId[]>;
  remove(id: ThreadId): Promise<void>;
  /** Messages that were added after a turn, or before the first (null), and that no turn has taken, as JSON, oldest first. */
  added(id: ThreadId, after: RunId | null): readonly string[];
  /** Adds messages after a turn. On disk when resolved. Throws storage errors. */
  add(id: ThreadId, messages: NewMessages): Promise<void>;
  /** Returns false if no such message waits for a turn. */
  removeAdded(id: ThreadId, message: AddedMessageId): Promise<boolean>;
  /** Threads that expired at this time or before. */
  expired(atMs: number, limit: number): readonly ThreadId[];
}

/** The id of the thread with a key: the same each time, also after the thread was deleted. */
export const threadIdOfKey = (workspace: string, key: string): ThreadId =>
  ThreadId.parse(uuidFrom(createHash("sha256").update(`thread\n${workspace}\n${key}`).digest("hex"), "7"));

const TURNS_PER_PAGE = 1_000;

/** A run and all that it continues, newest first, read as far as they are taken. */
export function* pathFrom(
  store: Pick<ThreadStore, "path">,
  from: RunId | null,
): Generator<ThreadTurn, void, undefined> {
  for (let at = from; at !== null;) {
    const page = store.path(at, TURNS_PER_PAGE);
    yield* page;
    at = page.at(-1)?.parent ?? null;
  }
}
