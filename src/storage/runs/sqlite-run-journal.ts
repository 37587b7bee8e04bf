import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import * as z from "zod";
import type { Amounts } from "../../agents/budgets/index.ts";
import { RunId, ThreadId } from "../../kernel/ids.ts";
import { MessageCause } from "../../messaging/acl/index.ts";
import {
  type JournalEntry,
  type RunJournal,
  type RunSummary,
  type RunTail,
  RunMessage,
  RunOriginKind,
  RunState,
} from "../../runs/index.ts";
import { type ContentBatch, Contents } from "../contents.ts";
import type { Database } from "../database.ts";
import { runList } from "./run-list.ts";
import { type JournalAppend, project } from "./run-projection.ts";
import { addSpendToDay } from "../sqlite-spend-store.ts";
import { projectApproval } from "./sqlite-approvals.ts";
import { projectReply } from "./sqlite-replies.ts";
import { storedEvent } from "./stored-event.ts";
import { TextIndex } from "./text-index.ts";

const Row = z.object({ seq: z.int(), at_ms: z.int(), body: z.string() });

const PREDECESSOR = `SELECT CASE WHEN thread IS NULL THEN handed_from ELSE thread_parent END AS predecessor
  FROM runs WHERE id = ?`;

const SummaryRow = z
  .object({
    id: RunId,
    workspace: z.string(),
    agent: z.string(),
    revision: z.int(),
    model: z.string().nullable(),
    state: RunState,
    resting: z.int(),
    input_preview: z.string(),
    output_preview: z.string(),
    created_at_ms: z.int(),
    started_at_ms: z.int().nullable(),
    ended_at_ms: z.int().nullable(),
    steps: z.int(),
    tool_calls: z.int(),
    input_tokens: z.int(),
    output_tokens: z.int(),
    failure_code: z.string().nullable(),
    failure_message: z.string().nullable(),
    notices: z.string(),
    spent_tokens: z.int(),
    spent_usd_micros: z.int(),
    spent_tool_calls: z.int(),
    spent_ms: z.int(),
    spent_fuel: z.int(),
    unpriced_calls: z.int(),
    estimated_calls: z.int(),
    origin_run: RunId.nullable(),
    origin_kind: RunOriginKind.nullable(),
    origin_step: z.int().nullable(),
    message: z.string().nullable(),
    cause: z.string().nullable(),
    thread: ThreadId.nullable(),
    thread_parent: RunId.nullable(),
    tags: z.string(),
    parent_run: RunId.nullable(),
    handed_from: RunId.nullable(),
    handed_to: RunId.nullable(),
  })
  .transform((row): RunSummary => ({
    id: row.id,
    workspace: row.workspace,
    agent: row.agent,
    revision: row.revision,
    model: row.model,
    state: row.state,
    resting: row.resting === 1,
    inputPreview: row.input_preview,
    outputPreview: row.output_preview,
    createdAtMs: row.created_at_ms,
    startedAtMs: row.started_at_ms,
    endedAtMs: row.ended_at_ms,
    steps: row.steps,
    toolCalls: row.tool_calls,
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    failureCode: row.failure_code,
    failureMessage: row.failure_message,
    notices: row.notices === "" ? [] : row.notices.split(" "),
    spent: {
      tokens: row.spent_tokens,
      usd: row.spent_usd_micros,
      tool_calls: row.spent_tool_calls,
      seconds: row.spent_ms,
      fuel: row.spent_fuel,
    },
    unpricedCalls: row.unpriced_calls,
    estimatedCalls: row.estimated_calls,
    origin:
      row.origin_run === null || row.origin_kind === null
        ? null
        : { run: row.origin_run, kind: row.origin_kind, step: row.origin_step },
    message: row.message === null ? null : RunMessage.parse(JSON.parse(row.message)),
    cause: row.cause === null ? null : MessageCause.parse(JSON.parse(row.cause)),
    thread: row.thread === null ? null : { id: row.thread, parent: row.thread_parent },
    tags: z.array(z.string()).parse(JSON.parse(row.tags)),
    parent: row.parent_run,
    handedFrom: row.handed_from,
    handedTo: row.handed_to,
  }));

