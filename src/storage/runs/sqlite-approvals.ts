import { strict as assert } from "node:assert";
import * as z from "zod";
import { ApprovalId, RunId } from "../../kernel/ids.ts";
import { type ApprovalIndex, ApprovalState, type JournalEntry, storedApproval } from "../../runs/index.ts";
import { Contents } from "../contents.ts";
import type { Database } from "../database.ts";
import { storedEvent } from "./stored-event.ts";

const Row = z.object({
  run_id: RunId,
  workspace: z.string(),
  agent: z.string(),
  revision: z.int(),
  input_preview: z.string(),
  state: ApprovalState,
  asked_at_ms: z.int(),
  ask: z.string(),
  answered_at_ms: z.int().nullable(),
  answer: z.string().nullable(),
});

const SELECT = `
SELECT approvals.run_id, approvals.workspace, approvals.state, runs.agent, runs.revision, runs.input_preview,
  asked.at_ms AS asked_at_ms, asked.body AS ask, answered.at_ms AS answered_at_ms, answered.body AS answer
FROM approvals
JOIN runs ON runs.id = approvals.run_id
JOIN journal AS asked ON asked.seq = approvals.ask_seq
LEFT JOIN journal AS answered ON answered.seq = approvals.answer_seq`;

/** A run, those below it and those that continue it. */
const TREE = `WITH RECURSIVE tree (run) AS (SELECT ? UNION SELECT id FROM runs, tree WHERE parent_run = run OR handed_from = run) SELECT run FROM tree`;

type ApprovalRecord = NonNullable<ReturnType<ApprovalIndex["find"]>>;

/** Approvals in `caxton.db`. Their rows are written by the journal, with `projectApproval`. */
export class SqliteApprovals implements ApprovalIndex {
  readonly #db: Database;
  readonly #contents: Contents;

  constructor(db: Database) {
    this.#db = db;
    this.#contents = new Contents(db);
  }

  find(id: ApprovalId): ApprovalRecord | undefined {
    return this.#db.read(() => {
      const row = this.#db.sql(`${SELECT} WHERE approvals.id = ?`).get(id);
      return row && this.#record(row);
    });
  }

  list({
    workspace,
    state,
    runId,
    before,
    order,
    limit,
  }: Parameters<ApprovalIndex["list"]>[0]): readonly ApprovalRecord[] {
    const [beyond, direction] = order === "oldest" ? [">", "ASC"] : ["<", "DESC"];
    const conditions = ["approvals.workspace = ?"];
    const values: (string | number)[] = [workspace];
    for (const [condition, value] of [
      ["approvals.state = ?", state],
      [`approvals.run_id IN (${TREE})`, runId],
      [`approvals.ask_seq ${beyond} (SELECT ask_seq FROM approvals WHERE id = ?)`, before],
    ] as const) {
      if (value === undefined) continue;
      conditions.push(condition);
      values.push(value);
    }
    return this.#db.read(() =>
      this.#db
        .sql(`${SELECT} WHERE ${conditions.join(" AND ")} ORDER BY approvals.ask_seq ${direction} LIMIT ?`)
        .all(...values, limit)
        .map((row) => this.#record(row)),
    );
  }

  openCount(workspace: string): number {
    return this.#db.read(() => {
      const row = this.#db
        .sql("SELECT count(*) AS n FROM approvals WHERE workspace = ? AND state = 'open'")
        .get(workspace);
      return Number(row?.["n"] ?? 0);
    });
  }

  nextExpiryMs(): number | undefined {
    return this.#db.read(() => {
      const row = this.#db
        .sql("SELECT expires_at_ms FROM approvals WHERE state = 'open' ORDER BY expires_at_ms LIMIT 1")
        .get();
      return row && Number(row["expires_at_ms"]);
    });
  }

  expired(atMs: number, limit: number): readonly { readonly id: ApprovalId; readonly runId: RunId }[] {
    return this.#db.read(() =>
      this.#db
        .sql(
          "SELECT id, run_id FROM approvals WHERE state = 'open' AND expires_at_ms <= ? ORDER BY expires_at_ms LIMIT ?",
        )
        .all(atMs, limit)
        .map((row) => ({ id: ApprovalId.parse(row["id"]), runId: RunId.parse(row["run_id"]) })),
    );
  }

  #record(raw: object): ApprovalRecord {
    const row = Row.parse(raw);
    const { run_id: runId, workspace, agent, revision, input_preview: inputPreview, state } = row;
    const ask = storedEvent(this.#contents, row.ask);
    const event = row.answer === null ? undefined : storedEvent(this.#contents, row.answer);
    assert(ask.type === "approval-ask", "an approval's row leads to its question");
    const answer = event?.type === "approval-answer" ? { event, atMs: row.answered_at_ms ?? 0 } : undefined;
    const approval = storedApproval(ask, row.asked_at_ms, answer);
    return { ...approval, state, runId, workspace, agent, revision, inputPreview };
  }
}

/** Brings the approvals' rows up to date with one entry of the journal. Only inside a write job. */
export function projectApproval(db: Database, { seq, runId, event }: JournalEntry): void {
  if (event.type === "approval-ask") {
    db.sql(
      `INSERT INTO approvals (id, workspace, run_id, state, expires_at_ms, ask_seq)
       SELECT ?, workspace, id, 'open', ?, ? FROM runs WHERE id = ?`,
    ).run(event.approvalId, event.expiresAtMs, seq, runId);
  } else if (event.type === "approval-answer") {
    db.sql("UPDATE approvals SET state = ?, answer_seq = ? WHERE id = ? AND state = 'open'").run(
      event.reply,
      seq,
      event.approvalId,
    );
  } else if (event.type === "run-complete" || event.type === "run-fail" || event.type === "run-cancel") {
    db.sql("UPDATE approvals SET state = 'cancelled' WHERE run_id = ? AND state = 'open'").run(runId);
  }
}
