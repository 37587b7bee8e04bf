import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { ConversationRow, DeadLetter, JournalBatch } from "../../router/index.ts";
import { numberOf } from "./schema.ts";

/** All that a batch holds besides messages and settlements: little, or seldom. */
export class MetadataTables {
  /** Dead letters there are. */
  dead: number;
  #deadChange = 0;
  readonly #db: DatabaseSync;
  readonly #party: StatementSync;
  readonly #retry: StatementSync;
  readonly #settled: StatementSync;
  readonly #died: StatementSync;
  readonly #buried: StatementSync;
  readonly #conversation: StatementSync;
  readonly #forget: StatementSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.dead = numberOf(db, "SELECT count(*) FROM dead");
    this.#party = db.prepare("INSERT OR IGNORE INTO party (number, workspace, name) VALUES (?, ?, ?)");
    this.#retry = db.prepare(
      "INSERT OR REPLACE INTO retry (seq, party, attempts, next_at_ms, reason, history) VALUES (?, ?, ?, ?, ?, ?)",
    );
    this.#settled = db.prepare("DELETE FROM retry WHERE seq = ? AND party = ?");
    this.#died = db.prepare(
      `INSERT OR IGNORE INTO dead (seq, party, id, workspace, conversation, sender, recipient, performative, code, reason,
       attempts, at_ms, body, history) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#buried = db.prepare("DELETE FROM dead WHERE seq = ? AND party = ?");
    this.#forget = db.prepare("DELETE FROM dead WHERE n IN (SELECT n FROM dead ORDER BY n LIMIT ?) AND at_ms < ?");
    this.#conversation = db.prepare(
      `INSERT INTO conversation (workspace, id, protocol, state, is_open, is_archived, initiator, participants, parent,
       messages, started_at_ms, updated_at_ms, expires_at_ms, fold) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (workspace, id) DO UPDATE SET protocol = excluded.protocol, state = excluded.state,
       is_open = excluded.is_open, is_archived = excluded.is_archived, participants = excluded.participants,
       parent = excluded.parent, messages = excluded.messages, updated_at_ms = excluded.updated_at_ms,
       expires_at_ms = excluded.expires_at_ms, fold = excluded.fold`,
    );
  }

  /** Inside the transaction of the batch. */
  write(batch: JournalBatch): void {
    this.#deadChange = 0;
    for (const { number, workspace, name } of batch.parties) this.#party.run(number, workspace, name);
    const { retries, settlements } = batch;
    for (const [at, seq] of retries.seqs.entries()) {
      const [party, attempts, nextAtMs] = [retries.parties[at], retries.attempts[at], retries.nextAtMs[at]];
      const [reason, history] = [retries.reasons[at] ?? "", JSON.stringify(retries.histories[at] ?? [])];
      this.#retry.run(seq, party ?? 0, attempts ?? 1, nextAtMs ?? 0, reason, history);
    }
    for (const [at, attempt] of settlements.attempts.entries()) {
      if (attempt > 1) this.#settled.run(settlements.seqs[at] ?? 0, settlements.parties[at] ?? 0);
    }
    for (const letter of batch.dead) this.#deadChange += this.#bury(letter);
    for (const { seq, party } of batch.buried) this.#deadChange -= Number(this.#buried.run(seq, party).changes);
    for (const row of batch.conversations) this.#writeConversation(row);
  }

  /** After the batch is committed. */
  committed(): void {
    this.dead += this.#deadChange;
    this.#deadChange = 0;
  }

  /** The oldest dead letters, in the order in which they died: at most `limit` of those older. How many there were. */
  deleteDead(limit: number, olderThanMs: number): number {
    return Number(this.#forget.run(limit, olderThanMs).changes);
  }

  /** Inside a transaction. */
  deleteWorkspace(workspace: string): void {
    const parties = "(SELECT number FROM party WHERE workspace = ?)";
    this.#deadChange = -Number(this.#db.prepare("DELETE FROM dead WHERE workspace = ?").run(workspace).changes);
    this.#db.prepare(`DELETE FROM retry WHERE party IN ${parties}`).run(workspace);
    this.#db.prepare("DELETE FROM conversation WHERE workspace = ?").run(workspace);
    this.#db.prepare("DELETE FROM party WHERE workspace = ?").run(workspace);
  }

  #bury(letter: DeadLetter): number {
    const { seq, party, id, workspace, conversation, sender, recipient } = letter;
    const { performative, code, reason, attempts, atMs, body } = letter;
    const history = JSON.stringify(letter.history);
    const who = [seq, party, id, workspace, conversation, sender, recipient] as const;
    return Number(this.#died.run(...who, performative, code, reason, attempts, atMs, body, history).changes);
  }

  #writeConversation(row: ConversationRow): void {
    this.#conversation.run(
      row.workspace,
      row.id,
      row.protocol ?? null,
      row.state,
      Number(row.isOpen),
      Number(row.isArchived),
      row.initiator,
      JSON.stringify(row.participants),
      row.parent ?? null,
      row.messages,
      row.startedAtMs,
      row.updatedAtMs,
      row.expiresAtMs,
      row.fold,
    );
  }
}
