import { flag, number, oneOf, type Raw, words } from "./search-values.ts";

export const SEARCH_MODES = ["hybrid", "semantic", "keyword"] as const;
export const HIT_LIMITS = [5, 10, 20, 50] as const;

export type MemorySearch = {
  /** What is asked; without it entities are listed by name. */
  readonly q?: string | undefined;
  readonly mode?: (typeof SEARCH_MODES)[number] | undefined;
  /** Without it every scope. */
  readonly scope?: string | undefined;
  readonly type?: string | undefined;
  readonly limit?: number | undefined;
  /** Whether what is related to hits is found too. */
  readonly related?: true | undefined;
};
export const memorySearch = (raw: Raw): MemorySearch => ({
  q: words(raw["q"]),
  mode: oneOf(SEARCH_MODES, raw["mode"]),
  scope: words(raw["scope"]),
  type: words(raw["type"]),
  related: flag(raw["related"]),
  limit: HIT_LIMITS.find((limit) => limit === number(raw["limit"])),
});
