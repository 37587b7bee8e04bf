export { type Layout, type LayoutInput, type TruncationPoints, layOut } from "./layout.ts";
export { type WindowOrigin, ContextReport } from "./report.ts";

export {
  boundedSummary,
  coverText,
  extractSummary,
  SUMMARY_REQUEST,
  SUMMARY_SYSTEM,
  summaryPrompt,
} from "./summary.ts";
export type { Asked, ShownTurn, Turn, TurnResult } from "./turn.ts";
