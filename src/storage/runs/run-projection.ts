import { RunId } from "../../kernel/ids.ts";
import type { RunEvent, RunJournal } from "../../runs/index.ts";
import type { Database } from "../database.ts";
import { ADD_SPENT, addSpendToRun, spentOf } from "../sqlite-spend-store.ts";

export type JournalAppend = Parameters<RunJournal["append"]>[0][number];

const PREVIEW_CHARS = 200;
const preview = (text: string): string => text.slice(0, PREVIEW_CHARS);

const END =
  "UPDATE runs SET state = ?, resting = 0, ended_at_ms = ?, output_preview = ?, failure_code = ?, failure_message = ? WHERE id = ?";

type Charged = Pick<Extract<RunEvent, { type: "model-fail" }>, "usage" | "cost">;

/** Charged tokens: estimates if the provider reported none. */
const tokens = ({ usage, cost }: Charged) => ({
  input: cost?.inputTokens ?? usage?.inputTokens ?? 0,
  output: cost?.outputTokens ?? usage?.outputTokens ?? 0,
});

/** A fork's inherited turns are in its journal before it starts; their tokens count for the run that made them. */
const OWN = "? * NOT (origin_step IS NOT NULL AND started_at_ms IS NULL)";
const TURN = `UPDATE runs SET model = ?, steps = steps + 1, input_tokens = input_tokens + ${OWN}, output_tokens = output_tokens + ${OWN},
  ${ADD_SPENT} WHERE id = ?`;
const CALL = `UPDATE runs SET tool_calls = tool_calls + 1, ${ADD_SPENT} WHERE id = ?`;

function addTokens(db: Database, runId: RunId, { usage, cost }: Charged): void {
  const { input, output } = tokens({ usage, cost });
  if (input + output === 0) return;
  db.sql("UPDATE runs SET input_tokens = input_tokens + ?, output_tokens = output_tokens + ? WHERE id = ?").run(
    input,
    output,
    runId,
  );
}

/** Brings a run's summary row up to date with one event of its journal and with what it spent. Only inside a write job. */
export function project(db: Database, { runId, atMs, event, spend }: JournalAppend): void {
  // What nearly every run spends on goes into the row together with the rest.
  if (event.type === "model-end") {
    const { input, output } = tokens(event);
    db.sql(TURN).run(event.model, input, output, ...spentOf(spend), runId);
  } else if (event.type === "tool-end") db.sql(CALL).run(...spentOf(spend), runId);
  else {
    projectRest(db, runId, atMs, event);
    if (spend) addSpendToRun(db, runId, spend);
  }
}

type Rest = Exclude<RunEvent, { type: "model-end" | "tool-end" }>;

function projectRest(db: Database, runId: RunId, atMs: number, event: Rest): void {
  switch (event.type) {
    case "run-queue":
      queue(db, runId, atMs, event);
      return;
    case "run-start":
      db.sql(
        "UPDATE runs SET state = 'running', resting = 0, started_at_ms = coalesce(started_at_ms, ?) WHERE id = ?",
      ).run(atMs, runId);
      if (event.after !== undefined) passBy(db, runId, event.after);
      return;
    case "model-fail":
      addTokens(db, runId, event);
      return;
    case "model-start":
      if (event.content?.context.degraded === true) addNotice(db, runId, "context_degraded");
      return;
    case "context-summary":
      if (event.degraded !== "") addNotice(db, runId, "summary_excerpts");
      addTokens(db, runId, event);
      return;
    case "run-wait":
      db.sql("UPDATE runs SET state = 'needs-decision', resting = 1 WHERE id = ?").run(runId);
      return;
    case "run-decide":
      if (event.waiting === 0) db.sql("UPDATE runs SET state = 'queued', resting = 0 WHERE id = ?").run(runId);
      return;
    case "run-suspend":
      db.sql("UPDATE runs SET state = ?, resting = 1 WHERE id = ?").run(event.state, runId);
      return;
    case "run-resume":
      db.sql("UPDATE runs SET state = 'queued', resting = 0 WHERE id = ? AND resting = 1").run(runId);
      return;
    case "run-ask":
      db.sql("UPDATE runs SET state = 'awaiting-input' WHERE id = ?").run(runId);
      return;
    case "run-answer":
      db.sql("UPDATE runs SET state = ? WHERE id = ?").run(event.open > 0 ? "awaiting-input" : "running", runId);
      return;
    case "run-complete":
    case "run-fail":
    case "run-cancel":
      end(db, runId, atMs, event);
      return;
    case "run-input":
    case "approval-ask":
    case "approval-answer":
    case "reply-wait":
    case "reply-end":
    case "tool-rest":
    case "model-throttle":
    case "model-choice-wait":
    case "model-choose":
    case "output-reject":
    case "tool-start":
    case "tool-hold":
    case "tool-begin":
      return;
  }
}

