import type { Clock } from "../../kernel/clock.ts";
import { isJsonObject } from "../../kernel/json.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { type Tool, type ToolCatalogue, toolsTokens } from "../../tools/catalogue/index.ts";
import {
  checkedAnswer,
  DEFAULT_OUTPUT_LIMITS,
  type EventOf,
  type ExecutionPlan,
  hasUnreadInput,
  isInBackground,
  isTerminal,
  type SuspendedState,
  RUN_FAILURE_CODES,
  type RunEvent,
  type RunFiles,
  type RunRecord,
  type RunView,
  type ToolStep,
} from "../record/index.ts";
import type { ModelFailure } from "../../models/port/index.ts";
import {
  afterModelFailure,
  type Answer,
  expiredFailure,
  keepModelFiles,
  prepareRequest,
  type RunModels,
  takeTurn,
  type TurnDeps,
} from "../turn/index.ts";
import { boundArguments, emptyFailure, endNotices, isEmptyAnswer, loopFailure } from "./guards.ts";
import {
  type CallHooks,
  callContext,
  type HandOff,
  type HandOffOutcome,
  lostQuestions,
  openCalls,
  waitsForOthers,
  withOneHandoff,
  clientToolsOf,
  resourceHold,
  offeredTools,
  OWN_TOOLS,
  authorizeCalls,
  prepareCall,
  type PreparedCall,
  queuedPast,
  repliedEnds,
  runCalls,
  startsOf,
} from "../calls/index.ts";
import type { Meter } from "../spending/index.ts";

type ModelEnd = Extract<RunEvent, { type: "model-end" }>;

/** What a run does only while nothing else is written to it, so that it misses no decision and no input. */
export type RunGate = {
  /**
   * Ends the turn without calls with `end`, and the run with `next`; if the user said something to the run meanwhile,
   * writes only `end`.
   */
  readonly complete: (end: RunEvent & { readonly type: "model-end" }, next: RunEvent) => Promise<"ended" | "continue">;
  /**
   * Suspends the run until a decision arrives, unless one of `waits`, as `pendingWaits` returns them, has ended in the
   * meantime.
   */
  readonly suspend: (state: SuspendedState, waits: readonly string[]) => Promise<"suspended" | "continue">;
  /** Ends a call with `end`, the run, and begins the one that continues it, all in one write. */
  readonly handOff: (end: EventOf<"tool-end">, handOff: HandOff) => Promise<HandOffOutcome>;
};

export type ExecutionDeps = {
  readonly recorder: RunRecord;
  readonly models: RunModels;
  readonly tools: ToolCatalogue;
  readonly artifacts: RunFiles;
  readonly clock: Clock;
  readonly attend: CallHooks;
  readonly meter: Meter;
  readonly gate: RunGate;
};

/**
 * One run, from where its journal ends to its own end: turn of the model, the tools it asks for, again.
 * execution.E1. All it knows of the past is the journal's view, so a resumed run and an unbroken one do the same.
 * execution.E2. A model turn is journaled together with the calls it asks for; none of them begins before that is on
 *   disk.
 * execution.E3. A finished turn or call is never made again; a call begun without a result only when it is repeatable
 *   or a person decides so. Calls that wait for others of their turn have not begun: the journal says of each when it does.
 * execution.E4. Aborted, it returns without an end in the journal; the caller that aborted decides what is written.
 */
