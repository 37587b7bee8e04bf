import { restoreMessage } from "../../src/messaging/acl/index.ts";
import {
  type ConversationQuery,
  type ConversationRow,
  type DeadLetter,
  type DeadQuery,
  type JournalBatch,
  type MessageJournal,
  type MessageQuery,
  headsOf,
  OUTCOMES,
  type Recovered,
  type StoredMessage,
  type StoredSettlement,
  wordKey,
} from "../../src/messaging/router/index.ts";

type Retry = Recovered["retries"][number];

/** What outlives a crash. A journal opened over it finds what earlier ones wrote. */
export class MemoryDisk {
  readonly parties = new Map<number, JournalBatch["parties"][number]>();
  readonly messages = new Map<number, StoredMessage>();
  readonly settled = new Map<string, StoredSettlement>();
  readonly retries = new Map<string, Retry>();
  readonly dead = new Map<string, DeadLetter>();
  readonly conversations = new Map<string, ConversationRow>();
  lastSeq = 0;
  /** Transactions so far. */
  commits = 0;
}

const key = (seq: number, party: number) => `${seq}/${party}`;

/** A `MessageJournal` without files: for tests that ask what the router does, and what it does after a crash. */
export class MemoryMessageJournal implements MessageJournal {
  readonly disk: MemoryDisk;
  readonly #beforeCommit: () => Promise<void>;
  #isWriting = false;

  /** `beforeCommit` is awaited in each `append` before anything is kept; it may reject, as a full disk does. */
  constructor(disk = new MemoryDisk(), beforeCommit: () => Promise<void> = async () => {}) {
    this.disk = disk;
    this.#beforeCommit = beforeCommit;
  }

  async recover({ sinceMs }: { readonly sinceMs: number }): Promise<Recovered> {
    const { disk } = this;
    const rows = [...disk.messages.values()].flatMap((message) =>
      message.recipients
        .filter((party) => !disk.settled.has(key(message.seq, party)))
        .map((party) => ({ message, party })),
    );
    const recent = [...disk.messages.values()].filter(({ atMs }) => atMs >= sinceMs);
    return {
      lastSeq: disk.lastSeq,
      parties: [...disk.parties.values()],
      pending: {
        seqs: Float64Array.from(rows, ({ message }) => message.seq),
        parties: Uint32Array.from(rows, ({ party }) => party),
        priorities: Uint8Array.from(rows, ({ message }) => message.priority),
        expiresAtMs: Float64Array.from(rows, ({ message }) => message.expiresAtMs),
        atMs: Float64Array.from(rows, ({ message }) => message.atMs),
        conversationKeys: Uint32Array.from(rows, ({ message }) => wordKey(message.workspace, message.conversation)),
        sizes: Uint32Array.from(rows, ({ message }) => message.body.length),
      },
      retries: [...disk.retries.values()],
      recent: {
        ids: recent.map(({ id }) => id),
        workspaces: recent.map(({ workspace }) => workspace),
        seqs: Float64Array.from(recent, ({ seq }) => seq),
        atMs: Float64Array.from(recent, ({ atMs }) => atMs),
      },
      conversations: [...disk.conversations.values()].filter(({ isOpen }) => isOpen),
    };
  }

  async append(batch: JournalBatch): Promise<void> {
    if (this.#isWriting) throw new Error("one batch at a time");
    this.#isWriting = true;
    // A thread gets a copy; so does this.
    const copy = structuredClone(batch);
    try {
      await this.#beforeCommit();
      this.#commit(copy);
    } finally {
      this.#isWriting = false;
    }
  }

  #commit({ atMs, parties, messages, settlements, retries, dead, buried, conversations }: JournalBatch): void {
    const { disk } = this;
    disk.commits += 1;
    for (const party of parties) disk.parties.set(party.number, party);
    const lines = Buffer.from(messages.text).toString("utf8").split("\n");
    headsOf(messages.firstSeq, messages.heads).forEach(
      ({ seq, recipients, priority, expiresAtMs, atMs: when }, row) => {
        if (seq <= disk.lastSeq) throw new Error(`seq ${seq} after ${disk.lastSeq}`);
        disk.lastSeq = seq;
        const body = lines[row] ?? "";
        const { id, workspace, conversationId: conversation, sender, performative } = restoreMessage(JSON.parse(body));
        const head = { seq, id, workspace, conversation, sender, performative, recipients, priority };
        disk.messages.set(seq, { ...head, expiresAtMs, atMs: when, body });
      },
    );
    retries.seqs.forEach((seq, row) => {
      const party = retries.parties[row] ?? 0;
      const [attempts, nextAtMs] = [retries.attempts[row] ?? 0, retries.nextAtMs[row] ?? 0];
      const [reason, history] = [retries.reasons[row] ?? "", retries.histories[row] ?? []];
      disk.retries.set(key(seq, party), { seq, party, attempts, nextAtMs, reason, history });
    });
    settlements.seqs.forEach((seq, row) => {
      const party = settlements.parties[row] ?? 0;
      const outcome = OUTCOMES[settlements.outcomes[row] ?? 0] ?? "done";
      disk.settled.set(key(seq, party), { seq, party, outcome, attempt: settlements.attempts[row] ?? 0, atMs });
      disk.retries.delete(key(seq, party));
    });
    for (const letter of dead) disk.dead.set(key(letter.seq, letter.party), letter);
    for (const { seq, party } of buried) disk.dead.delete(key(seq, party));
    for (const row of conversations) disk.conversations.set(`${row.workspace}/${row.id}`, row);
  }

