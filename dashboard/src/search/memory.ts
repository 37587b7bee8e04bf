import { flag, number, oneOf, type Raw, words } from "./values.ts";

export const SEARCH_MODES = ["hybrid", "semantic", "keyword"] as const;
export const HIT_LIMITS = [5, 10, 20, 50] as const;
export const MEMORY_TABS = ["known", "store"] as const;

export type MemorySearch = {
  readonly tab?: (typeof MEMORY_TABS)[number] | undefined;
  /** What is asked; without it entities are listed by name. */
  readonly q?: string | undefined;
  readonly mode?: (typeof SEARCH_MODES)[number] | undefined;
  /** Without it every scope. */
  readonly scope?: string | undefined;
  readonly type?: string | undefined;
  readonly limit?: number | undefined;
  /** Whether what is related to hits is found too. */
  readonly related?: true | undefined;
  /** When it must hold: an instant, `now` or `any`; without it a list has what holds whenever, a search what does now. */
  readonly at?: string | undefined;
  /** Who said something of it. */
  readonly agent?: string | undefined;
  /** What its metadata must have, as `key=value, key=value`. */
  readonly about?: string | undefined;
  /** About so many tokens of entities at most. */
  readonly tokens?: number | undefined;
  /** How near in meaning is near enough, in percent. */
  readonly near?: number | undefined;
};
export const memorySearch = (raw: Raw): MemorySearch => ({
  tab: oneOf(MEMORY_TABS, raw["tab"]),
  q: words(raw["q"]),
  mode: oneOf(SEARCH_MODES, raw["mode"]),
  scope: words(raw["scope"]),
  type: words(raw["type"]),
  related: flag(raw["related"]),
  limit: HIT_LIMITS.find((limit) => limit === number(raw["limit"])),
  at: time(raw["at"]),
  agent: words(raw["agent"]),
  about: words(raw["about"]),
  tokens: number(raw["tokens"]),
  near: percent(raw["near"]),
});

export type EntitySearch = {
  /** How many steps around it are drawn; without it one. */
  readonly depth?: number | undefined;
};
export const entitySearch = (raw: Raw): EntitySearch => ({
  depth: [2, 3].find((depth) => depth === number(raw["depth"])),
});

const percent = (value: unknown): number | undefined => {
  const given = number(value);
  return given === undefined || given > 100 ? undefined : given;
};

/** Anything else in an address would be refused by the server, without a field at which to say so. */
function time(value: unknown): string | undefined {
  const given = words(value);
  if (given === undefined || given === "any" || given === "now") return given;
  const ms = Date.parse(given);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}
