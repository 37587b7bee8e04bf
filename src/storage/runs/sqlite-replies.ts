import * as z from "zod";
import { RunId } from "../../kernel/ids.ts";
import { type JournalEntry, type ReplyIndex, ReplyState } from "../../runs/index.ts";
import type { Database } from "../database.ts";

type ReplyRecord = NonNullable<ReturnType<ReplyIndex["find"]>>;

/** State of a cancelled wait: the recipient is notified. */
const NOTIFIED = "notified";
/** State of an open wait that is cancelled: for a person, no message was sent that could be cancelled. */
const CLOSED = `CASE conversation_id WHEN '' THEN '${NOTIFIED}' ELSE 'cancelled' END`;

/** Deadline of a wait that its connection ends, or the run: none at which it is given up. */
const OF_CONNECTION_MS = Number.MAX_SAFE_INTEGER;

const Row = z
  .object({
    reply_with: z.string(),
    run_id: RunId,
    workspace: z.string(),
    agent: z.string(),
    conversation_id: z.string(),
    state: z.enum([...ReplyState.options, NOTIFIED]),
  })
  .transform((row): ReplyRecord => ({
    replyWith: row.reply_with,
    runId: row.run_id,
    workspace: row.workspace,
    agent: row.agent,
    conversationId: row.conversation_id,
    state: row.state === NOTIFIED ? "cancelled" : row.state,
  }));

/** Waits for replies in `caxton.db`. Their rows are written by the journal, with `projectReply`. */
export class SqliteReplies implements ReplyIndex {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  find(replyWith: string): ReplyRecord | undefined {
    return this.#db.read(() => {
      const row = this.#db.sql("SELECT * FROM reply_waits WHERE reply_with = ?").get(replyWith);
      return row && Row.parse(row);
    });
  }

  openIn({ workspace, agent, conversationId }: Parameters<ReplyIndex["openIn"]>[0]): readonly ReplyRecord[] {
    return this.#db.read(() =>
      this.#db
        .sql(
          `SELECT * FROM reply_waits WHERE conversation_id = ? AND workspace = ? AND agent = ? AND state = 'open'
           ORDER BY wait_seq`,
        )
        .all(conversationId, workspace, agent)
        .map((row) => Row.parse(row)),
    );
  }

  openWith(prefix: string): readonly ReplyRecord[] {
    return this.#db.read(() =>
      this.#db
        .sql("SELECT * FROM reply_waits WHERE reply_with >= ? AND reply_with < ? AND state = 'open'")
        .all(prefix, `${prefix}\u{10FFFF}`)
        .map((row) => Row.parse(row)),
    );
  }

  abandoned(limit: number): readonly ReplyRecord[] {
    return this.#db.read(() =>
      this.#db
        .sql(
          `SELECT reply_waits.* FROM reply_waits JOIN runs ON runs.id = reply_waits.run_id
           WHERE reply_waits.state = 'cancelled' AND (runs.ended_at_ms IS NOT NULL OR reply_with LIKE 'delegation-%')
           ORDER BY wait_seq LIMIT ?`,
        )
        .all(limit)
        .map((row) => Row.parse(row)),
    );
  }

  async markNotified(replyWith: string): Promise<void> {
    await this.#db.write(
      () => void this.#db.sql("UPDATE reply_waits SET state = ? WHERE reply_with = ?").run(NOTIFIED, replyWith),
    );
  }

  inputs({ workspace, after = "", limit }: Parameters<ReplyIndex["inputs"]>[0]): readonly ReplyRecord[] {
    return this.#db.read(() =>
      this.#db
        .sql(
          `SELECT * FROM reply_waits WHERE workspace = ? AND state = 'open' AND conversation_id = ''
             AND wait_seq > coalesce((SELECT wait_seq FROM reply_waits WHERE reply_with = ?), 0)
           ORDER BY wait_seq LIMIT ?`,
        )
        .all(workspace, after, limit)
        .map((row) => Row.parse(row)),
    );
  }

  nextExpiryMs(): number | undefined {
    return this.#db.read(() => {
      const row = this.#db
        .sql("SELECT deadline_ms FROM reply_waits WHERE state = 'open' ORDER BY deadline_ms LIMIT 1")
        .get();
      return row && Number(row["deadline_ms"]);
    });
  }

  expired(atMs: number, limit: number): readonly { readonly id: string; readonly runId: RunId }[] {
    return this.#db.read(() =>
      this.#db
        .sql(
          "SELECT reply_with, run_id FROM reply_waits WHERE state = 'open' AND deadline_ms <= ? ORDER BY deadline_ms LIMIT ?",
        )
        .all(atMs, limit)
        .map((row) => ({ id: String(row["reply_with"]), runId: RunId.parse(row["run_id"]) })),
    );
  }
}

/** Brings the waits' rows up to date with one entry of the journal. Only inside a write job. */
export function projectReply(db: Database, { seq, runId, event }: JournalEntry): void {
  const insert = (replyWith: string, callId: string, conversationId: string, deadlineMs: number) =>
    db
      .sql(
        `INSERT OR IGNORE INTO reply_waits (reply_with, workspace, agent, run_id, call_id, conversation_id, state, deadline_ms, wait_seq)
         SELECT ?, workspace, agent, id, ?, ?, 'open', ?, ? FROM runs WHERE id = ?`,
      )
      .run(replyWith, callId, conversationId, deadlineMs, seq, runId);
  if (event.type === "reply-wait") {
    insert(event.replyWith, event.callId, event.conversationId, event.deadlineMs);
  } else if (event.type === "run-ask") {
    insert(event.questionId, event.callId, "", OF_CONNECTION_MS);
  } else if (event.type === "run-answer") {
    db.sql(`UPDATE reply_waits SET state = '${NOTIFIED}' WHERE reply_with = ?`).run(event.questionId);
  } else if (event.type === "run-start") {
    db.sql(`UPDATE reply_waits SET state = '${NOTIFIED}' WHERE run_id = ? AND state = 'open' AND deadline_ms = ?`).run(
      runId,
      OF_CONNECTION_MS,
    );
  } else if (event.type === "reply-end") {
    // The agent that a delegation was not answered by in time is notified.
    const isGivenUp = event.outcome === "expired" && event.replyWith.startsWith("delegation-");
    db.sql("UPDATE reply_waits SET state = ? WHERE reply_with = ? AND state = 'open'").run(
      isGivenUp ? "cancelled" : event.outcome,
      event.replyWith,
    );
  } else if (event.type === "tool-end" && event.outcome !== "done") {
    db.sql(`UPDATE reply_waits SET state = ${CLOSED} WHERE run_id = ? AND call_id = ? AND state = 'open'`).run(
      runId,
      event.callId,
    );
  } else if (event.type === "run-complete" || event.type === "run-fail" || event.type === "run-cancel") {
    db.sql(`UPDATE reply_waits SET state = ${CLOSED} WHERE run_id = ? AND state = 'open'`).run(runId);
  }
}