  async deleteWorkspace(workspace: string): Promise<void> {
    const { messages, parties, dead, conversations } = this.disk;
    for (const [seq, message] of messages) if (message.workspace === workspace) messages.delete(seq);
    for (const [number, party] of parties) if (party.workspace === workspace) parties.delete(number);
    for (const [place, letter] of dead) if (letter.workspace === workspace) dead.delete(place);
    for (const [id, row] of conversations) if (row.workspace === workspace) conversations.delete(id);
  }

  async read(seqs: readonly number[]): Promise<readonly StoredMessage[]> {
    return seqs
      .toSorted((one, other) => one - other)
      .flatMap((seq) => {
        const message = this.disk.messages.get(seq);
        return message ? [message] : [];
      });
  }

  async find(workspace: string, id: string): Promise<StoredMessage | undefined> {
    return this.#newestFirst().find((message) => message.workspace === workspace && message.id === id);
  }

  async list(query: MessageQuery): Promise<readonly StoredMessage[]> {
    const fits = (message: StoredMessage): boolean =>
      message.workspace === query.workspace &&
      message.sender === (query.sender ?? message.sender) &&
      message.conversation === (query.conversation ?? message.conversation) &&
      query.conversations?.has(message.conversation) !== false &&
      message.performative === (query.performative ?? message.performative) &&
      message.atMs >= (query.sinceMs ?? 0) &&
      message.atMs <= (query.untilMs ?? Infinity) &&
      message.seq < (query.beforeSeq ?? Infinity) &&
      (query.recipient === undefined || message.recipients.includes(query.recipient)) &&
      (query.trace === undefined ||
        query.trace === message.id.replaceAll("-", "") ||
        message.body.includes(`"${query.trace}"`));
    return this.#newestFirst().filter(fits).slice(0, query.limit);
  }

  #newestFirst(): readonly StoredMessage[] {
    return [...this.disk.messages.values()].toReversed();
  }

  async settlements(seqs: readonly number[]): Promise<readonly StoredSettlement[]> {
    const asked = new Set(seqs);
    return [...this.disk.settled.values()].filter(({ seq }) => asked.has(seq));
  }

  async deadLetters({ workspace, party, code, before, limit }: DeadQuery): Promise<readonly DeadLetter[]> {
    const isBefore = (letter: DeadLetter) =>
      !before || letter.seq < before.seq || (letter.seq === before.seq && letter.party < before.party);
    return [...this.disk.dead.values()]
      .filter((letter) => letter.workspace === workspace && letter.party === (party ?? letter.party))
      .filter((letter) => letter.code === (code ?? letter.code) && isBefore(letter))
      .toSorted((one, other) => other.seq - one.seq || other.party - one.party)
      .slice(0, limit);
  }

  async deadLetter(seq: number, party: number): Promise<DeadLetter | undefined> {
    return this.disk.dead.get(key(seq, party));
  }

  async conversations(query: ConversationQuery): Promise<readonly ConversationRow[]> {
    const { before } = query;
    const fits = (row: ConversationRow): boolean =>
      row.workspace === query.workspace &&
      row.state === (query.state ?? row.state) &&
      row.isArchived === (query.isArchived ?? false) &&
      (query.protocol === undefined || row.protocol === query.protocol) &&
      (query.parent === undefined || row.parent === query.parent) &&
      (query.participant === undefined || [row.initiator, ...row.participants].includes(query.participant)) &&
      (!before ||
        row.updatedAtMs < before.updatedAtMs ||
        (row.updatedAtMs === before.updatedAtMs && row.id < before.id));
    return [...this.disk.conversations.values()]
      .filter(fits)
      .toSorted((one, other) => other.updatedAtMs - one.updatedAtMs || (one.id < other.id ? 1 : -1))
      .slice(0, query.limit);
  }

  async conversation(workspace: string, id: string): Promise<ConversationRow | undefined> {
    return this.disk.conversations.get(`${workspace}/${id}`);
  }

  async figures() {
    const bytes = [...this.disk.messages.values()].reduce((sum, { body }) => sum + body.length, 0);
    return { messages: this.disk.messages.size, dead: this.disk.dead.size, bytes };
  }

  async retain(olderThanMs: number): Promise<void> {
    const { disk } = this;
    for (const [seq, { atMs, recipients }] of disk.messages) {
      if (atMs < olderThanMs && recipients.every((party) => disk.settled.has(key(seq, party))))
        disk.messages.delete(seq);
    }
    for (const [at, letter] of disk.dead) if (letter.atMs < olderThanMs) disk.dead.delete(at);
    for (const [at, row] of disk.conversations) {
      if (!row.isOpen && row.updatedAtMs < olderThanMs) disk.conversations.delete(at);
    }
  }

  async close(): Promise<void> {}
}