export async function execute(given: ExecutionDeps, planned: ExecutionPlan, signal: AbortSignal): Promise<void> {
  let [deps, plan] = [given, planned];
  const { recorder } = deps;
  const own = [
    ...deps.tools.select(plan.tools).filter(({ effects }) => plan.isReadOnly !== true || effects.readOnly),
    ...(plan.agentTools ?? []),
  ];
  const tools = [...own, ...clientToolsOf(recorder.view(), own)];
  for (let step = nextTurn(recorder); !signal.aborted; step += 1) {
    if ((await settleOpenCalls(deps, plan, tools, signal)) === "stopped") return;
    if (step > plan.stepsMax + repairs(recorder)) return recorder.append(stepsMaxReached(plan));
    const turn = await takeTurn(turnDeps(deps, plan, { step, tools }), step, plan.settings, signal);
    if (turn.type === "stopped") return;
    if (turn.type === "refused") return recorder.append({ type: "run-fail", failure: turn.failure });
    if (turn.type === "failed") return recorder.append(...failedTurn(deps, plan, { step, ...turn }));
    const { use, offered, permit } = turn;
    const bounded = boundArguments(turn.answer.toolCalls, plan);
    const answer = { ...turn.answer, toolCalls: bounded.calls };
    // A run that switched to a backup model stays with it.
    if (use.model !== deps.models.current) deps = { ...deps, models: { ...deps.models, current: use.model } };
    plan = { ...plan, settings: use.settings };
    const cost = await permit.charge(turn.answer);
    const end: ModelEnd = {
      ...modelEnd(step, use.model.id, answer, offered),
      artifacts: [...(await keepModelFiles(deps, answer.files))],
      cost,
      limited: permit.limited,
    };
    if (isEmptyAnswer(answer)) {
      const failure = emptyFailure(recorder.view(), use.model.id);
      await recorder.append(end, ...(failure ? [failure] : []));
      permit.release();
      if (failure) return;
      continue;
    }
    if (answer.toolCalls.length === 0) {
      const next = endOfRun(deps, plan, { step, answer, limited: permit.limited });
      const completed = await deps.gate.complete(end, next);
      permit.release();
      if (completed === "continue") continue;
      return;
    }
    if (answer.toolCalls.length > LIMITS.toolCallsPerTurnMax) return recorder.append(end, tooManyCalls(answer));
    const prepared = withOneHandoff(
      answer.toolCalls.map((call) => bounded.refuse(prepareCall(step, call, offered, tools))),
    );
    const loop = loopFailure(recorder.view(), plan, prepared);
    if (loop) return recorder.append(end, loop);
    const calls = permitted(deps, plan, prepared);
    await recorder.append(end, ...startsOf(calls));
    permit.release();
    const now = calls.filter((call) => !waitsForOthers(call));
    if ((await callTools(deps, plan, { calls: now, tools }, signal)) === "stopped") return;
  }
}

/**
 * Ends open calls: those interrupted by a stop of the server, and those that waited for a person. If nothing more can
 * be done without a decision, suspends the run.
 */
async function settleOpenCalls(
  deps: ExecutionDeps,
  plan: ExecutionPlan,
  tools: readonly Tool[],
  signal: AbortSignal,
): Promise<"settled" | "stopped"> {
  const { recorder } = deps;
  while (!signal.aborted) {
    const open = openCalls(recorder.view());
    if (open.length > 0 && (await settle(deps, plan, { open, tools }, signal)) === "stopped") return "stopped";
    const view = recorder.view();
    // A decision arrived in the meantime.
    if (openCalls(view).length > 0) continue;
    const waits = pendingWaits(view);
    const state = suspendedState(view);
    if (state === undefined) return "settled";
    if ((await deps.gate.suspend(state, waits)) === "suspended") return "stopped";
  }
  return "stopped";
}

/** Ids of approvals and replies that have not come. */
export const pendingWaits = (view: RunView): readonly string[] => [
  ...view.approvals.filter(({ state }) => state === "open").map(({ id }) => id),
  ...awaited(view).map(({ replyWith }) => replyWith),
];

/** Replies without which the run does not continue: those in the background once it has nothing else to do. */
function awaited(view: RunView): RunView["replies"] {
  const open = view.replies.filter(({ state }) => state === "open");
  return open.length === 0 || hasAnswered(view) ? open : open.filter((reply) => !isInBackground(reply));
}

/** Whether the last turn was an answer, after which nothing was said to the run. */
function hasAnswered(view: RunView): boolean {
  const last = view.steps.findLast((step) => step.kind === "model");
  return (
    last?.end.state === "done" &&
    last.end.toolCalls.length === 0 &&
    last.end.text !== "" &&
    !hasUnreadInput(view, last.turn)
  );
}

/** Work for people comes first: it shows who has to act before the run resumes. */
function suspendedState(view: RunView): SuspendedState | undefined {
  const { approvals, waitingFor } = view;
  if (waitingFor.length > 0) return "needs-decision";
  if (approvals.some(({ state }) => state === "open")) return "awaiting-approval";
  const open = awaited(view);
  if (open.some(({ input }) => input !== null)) return "awaiting-input";
  return open.length > 0 ? "awaiting-reply" : undefined;
}