const SpentRow = z
  .object({
    spent_tokens: z.int(),
    spent_usd_micros: z.int(),
    spent_tool_calls: z.int(),
    spent_ms: z.int(),
    spent_fuel: z.int(),
  })
  .transform((row): Amounts => ({
    tokens: row.spent_tokens,
    usd: row.spent_usd_micros,
    tool_calls: row.spent_tool_calls,
    seconds: row.spent_ms,
    fuel: row.spent_fuel,
  }));
const SPENT = `WITH RECURSIVE tree (run) AS (SELECT id FROM runs WHERE id = ? UNION SELECT id FROM runs, tree WHERE parent_run = run OR handed_from = run)
  SELECT sum(spent_tokens) AS spent_tokens, sum(spent_usd_micros) AS spent_usd_micros, sum(spent_tool_calls) AS spent_tool_calls,
  sum(spent_ms) AS spent_ms, sum(spent_fuel) AS spent_fuel FROM runs JOIN tree ON id = run HAVING count(*) > 0`;

const BELOW = `WITH RECURSIVE tree (run) AS (SELECT id FROM runs WHERE parent_run = ?1 OR handed_from = ?1 UNION SELECT id FROM runs, tree WHERE parent_run = run OR handed_from = run)
  SELECT runs.* FROM runs JOIN tree ON id = run ORDER BY id`;

/** Runs and their journal in `caxton.db`; a run's summary row is kept in the transaction that writes its journal. */
export class SqliteRunJournal implements RunJournal, RunTail {
  readonly #db: Database;
  readonly #contents: Contents;
  readonly #texts: TextIndex;
  #nextSeq: number;

  constructor(db: Database, contents = new Contents(db)) {
    this.#db = db;
    this.#contents = contents;
    this.#texts = new TextIndex(db, contents);
    const last = "SELECT max(coalesce((SELECT max(seq) FROM journal), 0), (SELECT seq FROM journal_mark)) AS seq";
    this.#nextSeq = 1 + Number(db.sql(last).get()?.["seq"] ?? 0);
  }

  async append(entries: readonly JournalAppend[], when: "now" | "soon" = "now"): Promise<readonly JournalEntry[]> {
    const { written, batch } = await this.#db.write(() => {
      const made = this.#contents.batch();
      return { batch: made, written: entries.map((entry) => this.#insert(entry, made)) };
    }, when);
    this.#contents.remember(batch);
    this.#texts.add(entries);
    return written;
  }

  #insert({ runId, atMs, event, spend }: JournalAppend, batch: ContentBatch): JournalEntry {
    const seq = this.#nextSeq++;
    const body = JSON.stringify(
      "content" in event && event.content !== undefined
        ? { ...event, content: batch.detacher.detach(event.content) }
        : event,
    );
    this.#db.sql("INSERT INTO journal (seq, run_id, at_ms, body) VALUES (?, ?, ?, ?)").run(seq, runId, atMs, body);
    const entry = { seq, runId, atMs, event };
    project(this.#db, { runId, atMs, event, spend });
    if (spend) addSpendToDay(this.#db, spend);
    projectApproval(this.#db, entry);
    projectReply(this.#db, entry);
    return entry;
  }

  read(runId: RunId, afterSeq: number): readonly JournalEntry[] {
    return this.#db.read(() =>
      this.#db
        .sql(
          `SELECT seq, at_ms, body FROM journal WHERE run_id = ?1 AND seq > ?2
           AND EXISTS (SELECT 1 FROM runs WHERE id = ?1) ORDER BY seq`,
        )
        .all(runId, afterSeq)
        .map((raw) => {
          const row = Row.parse(raw);
          return { seq: row.seq, runId, atMs: row.at_ms, event: storedEvent(this.#contents, row.body) };
        }),
    );
  }

  summary(runId: RunId): RunSummary | undefined {
    return this.#db.read(() => {
      const row = this.#db.sql("SELECT * FROM runs WHERE id = ?").get(runId);
      return row && SummaryRow.parse(row);
    });
  }

  predecessor(runId: RunId): RunId | null | undefined {
    return this.#db.read(() => {
      const row = this.#db.sql(PREDECESSOR).get(runId);
      return row && RunId.nullable().parse(row["predecessor"]);
    });
  }

