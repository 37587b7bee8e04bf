import type { ContextReport } from "../../context/index.ts";
import type { EventOf } from "../run-event.ts";

/** Notes that stand for turns of a run which no longer fit into its model's window. */
export type RunSummaryNote = {
  /** The turn that it was made before. */
  readonly turn: number;
  readonly coversThrough: number;
  readonly text: string;
  /** Empty when no model made it, and then `degraded` says why. */
  readonly model: string;
  readonly degraded: string;
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
  readonly durationMs: number;
  readonly atMs: number;
};

/** Context report of an attempt's request. */
export const contextOf = (event: EventOf<"model-start" | "model-end">): ContextReport | undefined =>
  event.type === "model-start" ? event.content?.context : undefined;

/** The note of a summary that the journal contains. */
export const summaryOf = (event: EventOf<"context-summary">, atMs: number): RunSummaryNote => ({
  turn: event.step,
  coversThrough: event.coversThroughTurn,
  text: event.content.text,
  model: event.model,
  degraded: event.degraded,
  inputTokens: event.usage.inputTokens,
  outputTokens: event.usage.outputTokens,
  durationMs: event.durationMs,
  atMs,
});
