import type { JsonObject } from "../../kernel/json.ts";
import { type ContextReport, type Layout, type TruncationPoints, layOut, type WindowOrigin } from "../context/index.ts";
import { type ContextSettings, DEFAULT_CONTEXT } from "../../agents/definitions/index.ts";
import { estimateTokens, fileTokens, IMAGE_TOKENS } from "../../kernel/tokens.ts";
import { modelToolName, type Tool, toolsTokens } from "../../tools/catalogue/index.ts";
import {
  DEFAULT_LOOP_GUARD,
  type DialogueTurn,
  type History,
  lastTurnIsEmpty,
  type LoopGuard,
  loopNotes,
  messagesOf,
  NO_HISTORY,
  pendingInputs,
  type ModelStep,
  type ExecutionPlan,
  type RunStep,
  type RunView,
  sentFiles,
  turnsSince,
} from "../record/index.ts";
import {
  DEFAULT_MODEL_LIMITS,
  type LanguageModel,
  type ModelFailure,
  type ModelRequest,
} from "../../models/port/index.ts";
import { READ_RESULT } from "../calls/index.ts";
import { summarize, type SummarizeDeps } from "./summarize.ts";

export type ContextDeps = SummarizeDeps & { readonly model: LanguageModel };

export type ContextAsk = {
  readonly step: number;
  /** Tools offered to the model. */
  readonly offered: readonly Tool[];
  /** A window smaller than the model's, because the provider refused what was thought to fit. */
  readonly window: number | undefined;
};

export type Prepared =
  | {
      readonly type: "ready";
      readonly request: ModelRequest;
      readonly report: ContextReport;
      readonly offered: readonly Tool[];
    }
  /** The mandatory parts exceed the context window; nothing was sent. */
  | { readonly type: "failed"; readonly failure: ModelFailure }
  | { readonly type: "stopped" };

/** Share of the context window reserved for an answer without a configured limit. */
const RESERVE_PART = 0.25;
const RESERVE_MAX = 8_192;
const CORRECTION_MAX = 4;
/** Once over its limit, a request is sent again with this part of what it held. */
const SHRINK = 0.6;

/**
 * The request of a run's next turn, within the model's window, and what went into it and why.
 * turn.turn-context.C1. It follows from the journal alone, so that a resumed run makes the same request as an
 *   unbroken one.
 * turn.turn-context.C2. A summary is on disk before a request holds it; the turns that it covers are never summarized
 *   again.
 */
export async function prepareRequest(
  deps: ContextDeps,
  plan: ExecutionPlan,
  ask: ContextAsk,
  signal: AbortSignal,
): Promise<Prepared> {
  for (;;) {
    const view = deps.recorder.view();
    const { layout, turns, offered, window } = layoutFor(deps, plan, ask, view);
    if (layout.type === "too-long") return { type: "failed", failure: tooLong(layout, plan, window) };
    if (layout.toSummarize.length > 0) {
      const made = await summarize(deps, plan, { view, step: ask.step, turns: layout.toSummarize }, signal);
      if (made === "stopped") return { type: "stopped" };
      continue;
    }
    const { request, report } = requestOf({ view, plan, turns, offered, model: deps.model }, layout);
    return { type: "ready", offered, request: { ...request, turn: `${view.id} ${ask.step}` }, report };
  }
}

type Fits = Extract<Layout, { type: "fits" }>;

function requestOf(
  {
    view,
    plan,
    turns,
    offered,
    model,
  }: Pick<Laid, "turns" | "offered"> & { model: LanguageModel; view: RunView; plan: ExecutionPlan },
  { shown, report, holdsRecalled }: Fits,
): { readonly request: ModelRequest; readonly report: ContextReport } {
  const { coveredThrough } = report;
  const history = plan.history ?? NO_HISTORY;
  const cover = coveredThrough === 0 ? undefined : { through: coveredThrough, summary: summaryIn(view, history)?.text };
  const given = holdsRecalled ? view : { ...view, prompt: withoutRecalled(view) };
  const before = history.position.turns;
  const { messages, requestAt } = messagesOf(given, { shown, turns, before, model }, cover);
  const note = shown.at(-1)?.turn.results.at(-1)?.note ?? "";
  const warnings = [note, lastTurnIsEmpty(view) ? "the last answer was empty" : ""].filter((warning) => warning !== "");
  return {
    request: {
      system: view.system,
      messages,
      tools: offered.map((tool) => ({
        name: modelToolName(tool),
        description: tool.description,
        inputSchema: tool.inputSchema,
      })),
      settings: plan.settings,
      answerSchema: offered.length === 0 ? enforceable(view.outputSchema ?? plan.outputSchema) : undefined,
      requestAt,
      turnsLeftOut: taken(view) - messages.slice(requestAt).filter(({ role }) => role === "assistant").length,
    },
    report: { ...report, warnings },
  };
}

