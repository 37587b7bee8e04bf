import type { RunId } from "../../kernel/ids.ts";
import { log } from "../../kernel/log.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { callHooks, type Elicitations } from "../calls/index.ts";
import { execute, type ExecutionDeps } from "../execution/index.ts";
import {
  type ArtifactStore,
  type ExecutionPlan,
  type History,
  isTerminal,
  keptResults,
  type Recorder,
  RUN_FAILURE_CODES,
  type RunEvent,
  type RunFiles,
  type RunPlan,
  type RunView,
} from "../record/index.ts";
import { planOf } from "./lineage.ts";
import type { QueueOptions } from "./queue-options.ts";
import { type Stop, timedOut, withTimeout } from "./run-time.ts";
import type { ThreadHistory } from "./turns/thread-history.ts";
import type { RunsDeps } from "./runs-deps.ts";
import { type Accounts, createMeter } from "../spending/index.ts";
import type { WorkerOutcome } from "../workers/index.ts";
import { backupOf, isStorageFault, modelOf, summarizerOf, thrownFailure } from "../turn/index.ts";

export type AttemptsDeps = {
  readonly deps: RunsDeps;
  readonly accounts: Accounts;
  readonly questions: Elicitations;
  readonly options: Pick<QueueOptions, "retry" | "choiceTimeoutMs">;
  readonly gateOf: (recorder: Recorder, signal: AbortSignal) => ExecutionDeps["gate"];
  readonly histories: ThreadHistory;
};

type Carried = ExecutionDeps & { readonly recorder: Recorder };

/** Executes runs, in the server or in workers, and writes their end if they did not write it themselves. */
export class RunExecutor {
  readonly #deps: RunsDeps;
  readonly #parts: AttemptsDeps;

  constructor(parts: AttemptsDeps) {
    this.#deps = parts.deps;
    this.#parts = parts;
  }

  /**
   * Executes until the run has ended or is suspended, or is left for the next start. A run whose worker crashed resumes
   * from its journal, as after a stop of the server. Throws storage errors.
   */
  async execute(recorder: Recorder, controller: AbortController): Promise<void> {
    for (let losses = 1; ; losses += 1) {
      const lost = await this.#attempt(recorder, controller);
      if (lost === undefined) return;
      log.error({ runId: recorder.runId, ...lost }, "the worker of a run ended");
      const { state, resting } = recorder.view();
      if (isTerminal(state) || resting) return;
      if (lost.why === "crashed" && losses < LIMITS.workerLossesMax) continue;
      return recorder.append(lostEvent(recorder.view(), lost, losses));
    }
  }

  /** The worker it lost, when it did. */
  async #attempt(recorder: Recorder, controller: AbortController): Promise<LostAttempt | undefined> {
    const { clock, models, journal, workers, tools, artifacts } = this.#deps;
    const { accounts, questions, options, gateOf, histories } = this.#parts;
    using counting = new DisposableStack();
    try {
      const view = recorder.view();
      if (isTerminal(view.state) || view.resting) return undefined;
      const plan = await planOf(this.#deps, view);
      const { model, settings } = await modelOf(models, plan, view);
      if (!controller.signal.aborted) {
        const meter = counting.use(createMeter({ accounts, journal, clock }, view, plan));
        recorder.countWith(meter);
        counting.defer(() => recorder.countWith(undefined));
        const inWorker = plan.isolation === "worker" && workers !== undefined;
        const after = this.#predecessorOf(view);
        recorder.enqueue({
          type: "run-start",
          attempt: attemptAfter(view),
          ...(inWorker && { isolation: "worker" }),
          ...(after !== undefined && { after }),
        });
        const thread = view.thread && after !== undefined ? { ...view.thread, parent: after } : view.thread;
        const history = histories.of({ ...view, thread }, plan);
        const ask = questions.elicitorOf(recorder, clock.monotonicMs() + plan.timeoutMs, controller.signal);
        const deps: Carried = {
          recorder,
          models: {
            current: model,
            summarizer: () => summarizerOf(models, plan, view),
            backup: (name) => backupOf(models, plan, name),
            retry: options.retry,
            choiceTimeoutMs: options.choiceTimeoutMs,
          },
          tools: tools.of(view.workspace),
          artifacts: history === undefined ? artifacts : withKept(artifacts, history),
          clock,
          attend: callHooks(recorder, ask),
          meter,
          gate: gateOf(recorder, controller.signal),
        };
        const executed = inWorker
          ? await this.#executeInWorker(deps, { ...plan, settings, history }, controller)
          : await withTimeout(clock, controller, plan.timeoutMs, () =>
              execute(deps, { ...plan, settings, history }, controller.signal),
            );
        if (!controller.signal.aborted) return executed?.type === "lost" ? executed : undefined;
      }
      await journalStop(recorder, controller.signal.reason, plan);
      return undefined;
    } catch (error) {
      if (isStorageFault(error)) throw error;
      if (thrownFailure(error).code === "BUG")
        log.error({ runId: recorder.runId, err: error }, "a run failed by a bug");
      await recorder.append({ type: "run-fail", failure: thrownFailure(error) });
      return undefined;
    }
  }

