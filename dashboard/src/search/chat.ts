import { timeRange, type TimeRange } from "./time-range.ts";
import { type Raw, words } from "./values.ts";

export type ChatSearch = TimeRange & {
  readonly q?: string | undefined;
  readonly agent?: string | undefined;
  readonly tag?: string | undefined;
};
export const chatSearch = (raw: Raw): ChatSearch => ({
  q: words(raw["q"]),
  agent: words(raw["agent"]),
  tag: words(raw["tag"]),
  ...timeRange(raw),
});