  past(runId: RunId): string | undefined {
    const row = this.#db.read(() => this.#db.sql("SELECT body FROM past_runs WHERE run_id = ?").get(runId));
    const body = row?.["body"];
    return body instanceof Uint8Array ? zstdDecompressSync(body).toString() : undefined;
  }

  async keepPast(runId: RunId, past: string): Promise<void> {
    const body = zstdCompressSync(past);
    const sql = "INSERT OR REPLACE INTO past_runs (run_id, body) SELECT id, ? FROM runs WHERE id = ?";
    await this.#db.write(() => this.#db.sql(sql).run(body, runId), "soon");
  }

  spent(runId: RunId): Amounts | undefined {
    return this.#db.read(() => {
      const row = this.#db.sql(SPENT).get(runId);
      return row && SpentRow.parse(row);
    });
  }

  lastSeq(): number {
    return this.#db.read(() => Number(this.#db.sql("SELECT max(seq) AS seq FROM journal").get()?.["seq"] ?? 0));
  }

  runsChangedAfter(afterSeq: number, limit: number): readonly { readonly runId: RunId; readonly seq: number }[] {
    return this.#db.read(() =>
      this.#db
        .sql("SELECT run_id, min(seq) AS seq FROM journal WHERE seq > ? GROUP BY run_id ORDER BY min(seq) LIMIT ?")
        .all(afterSeq, limit)
        .map((row) => ({ runId: RunId.parse(row["run_id"]), seq: Number(row["seq"]) })),
    );
  }

  async tag(runId: RunId, tags: readonly string[]): Promise<void> {
    const sql = "UPDATE runs SET tags = ? WHERE id = ?";
    await this.#db.write(() => this.#db.sql(sql).run(JSON.stringify(tags), runId));
  }

  list({ limit, ...query }: Parameters<RunJournal["list"]>[0]): readonly RunSummary[] {
    const { sql, values } = runList(query);
    return this.#db.read(() =>
      this.#db
        .sql(sql)
        .all(...values, limit)
        .map((row) => SummaryRow.parse(row)),
    );
  }

  madeFrom(runId: RunId): readonly RunSummary[] {
    return this.#db.read(() =>
      this.#db
        .sql("SELECT * FROM runs WHERE origin_run = ? ORDER BY id")
        .all(runId)
        .map((row) => SummaryRow.parse(row)),
    );
  }

  below(runId: RunId): readonly RunSummary[] {
    return this.#db.read(() =>
      this.#db
        .sql(BELOW)
        .all(runId)
        .map((row) => SummaryRow.parse(row)),
    );
  }

  unfinished(): readonly RunId[] {
    return this.#db.read(() =>
      this.#db
        .sql("SELECT id FROM runs WHERE ended_at_ms IS NULL AND resting = 0 ORDER BY id")
        .all()
        .map((row) => RunId.parse(row["id"])),
    );
  }

  inState(state: RunState): readonly RunId[] {
    return this.#db.read(() =>
      this.#db
        .sql("SELECT id FROM runs WHERE state = ? ORDER BY id")
        .all(state)
        .map((row) => RunId.parse(row["id"])),
    );
  }

  counts(workspace: string): { readonly [State in RunState]: number } {
    const counts = {
      queued: 0,
      running: 0,
      "awaiting-approval": 0,
      "awaiting-choice": 0,
      "awaiting-input": 0,
      "awaiting-reply": 0,
      "needs-decision": 0,
      completed: 0,
      failed: 0,
      cancelled: 0,
    };
    const rows = this.#db.read(() =>
      this.#db.sql("SELECT state, count(*) AS n FROM runs WHERE workspace = ? GROUP BY state").all(workspace),
    );
    for (const row of rows) counts[RunState.parse(row["state"])] = Number(row["n"]);
    return counts;
  }
}
