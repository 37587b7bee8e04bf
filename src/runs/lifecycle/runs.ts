import { strict as assert } from "node:assert";
import { CancelledError } from "../../kernel/errors.ts";
import { KeyedMutex } from "../../kernel/async/keyed-mutex.ts";
import type { RunId } from "../../kernel/ids.ts";
import { log } from "../../kernel/log.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { openAccounts } from "../spending/index.ts";
import {
  type Decision,
  hasUnreadInput,
  isInBackground,
  isTerminal,
  type Recorder,
  RunEndedError,
  type RunEvent,
  type RunPlan,
  RunHub,
  type RunView,
  ServerStoppingError,
} from "../record/index.ts";
import { RunExecutor } from "./run-executor.ts";
import { decisionsOn } from "./decisions.ts";
import { type ExecutionDeps, pendingWaits } from "../execution/index.ts";
import {
  chosenEvents,
  expiredEvents,
  isStorageFault,
  type ModelChosen,
  requestedOf,
  settingsFor,
} from "../turn/index.ts";
import { ChoiceTimers } from "./choice-timers.ts";
import { type Answer, Elicitations } from "../calls/index.ts";
import { prepareSuccessor, writeHandOff } from "./turns/handoffs.ts";
import { inputTooLarge, noChoiceOpen, queueFull, runEnded } from "./refusals.ts";
import { planOf } from "./lineage.ts";
import { leaveAsking, type Stop } from "./run-time.ts";
import type { RunsDeps } from "./runs-deps.ts";
import { DEFAULT_QUEUE_OPTIONS, type QueueOptions } from "./queue-options.ts";
import { RunRecords } from "./journals/run-records.ts";
import { StorageRetries } from "./journals/storage-retries.ts";
import { ThreadHistory } from "./turns/thread-history.ts";
import { TurnQueue } from "./turns/turn-queue.ts";
import { queueEvent, recalledFor, refuseTakenNames, requestedPlan, type StartRequest } from "./start-request.ts";
import { firstOf, lastOf, type RunOutcome, waitUntilSettled } from "./wait-until-settled.ts";

type Live = {
  readonly controller: AbortController;
  readonly done: PromiseWithResolvers<RunOutcome>;
  /** Absent while a run that is resumed waits: its journal is read when its turn comes, not ten thousand at once. */
  recorder: Recorder | undefined;
  /** The run was resumed after its suspension started and before it left this process's lists. */
  woken: boolean;
  readonly workspace: string;
  isExecuting: boolean;
};

/** Input to a run from outside, as events. */
type WriteReply = readonly RunEvent[] | Promise<readonly RunEvent[]>;

/**
 * All runs of this server: accepts, queues, executes, resumes, cancels.
 * runs.Q1. A run that `start` accepted is on disk, and ends, is suspended until an answer arrives, or continues at the next
 *   start.
 * runs.Q2. At most `concurrentMax` execute at once; the others wait in the order they came; past `queuedMax` new ones
 *   are refused.
 * runs.Q3. Each run is executed by one process and at most once at a time.
 * runs.Q4. Operations on one run are serialized: the second sees the result of the first.
 * runs.Q5. A suspended run executes nothing and is nowhere in this process; the write that wakes it puts it
 *   into the queue.
 */
export class Runs implements AsyncDisposable {
  readonly hub = new RunHub();
  /** What earlier runs left to the later ones of their threads. */
  readonly histories: ThreadHistory;
  readonly #deps: RunsDeps;
  readonly #options: QueueOptions;
  readonly #live = new Map<RunId, Live>();
  /** In the order they came. */
  readonly #waiting = new Set<RunId>();
  readonly #retrying: StorageRetries;
  readonly #records: RunRecords;
  /** Runs with an operation in progress; execution of them starts after it. */
  readonly #mutex = new KeyedMutex<RunId>();
  /** Turns of threads that wait until the run that they continue has ended. */
  readonly #turns: TurnQueue;
  readonly #questions: Elicitations;
  readonly #attempts: RunExecutor;
  readonly #shutdown = new AbortController();
  readonly #choices: ChoiceTimers;
  #executing = 0;
  #starting = 0;
  #isOnHold: boolean;