/**
 * The schema, where every provider can hold its model to it: some take none beside tools, and some know only objects. The
 * system prompt has it in any case.
 */
const enforceable = (schema: JsonObject | undefined): JsonObject | undefined =>
  schema?.["type"] === "object" ? schema : undefined;

type Laid = {
  readonly layout: Layout;
  readonly turns: readonly DialogueTurn[];
  readonly offered: readonly Tool[];
  readonly window: Window;
};

function layoutFor({ model }: ContextDeps, plan: ExecutionPlan, ask: ContextAsk, view: RunView): Laid {
  const settings = plan.context ?? DEFAULT_CONTEXT;
  const history = plan.history ?? NO_HISTORY;
  const last = lastReport(view);
  const before = marksOf(view, history, last?.report);
  const notes = notesOf(view, history, before.coveredThrough, plan.loops ?? DEFAULT_LOOP_GUARD);
  const own = turnsSince(view, before.coveredThrough, (_steps, turn) => notes.get(turn) ?? "", history.position);
  const past = history.turns.filter(({ turn }) => turn > before.coveredThrough);
  const turns = [...past.map((turn) => withFileTokens(turn, model)), ...own];
  const summary = summaryIn(view, history);
  const window = windowOf(model, settings, { last, refused: ask.window });
  const recalled = recalledIn(view) ? estimateTokens(view.recalled) : 0;
  const isUnbounded = past.length === 0 || settings.strategy === "full" || view.thread?.isWhole === true;
  const layWith = (offered: readonly Tool[]): Layout =>
    layOut({
      window: window.tokens,
      windowFrom: window.from,
      reserve: reserveOf(model, plan, window.tokens),
      correction: last?.correction ?? 1,
      fixed: {
        system: estimateTokens(view.system),
        tools: toolsTokens(offered),
        recalled,
        task:
          Math.max(0, estimateTokens(view.prompt) - recalled) +
          tokensOf(sentFiles(view.files, model.limits)) +
          pendingInputs(view).reduce((sum, { text }) => sum + estimateTokens(text), 0),
      },
      turns,
      before,
      summary: summary && { coversThrough: summary.coversThrough, tokens: estimateTokens(summary.text) },
      strategy: settings.strategy,
      keepTurns: settings.keepTurns,
      summaryTokensMax: settings.summaryTokensMax,
      dialogueTokensMax: isUnbounded ? undefined : settings.historyTokensMax + own.reduce(addTokens, 0),
      readOn: (call) => `${modelToolName(READ_RESULT)} {"call": ${call}}`,
    });
  const layout = layWith(ask.offered);
  const lacksReading = layout.type === "fits" && shortens(layout.report) && !ask.offered.includes(READ_RESULT);
  if (!lacksReading) return { layout, turns, offered: ask.offered, window };
  // What was shortened can be read on, so the tool for that is there from the same turn on.
  const offered = [...ask.offered, READ_RESULT];
  return { layout: layWith(offered), turns, offered, window };
}

const addTokens = (sum: number, { tokens, results }: DialogueTurn): number =>
  results.reduce((all, result) => all + result.tokens, sum + tokens);

const withFileTokens = (turn: DialogueTurn, { limits }: LanguageModel): DialogueTurn =>
  turn.asked === undefined || turn.askedFiles.length === 0
    ? turn
    : { ...turn, asked: { ...turn.asked, fileTokens: tokensOf(sentFiles(turn.askedFiles, limits)) } };

/** The newest summary of the thread up to here. */
const summaryIn = (view: RunView, { summary }: History) => view.summaries.at(-1) ?? summary;

const tokensOf = (files: ReturnType<typeof sentFiles>): number =>
  files.reduce((sum, { mediaType, bytes }) => sum + fileTokens(mediaType, bytes, IMAGE_TOKENS), 0);

/** Whether something of the dialogue is missing in the request. */
const shortens = ({ coveredThrough, shortenedThrough, parts }: ContextReport): boolean =>
  coveredThrough > 0 || shortenedThrough > 0 || parts.some(({ action }) => action === "shortened");

/** Whether the prompt has what was recalled as it was; a template may have made something else of it. */
const recalledIn = ({ prompt, recalled }: RunView): boolean => recalled !== "" && prompt.includes(recalled);

const withoutRecalled = ({ prompt, recalled }: RunView): string =>
  prompt.split(recalled).join("(left out: it did not fit)");

const NO_NOTES: ReadonlyMap<number, string> = new Map();

/** Turns that a model finished. */
const taken = ({ steps }: RunView): number =>
  steps.filter((step) => step.kind === "model" && step.end.state === "done").length;