  /** The run that it continues, if the one that it was to continue waits and this one passes it; undefined otherwise. */
  #predecessorOf({ id, thread, handedFrom, startedAtMs }: RunView): RunId | null | undefined {
    if (thread === null || startedAtMs !== null) return undefined;
    const { histories } = this.#parts;
    const ended = histories.endedFrom(histories.parentOf({ id, thread, handedFrom }));
    return ended === thread.parent ? undefined : ended;
  }

  /** The wait for a worker is not part of the run's time. */
  async #executeInWorker(
    deps: Carried,
    plan: RunPlan,
    controller: AbortController,
  ): Promise<WorkerOutcome | undefined> {
    const { workers, clock } = this.#deps;
    const worker = await workers?.take(controller.signal);
    if (workers === undefined || worker === undefined) return undefined;
    return withTimeout(clock, controller, plan.timeoutMs, () =>
      workers.execute(worker, deps, carriedOf(plan), controller.signal),
    );
  }
}

/** A resumed run continues the attempt in which it was suspended; only a stop of the server starts a further one. */
const attemptAfter = ({ attempt, state }: RunView): number => (state === "queued" ? Math.max(1, attempt) : attempt + 1);

/** Only what can be copied, and no key. */
function carriedOf(plan: RunPlan): ExecutionPlan {
  const { render: _render, recall: _recall, remembers: _remembers, model: _model, budget: _budget, ...carried } = plan;
  return carried;
}

async function journalStop(recorder: Recorder, stop: Stop, plan: RunPlan): Promise<void> {
  // It may have ended or been suspended at the moment of the abort.
  const { state, resting } = recorder.view();
  if (isTerminal(state) || stop.why === "shutdown" || (resting && stop.why === "timeout")) return;
  await recorder.append(stop.why === "cancel" ? { type: "run-cancel", reason: stop.reason } : timedOut(plan));
}

type LostAttempt = Extract<WorkerOutcome, { type: "lost" }>;

/**
 * A run that hung or used up its worker's memory would do so again, since its actions follow from its journal: it fails
 * at once. Any other loss is an accident, until it is repeated.
 */
function lostEvent({ agent }: RunView, { why, message }: LostAttempt, losses: number): RunEvent {
  switch (why) {
    case "stuck":
      return {
        type: "run-fail",
        failure: {
          code: RUN_FAILURE_CODES.workerUnresponsive,
          message: `the worker of this run hung: ${message}`,
          hint: `Look at the last step for what ${agent} was about to read; runs.workers.unresponsive_after of caxton.toml says how long a worker may take. Run it again to try once more.`,
        },
      };
    case "memory":
      return {
        type: "run-fail",
        failure: {
          code: RUN_FAILURE_CODES.workerOutOfMemory,
          message: `the worker of this run used up its memory: ${message}`,
          hint: `Let the tools of ${agent} return less at a time, or raise runs.workers.memory of caxton.toml.`,
        },
      };
    case "crashed":
      return {
        type: "run-fail",
        failure: {
          code: RUN_FAILURE_CODES.workerLost,
          message: `${losses} workers exited while they executed this run, the last with: ${message}`,
          hint: 'The server\'s log has more. Run it again, or set isolation = "context" in [execution].',
        },
      };
  }
}

/** The files of a run, and results of earlier runs of its thread that its model can read on in. */
const withKept = (store: ArtifactStore, history: History): RunFiles => ({
  save: (runId, file) => store.save(runId, file),
  read: (artifact) => store.read(artifact),
  ofRun: (runId) => [...store.ofRun(runId), ...keptResults(history).flatMap(({ id }) => store.find(id) ?? [])],
});
