export { type Layout, type LayoutInput, type TruncationPoints, layOut } from "./layout.ts";
export { type ContextPart, type WindowOrigin, ContextReport } from "./report.ts";

export {
  type SummaryInput,
  boundedSummary,
  coverText,
  extractSummary,
  SUMMARY_REQUEST,
  SUMMARY_SYSTEM,
  summaryPrompt,
} from "./summary.ts";
export type { ShownResult, ShownTurn, Turn, TurnCall, TurnResult } from "./turn.ts";
