import { boundedSummary, extractSummary, SUMMARY_SYSTEM, summaryPrompt, type Turn } from "../context/index.ts";
import { DEFAULT_CONTEXT } from "../../agents/definitions/index.ts";
import type { Clock } from "../../kernel/clock.ts";
import {
  DEFAULT_MODEL_LIMITS,
  type LanguageModel,
  type ModelRequest,
  type ModelSettings,
  type ModelUsage,
} from "../../models/port/index.ts";
import { type RunRecord, type RunEvent, type ExecutionPlan, type RunView } from "../record/index.ts";
import { cutOff } from "./cut-off.ts";
import { providerOf } from "./run-models.ts";
import { hasUsage, type Meter, type TurnPermit, NO_USAGE } from "../spending/index.ts";

export type SummarizeDeps = {
  readonly recorder: RunRecord;
  /** The model that writes summaries. Rejects with UnknownModelError. */
  readonly summarizer: () => Promise<LanguageModel>;
  readonly meter: Pick<Meter, "forTurn">;
  readonly clock: Clock;
};

export type SummaryTask = { readonly view: RunView; readonly step: number; readonly turns: readonly Turn[] };

type SummaryInput = Parameters<typeof summaryPrompt>[0];
type Written = Pick<
  Extract<RunEvent, { type: "context-summary" }>,
  "model" | "degraded" | "usage" | "durationMs" | "cost" | "charged"
> & {
  /** Empty when no model could write it. */
  readonly text: string;
};
type Writing = {
  readonly written: Written;
  /** Gives back what was reserved for it, once it is on disk. */
  readonly release: () => void;
};

/** Of the summarizer's window, what it is given to read. */
const INPUT_PART = 0.8;

/** Writes notes that stand for turns, and journals them. Without a model that can, they are excerpts, and say so. */
export async function summarize(
  deps: SummarizeDeps,
  plan: ExecutionPlan,
  { view, step, turns }: SummaryTask,
  signal: AbortSignal,
): Promise<"made" | "stopped"> {
  const { summaryTokensMax: tokensMax } = plan.context ?? DEFAULT_CONTEXT;
  const input = {
    task: view.prompt,
    before: (view.summaries.at(-1) ?? plan.history?.summary)?.text ?? "",
    turns,
    tokensMax,
  };
  const { written, release } = await write(deps, { ...plan, settings: settingsOf(plan, view) }, input, signal);
  try {
    if (signal.aborted) {
      const { charged, model, cost, usage } = written;
      const asked = { step, model: charged ?? model, attempt: 1, queuedMs: 0 };
      if (cost) await deps.recorder.append(cutOff(asked, { usage, cost }));
      return "stopped";
    }
    const { text, ...rest } = written;
    await deps.recorder.append({
      type: "context-summary",
      step,
      coversThroughTurn: turns.at(-1)?.turn ?? 0,
      ...rest,
      content: { text: text === "" ? extractSummary(input) : text },
    });
    return "made";
  } finally {
    release();
  }
}

const failed = (degraded: string): Written => ({ text: "", model: "", degraded, usage: NO_USAGE, durationMs: 0 });
const unwritten = (degraded: string): Writing => ({ written: failed(degraded), release: () => undefined });

/** Headers and options of a definition go to its own model's provider alone, whichever model writes summaries. */
const settingsOf =
  ({ settings }: ExecutionPlan, { modelInUse, requestedModel, steps }: RunView) =>
  ({ id }: LanguageModel): ModelSettings => {
    const own = steps.findLast((step) => step.kind === "model")?.model;
    const isOwn =
      modelInUse === null && requestedModel === null && own !== undefined && providerOf(own) === providerOf(id);
    return isOwn ? settings : { ...settings, headers: {}, options: undefined };
  };

async function write(
  deps: SummarizeDeps,
  plan: Omit<ExecutionPlan, "settings"> & { readonly settings: ReturnType<typeof settingsOf> },
  input: SummaryInput,
  signal: AbortSignal,
): Promise<Writing> {
  let model: LanguageModel;
  try {
    model = await deps.summarizer();
  } catch (error) {
    return unwritten(error instanceof Error ? error.message : String(error));
  }
  if (/^mock(\/|$)/.test(model.id)) return unwritten("the built-in model cannot summarize");
  const { contextTokens } = model.limits ?? DEFAULT_MODEL_LIMITS;
  const inputTokensMax = Math.floor(contextTokens * INPUT_PART) - input.tokensMax;
  const request: ModelRequest = {
    system: SUMMARY_SYSTEM,
    messages: [{ role: "user", text: summaryPrompt(input, inputTokensMax) }],
    tools: [],
    settings: { ...plan.settings(model), outputTokensMax: input.tokensMax * 2, cacheKey: undefined },
  };
  const permit = await deps.meter.forTurn(model, request, 0, signal);
  if (permit.type === "stopped") return unwritten("stopped");
  if (permit.type === "refused") return unwritten(permit.failure.message);
  try {
    return { written: await ask({ ...deps, model }, permit, input.tokensMax), release: permit.release };
  } catch (error) {
    permit.release();
    throw error;
  }
}

async function ask(
  { model, clock }: SummarizeDeps & { readonly model: LanguageModel },
  { request, signal, charge }: Extract<TurnPermit, { type: "granted" }>,
  tokensMax: number,
): Promise<Written> {
  const startedMs = clock.monotonicMs();
  let text = "";
  const charging = async (degraded: string, usage: ModelUsage = NO_USAGE): Promise<Written> => {
    if (text === "" && !hasUsage(usage)) return failed(degraded);
    const cost = await charge({ text, toolCalls: [], usage });
    return { ...failed(degraded), usage, cost, charged: model.id };
  };
  for await (const part of model.stream(request, signal)) {
    if (part.type === "text-delta") text += part.text;
    if (part.type === "error") return charging(`${model.id}: ${part.failure.message}`, part.usage);
    if (part.type === "finish") {
      const { usage } = part;
      const cost = await charge({ text, toolCalls: [], usage });
      const bounded = boundedSummary(text, tokensMax);
      const degraded = bounded === "" ? `${model.id} wrote an empty summary` : "";
      return { text: bounded, model: model.id, degraded, usage, cost, durationMs: clock.monotonicMs() - startedMs };
    }
  }
  return charging(`${model.id} did not finish the summary`);
}