/**
 * A run starts after another than it was to continue. Runs in between that have not ended, since they wait for a reply, come
 * after it in the branch, so that later turns see them.
 */
function passBy(db: Database, runId: RunId, after: RunId | null): void {
  const passed = db
    .sql(
      `WITH RECURSIVE skipped (id, parent, open) AS (
         SELECT r.id, r.thread_parent, r.ended_at_ms IS NULL FROM runs r WHERE r.id = (SELECT thread_parent FROM runs WHERE id = ?1)
         UNION ALL SELECT r.id, r.thread_parent, r.ended_at_ms IS NULL FROM skipped JOIN runs r ON r.id = skipped.parent WHERE r.id IS NOT ?2
       ) SELECT id FROM skipped WHERE open = 1 AND id IS NOT ?2`,
    )
    .all(runId, after)
    .map((row) => RunId.parse(row["id"]));
  const [newest, oldest] = [passed.at(0), passed.at(-1)];
  if (newest !== undefined && oldest !== undefined) {
    db.sql(
      "UPDATE runs SET thread_parent = ?1 WHERE thread_parent = ?2 AND thread = (SELECT thread FROM runs WHERE id = ?2) AND started_at_ms IS NULL",
    ).run(newest, runId);
    db.sql("UPDATE runs SET thread_parent = ? WHERE id = ?").run(runId, oldest);
    db.sql("UPDATE threads SET head = ?1 WHERE head = ?2 AND id = (SELECT thread FROM runs WHERE id = ?2)").run(
      newest,
      runId,
    );
  }
  db.sql("UPDATE runs SET thread_parent = ? WHERE id = ?").run(after, runId);
}

type End = Extract<RunEvent, { type: "run-complete" | "run-fail" | "run-cancel" }>;

function end(db: Database, runId: RunId, atMs: number, event: End): void {
  if (event.type === "run-complete" && event.handedTo) {
    // The run that continues answers, and its exchange is the one to remember.
    db.sql("UPDATE run_answers SET run_id = ? WHERE run_id = ?").run(event.handedTo.run, runId);
    forgo(db, runId);
    db.sql("UPDATE runs SET handed_to = ? WHERE id = ?").run(event.handedTo.run, runId);
  } else db.sql("UPDATE run_answers SET is_due = 1 WHERE run_id = ?").run(runId);
  switch (event.type) {
    case "run-complete":
      for (const { code } of event.notices ?? []) addNotice(db, runId, code);
      db.sql("UPDATE memory_outbox SET state = 'pending', due_at_ms = ? WHERE run_id = ?").run(atMs, runId);
      db.sql(END).run("completed", atMs, preview(event.content.output), null, null, runId);
      return;
    case "run-fail":
      forgo(db, runId);
      db.sql(END).run("failed", atMs, "", event.failure.code, event.failure.message, runId);
      return;
    case "run-cancel":
      forgo(db, runId);
      db.sql(END).run("cancelled", atMs, "", null, null, runId);
      return;
  }
}

/** Only what succeeded is remembered. */
const forgo = (db: Database, runId: RunId) => db.sql("DELETE FROM memory_outbox WHERE run_id = ?").run(runId);

type QueueEvent = Extract<RunEvent, { type: "run-queue" }>;

