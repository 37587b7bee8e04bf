import type { Permission } from "../../../access/permissions/index.ts";
import type { Change, ChangeLog } from "../../../kernel/changes/index.ts";
import type { Clock } from "../../../kernel/clock.ts";
import type { RunId } from "../../../kernel/ids.ts";
import { LIMITS } from "../../../kernel/quantities.ts";
import {
  isTerminal,
  type RunServices,
  RunFold,
  type RunJournal,
  type RunState,
  type RunTail,
} from "../../../runs/index.ts";
import type { Router } from "../../../messaging/router/index.ts";
import type { Tasks } from "../../../messaging/tasks/index.ts";
import { operations, type ServerEvent, withoutContent } from "../../contract/index.ts";
import { type Backlog, RunBacklog } from "./run-backlog.ts";
import { handles } from "../handles.ts";
import { presentApprovalsOf } from "../runs/present-approval.ts";
import { presentSummary, questionIn, questionsOf } from "../runs/present-run.ts";
import { presentStep } from "../runs/present-step.ts";
import { DirtySet } from "./dirty-set.ts";
import { implementStream, type Streamed } from "../perform.ts";

const FRAME_MS = 75;
const RUNS_PER_FRAME_MAX = 150;
const CHANGES_PER_FRAME_MAX = 500;

export type ServerEventType = Exclude<ServerEvent["type"], "ready" | "reset">;
/** Event types by default. Steps are frequent, so clients must request them. */
const USUAL_TYPES: readonly ServerEventType[] = ["run", "question", "approval", "agent", "tool-server", "thread"];

export type ServerEventServices = {
  readonly runs: EventRuns;
  readonly messaging: { readonly router: Pick<Router, "watch">; readonly tasks: Pick<Tasks, "watch"> };
  readonly storage: { readonly changes: ChangeLog };
  readonly server: { readonly clock: Clock };
};

type EventRuns = {
  readonly runs: Pick<RunServices["runs"], "hub">;
  readonly stores: { readonly journal: Pick<RunJournal, "read" | "summary"> & RunTail };
};

export type ServerEventQuery = {
  readonly types?: readonly ServerEventType[] | undefined;
  readonly workspace: string;
  /** Last id that the client received; undefined for a new client. */
  readonly after?: string | undefined;
};

type SentEvent = Streamed<ServerEvent>;

/**
 * Streams changes anywhere in the server, in frames. A run that changed several times in a frame is sent once, in its last
 * state. A frame has at most 150 runs; the others follow in the next one.
 * operations.server-events.S1. An event's id is the position in the journal and in the change log up to which the client has
 *   received everything.
 * operations.server-events.S2. A client that reconnects with an id receives the missed events, or `reset` if they are too
 *   many or unavailable.
 * operations.server-events.S3. The queue of a client holds run ids and is bounded. At the limit the client receives `reset`
 *   and the queue is cleared.
 * operations.server-events.S4. Events of conversations and tasks are sent live only, to clients that request them. A client
 *   that reconnects reloads them.
 * Ends when the signal aborts.
 */
export async function* watchServer(
  { runs: source, messaging, storage: { changes }, server: { clock } }: ServerEventServices,
  { types = USUAL_TYPES, workspace, after }: ServerEventQuery,
  signal: AbortSignal,
): AsyncGenerator<SentEvent, void, undefined> {
  const { hub } = source.runs;
  const { journal } = source.stores;
  const wants = new Set(types);
  const wantsRuns = wants.has("run") || wants.has("step") || wants.has("question") || wants.has("approval");
  const wantsChanges = wants.has("agent") || wants.has("tool-server") || wants.has("thread");
  const bell = new Bell(signal);
  const runs = new RunBacklog(LIMITS.streamEventsMax);
  using stack = new DisposableStack();
  // Before this reader hears of an entry, what is kept of its run is gone.
  const now = stack.use(RunsNow.open(source));
  if (wantsRuns) {
    stack.use(
      hub.watchAll((news) => {
        if (news.type !== "entry") return;
        runs.add(news.entry);
        bell.ring();
      }),
    );
  }
  if (wantsChanges) stack.use(changes.watch(() => bell.ring()));
  const talk = stack.use(new Talk(messaging, { workspace, wants }, bell));
  let at = newest(journal, changes);
  const missed = after === undefined ? undefined : backlogSince({ journal, changes }, after, at);
  if (missed?.type === "gap") yield resetAt(at);
  else if (missed?.type === "known") {
    if (wantsRuns) runs.refill(missed.runs, at.run);
    at = { run: runs.sentUpTo(missed.position.run), change: missed.position.change };
  }
  yield { id: showPosition(at), event: { type: "ready" } };
  if (missed?.type === "known") bell.ring();
  while (!signal.aborted) {
    await bell.rung();
    await clock.sleep(FRAME_MS, signal).catch(() => undefined);
    if (signal.aborted) return;
    const kept = changes.range();
    if (runs.hasOverflown || (wantsChanges && kept.first > at.change + 1)) {
      runs.clear();
      at = newest(journal, changes);
      yield resetAt(at);
      continue;
    }
    for (const { seq, workspace: of, change } of wantsChanges ? changes.read(at.change, CHANGES_PER_FRAME_MAX) : []) {
      at = { ...at, change: seq };
      const event = of === workspace ? changeEvent(change) : undefined;
      if (event !== undefined && wants.has(event.type)) yield { id: showPosition(at), event };
    }
    for (const event of talk.take()) yield { id: undefined, event };
    for (const backlog of runs.take(RUNS_PER_FRAME_MAX)) {
      at = { ...at, run: runs.sentUpTo(at.run) };
      const run = now.of(backlog.runId);
      const events = run.summary?.workspace === workspace ? [...runEvents(run, backlog, wants)] : [];
      for (const [index, event] of events.entries())
        yield { id: index === events.length - 1 ? showPosition(at) : undefined, event };
    }
    if (runs.size > 0 || (wantsChanges && kept.last > at.change)) bell.ring();
  }
}