async function settle(
  deps: ExecutionDeps,
  plan: ExecutionPlan,
  { open, tools }: { readonly open: readonly ToolStep[]; readonly tools: readonly Tool[] },
  signal: AbortSignal,
): Promise<"settled" | "stopped"> {
  const { recorder } = deps;
  const failing = open.find(({ decision }) => decision === "fail");
  const failure = failing ? decidedToFail(failing) : expiredFailure(recorder.view(), open);
  if (failure) {
    await recorder.append(failure);
    return "stopped";
  }
  for (const step of open.filter(({ decision }) => decision === "skip")) await recorder.append(skipped(step));
  const unsure = open.filter((step) => step.decision === undefined && step.begun && !step.repeatable);
  const replied = [...(await repliedEnds(deps, open)), ...lostQuestions(recorder.view(), unsure)];
  await recorder.append(...replied);
  const isOver = (step: ToolStep) => replied.some(({ callId }) => callId === step.callId);
  const undecided = unsure.filter((step) => !isOver(step));
  const isMadeAgain = (step: ToolStep) => step.decision !== "skip" && !undecided.includes(step) && !isOver(step);
  const prepared = open.filter(isMadeAgain).map((step) => prepareAgain(step, tools));
  const again = permitted(deps, plan, prepared);
  // Begun again on disk before it is: a decision to repeat a call is good for one time.
  if (again.length > 0) await recorder.append(...startsOf(again));
  if ((await callTools(deps, plan, { calls: again, tools }, signal)) === "stopped" || signal.aborted) return "stopped";
  if (undecided.length === 0) return "settled";
  await recorder.append(...undecided.map(({ callId }) => ({ type: "run-wait", callId }) as const));
  return "stopped";
}

/** The calls as rules and approvals allow them, queued where they have to wait for others or for a budget. */
const permitted = (deps: ExecutionDeps, plan: ExecutionPlan, calls: readonly PreparedCall[]): readonly PreparedCall[] =>
  queuedPast(
    authorizeCalls({ ...deps, view: deps.recorder.view() }, plan, calls),
    deps.meter.limitsCalls ? 0 : plan.concurrentToolsMax,
  );

function prepareAgain(step: ToolStep, tools: readonly Tool[]): PreparedCall {
  const { callId, modelCallId, name, arguments: given, turn, repeatable } = step;
  const text = isJsonObject(given) || typeof given !== "string" ? JSON.stringify(given) : given;
  const prepared = prepareCall(turn, { id: modelCallId, name, arguments: text }, OWN_TOOLS, tools);
  return { ...prepared, start: { ...prepared.start, callId, repeatable } };
}

/** Runs calls within the budgets; stopped when there is no room for them, and the run has failed then. */
async function callTools(
  deps: ExecutionDeps,
  plan: ExecutionPlan,
  { calls, tools }: { readonly calls: readonly PreparedCall[]; readonly tools: readonly Tool[] },
  signal: AbortSignal,
): Promise<"done" | "stopped"> {
  const context = callContext(deps.recorder.view(), plan);
  const now = calls.filter(({ type }) => type !== "asking");
  if (now.length === 0) return "done";
  let permit = await deps.meter.forCalls(now.length, signal, "at once");
  if (permit.type === "refused") {
    deps.recorder.enqueue(...now.map(resourceHold));
    permit = await deps.meter.forCalls(now.length, signal, "waiting");
  }
  if (permit.type === "stopped") return "stopped";
  const refusal =
    permit.type === "refused"
      ? permit.failure
      : await runCalls(
          { ...deps, context, own: { history: plan.history, tools }, handOff: deps.gate.handOff },
          now,
          plan.concurrentToolsMax,
          permit.signal,
        );
  const failure = refusal ?? (permit.type === "granted" ? permit.cut() : undefined);
  if (failure && !signal.aborted) await deps.recorder.append({ type: "run-fail", failure });
  if (permit.type === "granted") permit.release();
  // A hand-off ends the run.
  return failure || isTerminal(deps.recorder.view().state) ? "stopped" : "done";
}

function nextTurn(recorder: RunRecord): number {
  const last = recorder.view().steps.findLast((step) => step.kind === "model");
  if (!last) return 1;
  return last.end.state === "done" ? last.turn + 1 : last.turn;
}

/** Dependencies of a turn. Its request is built for the model that receives it, which may change. */
const turnDeps = (
  deps: ExecutionDeps,
  plan: ExecutionPlan,
  { step, tools }: { readonly step: number; readonly tools: readonly Tool[] },
): TurnDeps => ({
  ...deps,
  fallback: plan.fallback ?? [],
  outputBytesMax: (plan.sizes ?? DEFAULT_OUTPUT_LIMITS).outputBytesMax,
  prepare: ({ model, settings }, window, signal) => {
    const offered = offeredTools(deps.recorder.view(), tools, plan.deferredTools, plan.history);
    const { summarizer } = deps.models;
    return prepareRequest({ ...deps, summarizer, model }, { ...plan, settings }, { step, offered, window }, signal);
  },
});