function queue(db: Database, runId: RunId, atMs: number, event: QueueEvent): void {
  const { origin, message, cause, thread, handedFrom } = event;
  db.sql(
    `INSERT INTO runs (id, workspace, agent, revision, model, state, input_preview, created_at_ms, origin_run, origin_kind, origin_step, conversation_id, message, cause, thread, thread_parent, tags, parent_run, handed_from)
     VALUES (?, ?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(
    runId,
    event.workspace,
    event.agent,
    event.revision,
    event.model,
    preview(event.content.input),
    atMs,
    origin?.run ?? null,
    origin?.kind ?? null,
    origin?.step ?? null,
    message?.conversationId ?? null,
    message === undefined ? null : JSON.stringify(message),
    cause === undefined ? null : JSON.stringify(cause),
    thread?.id ?? null,
    thread === undefined ? null : placeIn(db, thread.parent, event),
    JSON.stringify(event.tags ?? []),
    event.parent?.run ?? null,
    handedFrom?.run ?? null,
  );
  if (thread && handedFrom && !origin) insertTurn(db, thread.id, { runId, atMs, event, from: handedFrom.run });
  else if (thread) addTurn(db, thread.id, { runId, atMs, event });
  const taken = thread && (event.content.transcript ?? []).flatMap(({ added }) => added?.id ?? []);
  if (taken?.length)
    db.sql("DELETE FROM added_messages WHERE thread = ? AND id IN (SELECT value FROM json_each(?))").run(
      thread?.id ?? null,
      JSON.stringify(taken),
    );
  // After a hand-off, the place of the answer has moved to this run already.
  if (message && !handedFrom) db.sql("INSERT INTO run_answers (run_id) VALUES (?)").run(runId);
  if (event.remembers === true) db.sql("INSERT INTO memory_outbox (run_id) VALUES (?)").run(runId);
}

const LAST = `WITH RECURSIVE chain (id, next) AS (SELECT id, handed_to FROM runs WHERE id = ? UNION ALL SELECT r.id, r.handed_to FROM chain JOIN runs r ON r.id = next)
  SELECT id FROM chain WHERE next IS NULL`;

/** The run that a turn continues: if its predecessor was handed off since the request was read, the last run after that. */
function placeIn(db: Database, parent: RunId | null, { handedFrom, origin }: QueueEvent): RunId | null {
  if (parent === null || handedFrom || origin) return parent;
  const last = db.sql(LAST).get(parent)?.["id"];
  return last === undefined ? parent : RunId.parse(last);
}

/** The run becomes the head of its thread. The thread of a conversation begins with its first run. */
function addTurn(
  db: Database,
  thread: string,
  { runId, atMs, event }: { readonly runId: RunId; readonly atMs: number; readonly event: QueueEvent },
): void {
  db.sql(
    `INSERT INTO threads (id, workspace, agent, revision, owner, title, tags, head, conversation_id, created_at_ms, updated_at_ms)
     VALUES (?, ?, ?, ?, ?, ?, '[]', ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET head = excluded.head,
     updated_at_ms = excluded.updated_at_ms, title = CASE title WHEN '' THEN excluded.title ELSE title END`,
  ).run(
    thread,
    event.workspace,
    event.agent,
    event.revision,
    event.message?.sender ?? "",
    titleOf(event.content.input),
    runId,
    event.message?.conversationId ?? null,
    atMs,
    atMs,
  );
}

/** The run from the head back of a thread, as far as they have not started. */
const WAITING = `WITH RECURSIVE waiting (id, parent, waits) AS (
  SELECT r.id, r.thread_parent, r.started_at_ms IS NULL FROM threads t JOIN runs r ON r.id = t.head WHERE t.id = ?1
  UNION ALL SELECT r.id, r.thread_parent, r.started_at_ms IS NULL FROM waiting JOIN runs r ON r.id = waiting.parent WHERE waits)`;

/**
 * A run continues another one after a hand-off: turns that waited for the end of that one follow this one. If the branch is the
 * shown one, its agent becomes that of the thread. The thread of a conversation stays that of one agent.
 */
function insertTurn(
  db: Database,
  thread: string,
  {
    runId,
    atMs,
    event,
    from,
  }: { readonly runId: RunId; readonly atMs: number; readonly event: QueueEvent; readonly from: RunId },
): void {
  db.sql(
    "UPDATE runs SET thread_parent = ?1 WHERE thread_parent = ?2 AND id <> ?1 AND started_at_ms IS NULL AND thread IS NOT NULL",
  ).run(runId, from);
  db.sql("UPDATE added_messages SET parent = ? WHERE parent = ?").run(runId, from);
  // Also forks that share the turn.
  db.sql("UPDATE threads SET head = ?, updated_at_ms = ? WHERE head = ? AND workspace = ?").run(
    runId,
    atMs,
    from,
    event.workspace,
  );
  db.sql(
    `${WAITING} UPDATE threads SET agent = ?2, revision = CASE WHEN revision IS NULL THEN NULL ELSE ?3 END
     WHERE id = ?1 AND conversation_id IS NULL AND ?4 IN (SELECT id FROM waiting)`,
  ).run(thread, event.agent, event.revision, runId);
}

const TITLE_CHARS = 80;

/** The first words of a request. */
export function titleOf(input: string): string {
  const line = input
    .slice(0, 4 * TITLE_CHARS)
    .replaceAll(/\s+/g, " ")
    .trim();
  if (line.length <= TITLE_CHARS) return line;
  const cut = line.slice(0, TITLE_CHARS);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(" "), TITLE_CHARS / 2)).trimEnd()} …`;
}

function addNotice(db: Database, runId: RunId, code: string): void {
  db.sql(
    "UPDATE runs SET notices = trim(notices || ' ' || ?) WHERE id = ? AND instr(' ' || notices || ' ', ' ' || ? || ' ') = 0",
  ).run(code, runId, code);
}