/** Tasks are sent live, and webhooks are not watched. */
function changeEvent(change: Change): Extract<ServerEvent, { type: "agent" | "tool-server" | "thread" }> | undefined {
  if (change.type === "thread") return { type: "thread", id: change.id };
  return change.type === "agent" || change.type === "tool-server" ? change : undefined;
}

/** What is said and done between agents, for who watches it. */
class Talk implements Disposable {
  readonly #conversations = new DirtySet();
  readonly #tasks = new DirtySet();
  readonly #watching = new DisposableStack();

  constructor(
    { router, tasks }: ServerEventServices["messaging"],
    { workspace, wants }: { readonly workspace: string; readonly wants: ReadonlySet<ServerEventType> },
    bell: Bell,
  ) {
    if (wants.has("conversation")) {
      const filter = { workspace, types: ["message", "conversation"] } as const;
      this.#watching.use(
        router.watch(filter, (events) => {
          for (const event of events) {
            if (event.type === "message") this.#conversations.add(event.message.conversationId);
            else if (event.type === "conversation") this.#conversations.add(event.conversation.id);
            else this.#conversations.addMany();
          }
          bell.ring();
        }),
      );
    }
    if (wants.has("task")) {
      this.#watching.use(
        tasks.watch((task) => {
          if (task.workspace !== workspace) return;
          this.#tasks.add(task.id);
          bell.ring();
        }),
      );
    }
  }

  *take(): Generator<ServerEvent> {
    for (const id of this.#conversations.take()) yield { type: "conversation", id };
    for (const id of this.#tasks.take()) yield { type: "task", id };
  }

  [Symbol.dispose](): void {
    this.#watching.dispose();
  }
}

/** Position of a client in the journal of runs and in the change log. */
type Position = { readonly run: number; readonly change: number };

const showPosition = ({ run, change }: Position): string => handles.serverEvent.encode(run, change);

const resetAt = (position: Position): SentEvent => ({ id: showPosition(position), event: { type: "reset" } });

const newest = (journal: RunTail, changes: ChangeLog): Position => ({
  run: journal.lastSeq(),
  change: changes.range().last,
});

/** What came after an id, if that is known and not too much. */
function backlogSince(
  { journal, changes }: { readonly journal: RunTail; readonly changes: ChangeLog },
  after: string,
  now: Position,
):
  | { readonly type: "gap" }
  | { readonly type: "known"; readonly position: Position; readonly runs: readonly Backlog[] } {
  const [run, change] = handles.serverEvent.decode(after) ?? [];
  if (run === undefined || change === undefined || run > now.run || change > now.change) return { type: "gap" };
  const position = { run, change };
  const kept = changes.range().first <= position.change + 1;
  const runs = journal.runsChangedAfter(position.run, LIMITS.replayMax + 1);
  if (!kept || runs.length > LIMITS.replayMax || now.change - position.change > LIMITS.replayMax)
    return { type: "gap" };
  return { type: "known", position, runs: runs.map(({ runId, seq }) => ({ runId, seq, asked: true })) };
}

/** The events of one run for one reader: what entries from `seq` on changed, as it is now. */
function* runEvents(
  { summary, parts }: RunNow,
  { seq, asked }: Backlog,
  wants: ReadonlySet<ServerEventType>,
): Generator<ServerEvent> {
  if (summary === undefined) return;
  const isAsked = asked && !isTerminal(summary.state);
  // Steps and questions precede the run: a client that receives its end has all its parts.
  if (wants.has("step") || (isAsked && (wants.has("question") || wants.has("approval")))) {
    for (const { event, changedSeq } of parts())
      if (changedSeq >= seq && wants.has(event.type) && (event.type === "step" || isAsked)) yield event;
  }
  if (wants.has("run")) yield summary.event;
}

/** A part of a run, with the entry that changed it last. */
type Part = {
  readonly event: Extract<ServerEvent, { readonly type: "step" | "question" | "approval" }>;
  readonly changedSeq: number;
};

/** A run as sent to clients: read and presented once for all of them. */
type RunNow = {
  readonly summary: { readonly workspace: string; readonly state: RunState; readonly event: ServerEvent } | undefined;
  readonly parts: () => readonly Part[];
};

/** Maximum cached runs; the cache is cleared when it is full. */
const RUNS_NOW_MAX = 1_000;

/**
 * Cache of runs sent to clients: each is read and presented once per journal entry for all clients of a server. Empty without
 * clients.
 */
class RunsNow {
  static readonly #shared = new WeakMap<object, RunsNow>();
  readonly #journal: EventRuns["stores"]["journal"];
  readonly #runs = new Map<RunId, RunNow>();
  #readers = 0;
  #watching: Disposable | undefined;

  private constructor(journal: EventRuns["stores"]["journal"]) {
    this.#journal = journal;
  }

  /** The instance of these services, for one reader until it disposes of it. */
  static open({ runs: { hub }, stores: { journal } }: EventRuns): Disposable & Pick<RunsNow, "of"> {
    const runs = RunsNow.#shared.get(journal) ?? new RunsNow(journal);
    RunsNow.#shared.set(journal, runs);
    runs.#readers += 1;
    runs.#watching ??= hub.watchAll((news) => {
      if (news.type === "entry") runs.#runs.delete(news.entry.runId);
    });
    return { of: (id) => runs.of(id), [Symbol.dispose]: () => runs.#close() };
  }

  of(runId: RunId): RunNow {
    const known = this.#runs.get(runId);
    if (known !== undefined) return known;
    if (this.#runs.size >= RUNS_NOW_MAX) this.#runs.clear();
    const journal = this.#journal;
    const found = journal.summary(runId);
    let parts: readonly Part[] | undefined;
    const now: RunNow = {
      summary: found && {
        workspace: found.workspace,
        state: found.state,
        event: { type: "run", run: presentSummary(found) },
      },
      parts: () => (parts ??= partsOf(journal, runId)),
    };
    this.#runs.set(runId, now);
    return now;
  }

  #close(): void {
    this.#readers -= 1;
    if (this.#readers > 0) return;
    this.#watching?.[Symbol.dispose]();
    this.#watching = undefined;
    this.#runs.clear();
  }
}

/** Steps, questions and approvals of a run as they are now. */
function partsOf(journal: Pick<RunJournal, "read">, runId: RunId): readonly Part[] {
  const fold = new RunFold();
  const steps = new Map<number, number>();
  const questions = new Map<string, number>();
  const approvals = new Map<string, number>();
  for (const entry of journal.read(runId, 0)) {
    const { event, seq } = entry;
    const step = fold.apply(entry);
    if (step) steps.set(step.index, seq);
    const question = questionIn(event);
    if (question !== undefined) questions.set(question, seq);
    if (event.type === "approval-ask" || event.type === "approval-answer") approvals.set(event.approvalId, seq);
  }
  const view = fold.view();
  const isEnded = isTerminal(view.state);
  const run = runId;
  return [
    ...view.steps.map((step): Part => ({
      event: { type: "step", run, step: presentStep(step, isEnded) },
      changedSeq: steps.get(step.index) ?? 0,
    })),
    ...questionsOf(view).map((question): Part => ({
      event: { type: "question", run, agent: view.agent, question },
      changedSeq: questions.get(question.id) ?? 0,
    })),
    ...presentApprovalsOf(view).map((approval): Part => ({
      event: { type: "approval", approval },
      changedSeq: approvals.get(approval.id) ?? 0,
    })),
  ];
}

/** Wakes one sleeper, also when it was rung before. */
class Bell {
  #rung = false;
  #wake: (() => void) | undefined;

  constructor(signal: AbortSignal) {
    signal.addEventListener("abort", () => this.ring(), { once: true });
  }

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  async rung(): Promise<void> {
    if (!this.#rung) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    this.#rung = false;
    this.#wake = undefined;
  }
}

/** The permission to receive events of a type. */
const PERMISSION_OF: Readonly<Record<ServerEventType, Permission>> = {
  agent: "agents:read",
  approval: "approvals:read",
  conversation: "messages:read",
  question: "runs:read-content",
  run: "runs:read",
  step: "runs:read-content",
  task: "tasks:read",
  thread: "runs:read-content",
  "tool-server": "tools:read",
};

/** Sends only the events that the principal may read; runs without their content where that is not permitted. */
const watch = implementStream(operations.server.watch, (services, { types = USUAL_TYPES }, call) => {
  const { permissions, workspace } = call.principal;
  const own = types.filter((type) => permissions.has(PERMISSION_OF[type]));
  const events = watchServer(services, { types: own, workspace, after: call.lastEventId }, call.signal);
  return { events: permissions.has("runs:read-content") ? events : withoutRunContent(events) };
});

async function* withoutRunContent(
  events: AsyncGenerator<SentEvent, void, undefined>,
): AsyncGenerator<SentEvent, void, undefined> {
  for await (const { id, event } of events)
    yield { id, event: event.type === "run" ? { ...event, run: withoutContent(event.run) } : event };
}

export const serverEventOperations = [watch] as const;
