import type { RunId, ToolCallId } from "../../kernel/ids.ts";
import type { ToolLogLine, ToolProgress } from "../../tools/catalogue/index.ts";
import type { JournalEntry } from "./run-event.ts";

/** A piece of a model's text or reasoning. `offset` counts the characters of its kind before it in the turn; 0 starts again. */
export type DraftPiece = {
  readonly type: "text-delta" | "reasoning-delta";
  readonly step: number;
  readonly offset: number;
  readonly text: string;
};
export type DraftDelta = DraftPiece & { readonly runId: RunId };

export const isDelta = (news: RunNews): news is DraftDelta =>
  news.type === "text-delta" || news.type === "reasoning-delta";

/** News of runs: journal entries once stored, and text and progress as they arrive, which are never stored. */
export type RunNews =
  | { readonly type: "entry"; readonly entry: JournalEntry }
  | DraftDelta
  | {
      readonly type: "tool-progress";
      readonly runId: RunId;
      readonly step: number;
      readonly callId: ToolCallId;
      readonly progress: ToolProgress;
    }
  | {
      readonly type: "tool-log";
      readonly runId: RunId;
      readonly step: number;
      readonly callId: ToolCallId;
      readonly lines: readonly ToolLogLine[];
    }
  /** A run below it, directly or not, waits for a person, or no longer does. */
  | { readonly type: "below"; readonly runId: RunId };

export type RunListener = (news: RunNews) => void;