const failedTurn = (
  { recorder, clock, models }: ExecutionDeps,
  plan: ExecutionPlan,
  turn: { readonly step: number; readonly model: string; readonly failure: ModelFailure },
): readonly RunEvent[] => afterModelFailure(recorder.view(), plan, turn, clock.nowMs() + models.choiceTimeoutMs);

/** Turns that were only needed because an answer did not fit; they do not count. */
const repairs = (recorder: RunRecord): number =>
  recorder.view().steps.filter((step) => step.kind === "model" && step.outputProblems.length > 0).length;

const modelEnd = (step: number, model: string, answer: Answer, offered: readonly Tool[]): ModelEnd => ({
  type: "model-end",
  step,
  model,
  finish: answer.finish,
  durationMs: answer.durationMs,
  firstPartMs: answer.firstPartMs,
  queuedMs: answer.queuedMs,
  usage: answer.usage,
  offered: { tools: offered.length, tokens: toolsTokens(offered) },
  content: {
    text: answer.text,
    reasoning: answer.reasoning === "" ? undefined : answer.reasoning,
    toolCalls: [...answer.toolCalls],
    providerMetadata: answer.providerMetadata,
  },
});

function endOfRun(
  { recorder, models: { current } }: ExecutionDeps,
  plan: ExecutionPlan,
  { step, answer, limited }: { readonly step: number; readonly answer: Answer; readonly limited: ModelEnd["limited"] },
): RunEvent {
  const view = recorder.view();
  if (answer.finish !== "length") {
    const schema = view.outputSchema ?? plan.outputSchema;
    const notices = endNotices(view);
    const next: RunEvent =
      schema === undefined
        ? { type: "run-complete", content: { output: answer.text } }
        : checkedAnswer(view, schema, step, answer.text);
    return next.type === "run-complete" && notices.length > 0 ? { ...next, notices: [...notices] } : next;
  }
  if (limited) return { type: "run-fail", failure: cutByBudget(current.id, limited) };
  return {
    type: "run-fail",
    failure: {
      code: RUN_FAILURE_CODES.outputCut,
      message: `${current.id} stopped at its limit of output tokens, so the answer is cut`,
      hint: "Raise max_tokens in the definition's [llm] table, or ask for a shorter answer. The cut text is in the last step.",
    },
  };
}

const cutByBudget = (model: string, { outputTokensMax, key, file }: NonNullable<ModelEnd["limited"]>) => ({
  code: RUN_FAILURE_CODES.budgetExceeded,
  message: `${key} left room for ${outputTokensMax} output tokens of ${model}, and its answer is cut there`,
  hint: `Raise ${key} in ${file}. The cut text is in the last step.`,
});

const stepsMaxReached = (plan: ExecutionPlan): RunEvent => ({
  type: "run-fail",
  failure: {
    code: RUN_FAILURE_CODES.stepsMax,
    message: `the model still asked for tools after ${plan.stepsMax} turns`,
    hint: `Raise max_steps in the [execution] table of ${plan.agent}, or make its prompt say when to stop.`,
  },
});

const tooManyCalls = (answer: Answer): RunEvent => ({
  type: "run-fail",
  failure: {
    code: RUN_FAILURE_CODES.tooManyCalls,
    message: `the model asked for ${answer.toolCalls.length} tool calls in one turn; at most ${LIMITS.toolCallsPerTurnMax} are made`,
    hint: "Ask for less at a time.",
  },
});

const decidedToFail = (step: ToolStep): RunEvent => ({
  type: "run-fail",
  failure: {
    code: RUN_FAILURE_CODES.decidedFail,
    message: `a decision failed the run because the outcome of ${step.name} is unknown`,
    hint: "Start the run again.",
  },
});

const skipped = (step: ToolStep): RunEvent => ({
  type: "tool-end",
  step: step.turn,
  callId: step.callId,
  outcome: "cancelled",
  fuel: 0,
  memoryBytes: 0,
  durationMs: 0,
  artifacts: [],
  content: {
    text: "The server stopped while this call ran, and a person decided not to repeat it. It may or may not have had its effect.",
    structured: null,
  },
});