  constructor(deps: RunsDeps, options: QueueOptions = DEFAULT_QUEUE_OPTIONS) {
    this.#deps = deps;
    this.#options = options;
    this.#isOnHold = options.pauseUntilResumed;
    this.#records = new RunRecords({ journal: deps.journal, hub: this.hub, clock: deps.clock });
    this.#turns = new TurnQueue(deps.journal);
    this.#retrying = new StorageRetries(deps.clock, this.#shutdown.signal, (id) => void this.#enqueue(id, undefined));
    this.#questions = new Elicitations(deps.clock);
    this.histories = new ThreadHistory(deps.journal);
    this.#attempts = new RunExecutor({
      deps,
      accounts: deps.accounts ?? openAccounts(deps.clock),
      questions: this.#questions,
      options,
      gateOf: (recorder, signal) => ({
        suspend: this.#suspendOf(recorder, signal),
        complete: this.#completeOf(recorder),
        handOff: this.#handOffOf(recorder, signal),
      }),
      histories: this.histories,
    });
    this.#choices = new ChoiceTimers(deps.clock, this.#shutdown.signal, async (runId) => {
      await this.update(runId, (view) => expiredEvents(view, deps.clock.nowMs()));
    });
  }

  /**
   * Accepts a run; on disk when resolved. `ended` resolves when it has ended or rests for a person, and never rejects for
   * what the run did. Throws AgentNotFoundError, UnknownModelError, RunQueueFullError, InputTooLargeError, ClientToolTakenError, ServerStoppingError, storage errors.
   */
  async start(request: StartRequest): Promise<{ readonly ended: Promise<RunOutcome> }> {
    this.#refuseIfStopping();
    const { concurrentMax, queuedMax } = this.#options;
    if (this.#executing + this.#waiting.size + this.#turns.size + this.#starting >= concurrentMax + queuedMax)
      throw queueFull(queuedMax);
    const { input, variables } = request;
    const bytes = Buffer.byteLength(input) + (variables ? Buffer.byteLength(JSON.stringify(variables)) : 0);
    if (bytes > LIMITS.inputBytesMax) throw inputTooLarge();
    this.#options.workspaces?.admitRun(request.workspace);
    this.#starting += 1;
    try {
      const recorder = await this.#accept(request);
      return { ended: this.#endOf(request.id, this.#enqueue(request.id, recorder)) };
    } finally {
      this.#starting -= 1;
    }
  }

  async #endOf(runId: RunId, first: Promise<RunOutcome>): Promise<RunOutcome> {
    const outcome = await first;
    // It resumes automatically, or another run continues it.
    const { state, next } = outcome;
    return state === "awaiting-reply" || next ? this.waitUntilSettled(next ?? runId) : outcome;
  }

  /** The run that continues a run after hand-offs; the run itself without one. */
  lastOf(runId: RunId): RunId {
    return lastOf(this.#deps.journal, runId);
  }

  /** The run that the request of a run started; the run itself if it was not handed off. */
  firstOf(runId: RunId): RunId {
    return firstOf(this.#deps.journal, runId);
  }

  /** Waits until a stored run, or the last one that it was handed off to, ends or is suspended for a person. */
  async waitUntilSettled(runId: RunId): Promise<RunOutcome> {
    return waitUntilSettled({ hub: this.hub, journal: this.#deps.journal }, runId, this.#shutdown.signal);
  }

  async #accept(request: StartRequest): Promise<Recorder> {
    const { id, workspace, agent } = request;
    await this.#deps.plans.admit(workspace, agent);
    const plan = requestedPlan(await this.#deps.plans.plan(workspace, agent, request.revision), request);
    refuseTakenNames(request, plan, this.#deps.tools.of(workspace));
    await this.#deps.models.resolve(requestedOf(plan, request.model).choice);
    if (plan.isolation === "worker") this.#deps.workers?.prepare();
    const recorder = this.#records.create(id);
    const recalled = await recalledFor(request, plan);
    const at = { nowMs: this.#deps.clock.nowMs(), recalled };
    await recorder.append(queueEvent(request, plan, at), ...(request.from?.events ?? []));
    return recorder;
  }

  /** Continues every run that a stop of the server left unfinished; how many. */
  resumeUnfinished(): number {
    const ids = this.#deps.journal.unfinished().filter((id) => !this.#live.has(id));
    for (const id of ids) void this.#enqueue(id, undefined);
    for (const id of this.#deps.journal.inState("awaiting-choice")) {
      const { choice } = this.#records.view(id);
      if (choice) this.#choices.set(id, choice.expiresAtMs);
    }
    this.#isOnHold = false;
    this.#pump();
    return ids.length;
  }

  /**
   * Ends a run, or the one that it was handed off to, as cancelled; returns once that is on disk. Throws RunNotFoundError,
   * RunEndedError, storage errors.
   */
  async cancel(runId: RunId, reason: string): Promise<void> {
    const id = this.lastOf(runId);
    await this.#cancel(id, reason).catch((error: unknown) => {
      // Unless it was handed off at the same moment.
      if (!(error instanceof RunEndedError) || this.lastOf(id) === id) throw error;
      return this.cancel(id, reason);
    });
  }

  async #cancel(runId: RunId, reason: string): Promise<void> {
    const live = this.#live.get(runId);
    if (live && !this.#waiting.has(runId) && !this.#turns.has(runId)) {
      const stop: Stop = { why: "cancel", reason };
      live.controller.abort(stop);
      await live.done.promise;
      const state = this.#deps.journal.summary(runId)?.state ?? "cancelled";
      if (state === "cancelled") return;
      if (isTerminal(state)) throw runEnded(runId, state);
    }
    await this.#runExclusive(runId, async () => {
      const recorder = this.#recorderFor(runId);
      const { state } = recorder.view();
      if (isTerminal(state)) throw runEnded(runId, state);
      await recorder.append({ type: "run-cancel", reason });
      this.#waiting.delete(runId);
      this.#turns.drop(runId);
      this.#retrying.cancel(runId);
      this.#release(runId, { state: "cancelled" });
    });
  }

  /**
   * Decides on a call the run waits for, or on all such calls; the run resumes when none is left, and fails at once
   * with `fail`. Throws RunNotFoundError, RunNotWaitingError, storage errors.
   */
  async decide(runId: RunId, callId: string | undefined, decision: Decision): Promise<void> {
    this.#refuseIfStopping();
    await this.update(runId, (view) => decisionsOn(view, callId, decision));
  }

  /**
   * Writes input to a run, exclusively: `say` receives the current run and returns the events, or throws to reject. A
   * suspended run that these events wake (`run-resume`) resumes. On disk when resolved; also accepted while the server
   * stops, and the next start resumes the run. Returns the run after the write. Throws RunNotFoundError, storage
   * errors, and errors of `say`.
   */
  async update(runId: RunId, say: (view: RunView) => WriteReply): Promise<RunView> {
    return this.#runExclusive(runId, async () => {
      const recorder = this.#recorderFor(runId);
      const rested = recorder.view().resting;
      await recorder.append(...(await say(recorder.view())));
      const view = recorder.view();
      if (rested && view.state === "queued") this.#wake(runId, recorder);
      return view;
    });
  }

  /**
   * Chooses how to continue a run whose model failed. Throws RunNotFoundError, NoChoiceOpenError, UnknownModelError,
   * storage errors.
   */
  async choose(runId: RunId, chosen: ModelChosen): Promise<void> {
    this.#refuseIfStopping();
    const view = this.#records.view(runId);
    if (view.state === "awaiting-choice" && chosen.choice === "use") {
      const plan = await this.#deps.plans.plan(view.workspace, view.agent, view.revision);
      await this.#deps.models.resolve(settingsFor(plan, chosen.model).choice);
    }
    await this.update(runId, ({ state }) => {
      if (state !== "awaiting-choice") throw noChoiceOpen(runId, state);
      return chosenEvents(chosen);
    });
  }

  /** Answers a question of a run. Throws RunNotFoundError, InputNotFoundError, InputClosedError, AnswerInvalidError, storage errors. */
  async answer(runId: RunId, question: string, answer: Answer): Promise<void> {
    await this.#questions.answer(this.#records.view(runId), question, answer);
  }

  #wake(runId: RunId, recorder: Recorder): void {
    const live = this.#live.get(runId);
    if (live) live.woken = true;
    // A run whose write failed is retried automatically.
    else if (!this.#retrying.has(runId)) void this.#enqueue(runId, recorder);
  }

  async #runExclusive<Result>(runId: RunId, work: () => Promise<Result>): Promise<Result> {
    try {
      return await this.#mutex.run(runId, work);
    } finally {
      this.#freeTurns(runId);
      this.#pump();
    }
  }

  /** Queues the turns that waited for a run, if they may start now. */
  #freeTurns(runId: RunId): void {
    for (const id of this.#turns.freed(runId)) this.#waiting.add(id);
  }

  /** The current view of a run, from its journal. Throws RunNotFoundError. */
  view(runId: RunId): RunView {
    return this.#records.view(runId);
  }

  /** The plan of a run, within those of the runs that it works for. Throws AgentNotFoundError, RevisionNotFoundError. */
  planOf(view: RunView): Promise<RunPlan> {
    return planOf(this.#deps, view);
  }

  /** Whether runs are only accepted yet, because their tools are not there. */
  get isHeld(): boolean {
    return this.#isOnHold;
  }

  /** Whether new runs are refused, because the server drains. */
  get isStopping(): boolean {
    return this.#shutdown.signal.aborted;
  }

  /** Numbers of executing and queued runs in this process. */
  load(): { readonly executing: number; readonly waiting: number } {
    return { executing: this.#executing, waiting: this.#waiting.size + this.#turns.size };
  }

  /**
   * Takes no more runs, gives those that execute until the deadline, then leaves them for the next start. Those in which only a
   * tool asks are left at once: a person may answer much later.
   */
  async drain(deadlineMs: number): Promise<{ readonly left: number }> {
    this.#shutdown.abort();
    const stop: Stop = { why: "shutdown" };
    using leaving = leaveAsking(this.hub, this.#live, stop);
    void leaving;
    const executing = [...this.#live.values()].map(({ done }) => done.promise);
    for (const id of [...this.#waiting, ...this.#turns.clear()]) this.#release(id, { state: "left" });
    this.#waiting.clear();
    const timer = new AbortController();
    await Promise.race([
      Promise.all(executing),
      this.#deps.clock.sleep(deadlineMs, timer.signal).catch(() => undefined),
    ]);
    timer.abort(new CancelledError("the wait for runs"));
    const left = [...this.#live.values()];
    for (const { controller } of left) controller.abort(stop);
    await Promise.all(left.map(({ done }) => done.promise));
    return { left: left.length };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain(0);
  }

  #enqueue(runId: RunId, recorder: Recorder | undefined): Promise<RunOutcome> {
    const done = Promise.withResolvers<RunOutcome>();
    // Accepted, and too late for this process: it begins at the next start.
    if (this.#shutdown.signal.aborted) return Promise.resolve({ state: "left" });
    assert(!this.#live.has(runId), "a run is executed once at a time");
    const view = recorder?.view();
    // The row has the place in the thread: a hand-off may have moved the run.
    const run = (view?.thread === null ? undefined : this.#deps.journal.summary(runId)) ?? view;
    const workspace = run?.workspace ?? "";
    const state = { woken: false, isExecuting: false };
    this.#live.set(runId, { controller: new AbortController(), done, recorder, workspace, ...state });
    if (!this.#turns.hold(runId, run)) this.#waiting.add(runId);
    this.#pump();
    return done.promise;
  }

  #pump(): void {
    while (this.#executing < this.#options.concurrentMax && !this.#isOnHold && !this.#shutdown.signal.aborted) {
      const runId = this.#waiting.values().find((id) => !this.#mutex.has(id) && this.#mayExecute(id));
      if (runId === undefined) return;
      this.#waiting.delete(runId);
      const live = this.#live.get(runId);
      if (!live) continue;
      this.#executing += 1;
      live.isExecuting = true;
      void this.#occupySlot(runId, live);
    }
  }

  /** Runs of a workspace that executes as many as its limit wait, and those of others pass them. */
  #mayExecute(runId: RunId): boolean {
    const workspace = this.#live.get(runId)?.workspace ?? "";
    const max = this.#options.workspaces?.concurrentMax(workspace);
    if (max === undefined) return true;
    const executing = this.#live.values().filter((live) => live.isExecuting && live.workspace === workspace);
    return executing.take(max).toArray().length < max;
  }

  async #occupySlot(runId: RunId, live: Live): Promise<void> {
    const outcome = await this.#executeRun(runId, live);
    this.#executing -= 1;
    this.#release(runId, outcome);
    this.#freeTurns(runId);
    if (live.woken) void this.#enqueue(runId, live.recorder);
    this.#pump();
  }

  #release(runId: RunId, outcome: RunOutcome): void {
    const live = this.#live.get(runId);
    this.#live.delete(runId);
    if (live?.recorder !== undefined) this.#deps.tools.of(live.recorder.view().workspace).endSession(runId);
    live?.done.resolve(outcome);
  }

  async #executeRun(runId: RunId, live: Live): Promise<RunOutcome> {
    try {
      live.recorder ??= this.#records.open(runId);
      await this.#attempts.execute(live.recorder, live.controller);
      const { state, resting, choice, handedTo } = live.recorder.view();
      if (resting && choice) this.#choices.set(runId, choice.expiresAtMs);
      return { state: isTerminal(state) || resting ? state : "left", next: handedTo?.run };
    } catch (error) {
      if (isStorageFault(error)) this.#retrying.add(runId, error);
      else log.error({ runId, err: error }, "a run could not be written");
      return { state: "left" };
    }
  }

  #suspendOf(recorder: Recorder, signal: AbortSignal): ExecutionDeps["gate"]["suspend"] {
    return (state, waits) =>
      this.#runExclusive(recorder.runId, async () => {
        // Answers lock the run too, so an answer is either seen here or finds the run suspended.
        const still = pendingWaits(recorder.view());
        if (signal.aborted || !waits.every((id) => still.includes(id))) return "continue";
        await recorder.append({ type: "run-suspend", state });
        return "suspended";
      });
  }

  #completeOf(recorder: Recorder): ExecutionDeps["gate"]["complete"] {
    return (end, next) =>
      this.#runExclusive(recorder.runId, async () => {
        // An input locks the run too, so it is either read by a further turn or refused because the run has ended.
        const view = recorder.view();
        const isLeftOpen = view.replies.some((reply) => reply.state === "open" && isInBackground(reply));
        const waits = next.type === "run-complete" && isLeftOpen;
        const continues = next.type === "output-reject" || waits || hasUnreadInput(view, end.step);
        await recorder.append(end, ...(continues && next.type !== "output-reject" ? [] : [next]));
        return continues ? "continue" : "ended";
      });
  }

  #handOffOf(recorder: Recorder, signal: AbortSignal): ExecutionDeps["gate"]["handOff"] {
    return async (end, handOff) => {
      const successor = await prepareSuccessor(this.#deps, recorder.view(), handOff);
      if (successor.type === "refused") return successor;
      return this.#runExclusive(recorder.runId, async () => {
        if (signal.aborted) return { type: "stopped" };
        const next = this.#records.create(successor.id);
        const outcome = await writeHandOff(recorder, next, { end, handOff, successor });
        if (outcome.type === "handed-off") void this.#enqueue(successor.id, next);
        return outcome;
      });
    };
  }

  /** The one that writes for a run already, or one that has read its journal. Throws RunNotFoundError. */
  #recorderFor(runId: RunId): Recorder {
    return this.#live.get(runId)?.recorder ?? this.#records.open(runId);
  }

  #refuseIfStopping(): void {
    if (!this.#shutdown.signal.aborted) return;
    throw new ServerStoppingError("the server is stopping and takes no new work", "Try again in a moment.", {});
  }
}
