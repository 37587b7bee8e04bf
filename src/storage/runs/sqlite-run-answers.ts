import { RunId } from "../../kernel/ids.ts";
import type { RunAnswers } from "../../runs/index.ts";
import type { Database } from "../database.ts";

/** Calls of a FIPA protocol: it bounds how many there are. */
const IS_BID =
  "(coalesce(message ->> '$.performative', '') = 'cfp' AND coalesce(message ->> '$.protocol', '') LIKE 'fipa-%')";

/** Runs, and those that they were handed off to. */
const chainsOf = (where: string): string =>
  `WITH RECURSIVE chain (run) AS (SELECT id FROM runs WHERE ${where} UNION SELECT handed_to FROM runs JOIN chain ON run = id WHERE handed_to IS NOT NULL)`;

/** Answers of runs to the messages that started them, in `caxton.db`. Their rows are written by the journal. */
export class SqliteRunAnswers implements RunAnswers {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  due(after: RunId | undefined, limit: number): readonly RunId[] {
    return this.#db.read(() =>
      this.#db
        .sql("SELECT run_id FROM run_answers WHERE is_due = 1 AND run_id > ? ORDER BY run_id LIMIT ?")
        .all(after ?? "", limit)
        .map((row) => RunId.parse(row["run_id"])),
    );
  }

  unfinished(): ReturnType<RunAnswers["unfinished"]> {
    return this.#db.read(() =>
      this.#db
        .sql(
          `SELECT run_id, created_at_ms FROM run_answers JOIN runs ON runs.id = run_answers.run_id
           WHERE is_due = 0 ORDER BY run_id`,
        )
        .all()
        .map((row) => ({ runId: RunId.parse(row["run_id"]), createdAtMs: Number(row["created_at_ms"]) })),
    );
  }

  async sent(runId: RunId): Promise<void> {
    await this.#db.write(() => void this.#db.sql("DELETE FROM run_answers WHERE run_id = ?").run(runId));
  }

  inConversation({ workspace, agent, conversationId }: Parameters<RunAnswers["inConversation"]>[0]) {
    return this.#db.read(() => {
      const where = "conversation_id = ? AND workspace = ? AND agent = ?";
      const values = [conversationId, workspace, agent];
      const counted = this.#db.sql(`SELECT count(*) AS n FROM runs WHERE ${where} AND NOT ${IS_BID}`).get(...values);
      const last = this.#db
        .sql(`SELECT id FROM runs WHERE ${where} AND state = 'completed' AND ${IS_BID} ORDER BY id DESC LIMIT 1`)
        .get(...values);
      const unfinished = this.#db
        .sql(`${chainsOf(where)} SELECT id FROM runs JOIN chain ON run = id WHERE ended_at_ms IS NULL ORDER BY id`)
        .all(...values)
        .map((row) => RunId.parse(row["id"]));
      const lastBid = last === undefined ? undefined : RunId.parse(last["id"]);
      return { turns: Number(counted?.["n"] ?? 0), unfinished, lastBid };
    });
  }
}
