import type { Spend } from "../../../agents/budgets/index.ts";
import type { RunEvent } from "../run-event.ts";

type Used = Omit<Spend, "workspace" | "agent" | "day" | "model" | "ms"> & { readonly model: string };

const NOTHING_USED: Used = {
  model: "",
  modelCalls: 0,
  inputTokens: 0,
  outputTokens: 0,
  cachedInputTokens: 0,
  usdMicros: 0,
  unpricedCalls: 0,
  estimatedCalls: 0,
  toolCalls: 0,
  fuel: 0,
};

/** Amounts that an event spends, except time. */
function usedBy(event: RunEvent): Used {
  if (event.type === "tool-end") return { ...NOTHING_USED, toolCalls: 1, fuel: event.fuel };
  if (event.type !== "model-end" && event.type !== "context-summary" && event.type !== "model-fail")
    return NOTHING_USED;
  const { cost, usage } = event;
  if (cost === undefined) return NOTHING_USED;
  const model = event.type === "context-summary" ? (event.charged ?? event.model) : event.model;
  return {
    ...NOTHING_USED,
    model,
    modelCalls: 1,
    inputTokens: cost.inputTokens,
    outputTokens: cost.outputTokens,
    cachedInputTokens: usage?.cachedInputTokens ?? 0,
    usdMicros: cost.usdMicros ?? 0,
    unpricedCalls: cost.usdMicros === null ? 1 : 0,
    estimatedCalls: cost.estimated ? 1 : 0,
  };
}

/** Events that only say that something begins: the time before them is counted with what ends it. */
const BEGINS: ReadonlySet<RunEvent["type"]> = new Set([
  "run-queue",
  "run-start",
  "model-start",
  "tool-start",
  "tool-hold",
  "tool-begin",
]);

/**
 * Derives from a run's events, as they are written, the amounts that each used. One meter for each attempt, created at
 * its start.
 */
export class SpendMeter {
  readonly #run: Pick<Spend, "workspace" | "agent">;
  #countedUntilMs: number;
  #isPaused = false;

  constructor(run: Pick<Spend, "workspace" | "agent">, beginMs: number) {
    this.#run = run;
    this.#countedUntilMs = beginMs;
  }

  /** Time that has passed since the spend before. */
  uncountedMs(nowMs: number): number {
    return this.#isPaused ? 0 : Math.max(0, nowMs - this.#countedUntilMs);
  }

  /** Undefined when it used nothing. Call it once for each event, in order. */
  spendOf(event: RunEvent, atMs: number, day: string): Spend | undefined {
    if (BEGINS.has(event.type)) return undefined;
    const ms = this.uncountedMs(atMs);
    this.#countedUntilMs = Math.max(atMs, this.#countedUntilMs);
    // Time spent waiting for a person is not charged.
    if (event.type === "run-ask") this.#isPaused = true;
    if (event.type === "run-answer") this.#isPaused = event.open > 0;
    const used = usedBy(event);
    const isNothing = ms === 0 && used.modelCalls === 0 && used.toolCalls === 0;
    return isNothing ? undefined : { ...this.#run, day, ...used, ms };
  }
}