/** Only the run's own turns are looked at for loops. */
function notesOf(view: RunView, { position }: History, after: number, guard: LoopGuard): ReadonlyMap<number, string> {
  if (taken(view) < 2) return NO_NOTES;
  return loopNotes(
    turnsSince(view, after, () => "", position),
    guard,
  );
}

type LastReport = { readonly report: ContextReport; readonly model: string; readonly correction: number };

const isReported = (step: RunStep): step is ModelStep & { readonly context: ContextReport } =>
  step.kind === "model" && step.context !== undefined;

/** Parts of the run's last request, and the tokens that its provider counted beyond the estimate. */
function lastReport(view: RunView): LastReport | undefined {
  const last = view.steps.findLast(isReported);
  if (last === undefined) return undefined;
  const counted = view.steps.findLast((step) => isReported(step) && step.end.state === "done");
  const input = counted?.kind === "model" && counted.end.state === "done" ? counted.end.usage.inputTokens : undefined;
  const estimate = counted?.kind === "model" ? (counted.context?.estimate ?? 0) : 0;
  const ratio = input === undefined || estimate < 200 ? 1 : input / estimate;
  return { report: last.context, model: last.model, correction: Math.min(CORRECTION_MAX, Math.max(1, ratio)) };
}

const marksOf = (view: RunView, history: History, report: ContextReport | undefined): TruncationPoints => {
  const start = report ?? history.points;
  // A summary that was made for a request which a stop of the server then prevented holds too.
  const coveredThrough = Math.max(start.coveredThrough, view.summaries.at(-1)?.coversThrough ?? 0);
  return { coveredThrough, shortenedThrough: Math.max(start.shortenedThrough, coveredThrough) };
};

type Window = { readonly tokens: number; readonly from: WindowOrigin };

function windowOf(
  model: LanguageModel,
  settings: ContextSettings,
  { last, refused }: { readonly last: LastReport | undefined; readonly refused: number | undefined },
): Window {
  if (refused !== undefined) return { tokens: refused, from: "refused" };
  const own: Window =
    model.limits === undefined
      ? { tokens: settings.defaultWindowTokens, from: "default" }
      : { tokens: model.limits.contextTokens, from: "model" };
  const { windowTokens } = settings;
  const asked: Window =
    windowTokens !== undefined && (windowTokens < own.tokens || own.from === "default")
      ? { tokens: windowTokens, from: "agent" }
      : own;
  const learned = last?.report.windowFrom === "refused" && last.model === model.id ? last.report.window : undefined;
  return learned !== undefined && learned < asked.tokens ? { tokens: learned, from: "refused" } : asked;
}

function reserveOf(model: LanguageModel, plan: ExecutionPlan, window: number): number {
  const asked = plan.context?.reserveTokens ?? plan.settings.outputTokensMax;
  const { outputTokens } = model.limits ?? DEFAULT_MODEL_LIMITS;
  const part = Math.floor(window * RESERVE_PART);
  return asked === undefined ? Math.min(outputTokens, RESERVE_MAX, part) : Math.min(asked, Math.floor(window / 2));
}

/** The window to try with once a provider has said that a request is too long which was thought to fit. */
export function shrunkWindow(view: RunView, turn: number, lastWasRefused: boolean): number | undefined {
  const step = view.steps.findLast((each) => each.kind === "model" && each.turn === turn);
  const report = step?.kind === "model" ? step.context : undefined;
  if (report === undefined || !lastWasRefused) return report?.window;
  const { estimate, correction, reserve, window } = report;
  return Math.floor(Math.min(estimate * correction * SHRINK + reserve, window * SHRINK));
}

const FROM: { readonly [From in WindowOrigin]: string } = {
  model: "as the model says",
  agent: "as the agent's definition says",
  default: "the server's default, since the window of the model is unknown",
  refused: "since the provider refused more",
};

function tooLong(
  { takes, room }: Extract<Layout, { type: "too-long" }>,
  plan: ExecutionPlan,
  { tokens, from }: Window,
): ModelFailure {
  const list = takes.map(({ what, tokens: each }) => `${what} ${each}`).join(", ");
  const total = takes.reduce((sum, part) => sum + part.tokens, 0);
  const largest = takes.toSorted((one, other) => other.tokens - one.tokens)[0]?.what ?? "request";
  const where = from === "agent" ? `raise window in [context] of ${plan.agent}` : "choose a model with a larger window";
  const unknown = from === "default" ? ", say what it takes with context.default_window in caxton.toml" : "";
  const how =
    plan.context?.strategy === "full"
      ? `set strategy = "summarize" in [context] of ${plan.agent}`
      : `make this smaller: ${largest}`;
  return {
    class: "context_too_long",
    message: `nothing was sent, since it does not fit: about ${total} tokens (${list}), and room for ${room} in a window of ${tokens} (${FROM[from]}); ${where}${unknown}, or ${how}`,
    status: undefined,
    retryAfterMs: undefined,
  };
}
