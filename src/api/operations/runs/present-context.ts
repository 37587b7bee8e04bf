import type * as contract from "../../contract/index.ts";
import type { RunView } from "../../../runs/index.ts";

/** What went into a request, as the wire shows it. */
export const presentContext = (
  context: NonNullable<Extract<RunView["steps"][number], { kind: "model" }>["context"]>,
): contract.StepContext => ({
  window: context.window,
  window_from: context.windowFrom,
  reserve: context.reserve,
  estimate: context.estimate,
  shortened_through: context.shortenedThrough,
  covered_through: context.coveredThrough,
  degraded: context.degraded,
  parts: context.parts.map((part) => ({ ...part })),
  warnings: [...context.warnings],
});

export const presentSummaryNote = (note: RunView["summaries"][number]): contract.RunDetail["summaries"][number] => ({
  turn: note.turn,
  covers_through: note.coversThrough,
  text: note.text,
  model: note.model === "" ? null : note.model,
  degraded: note.degraded,
  input_tokens: note.inputTokens ?? null,
  output_tokens: note.outputTokens ?? null,
  duration_ms: note.durationMs,
  created_at: new Date(note.atMs).toISOString(),
});
