import type { MemoryFigures } from "../../../../src/api/contract/index.ts";

/** As many as one request may name. */
const SCOPES_MAX = 20;

/** What everybody sees first, then the scopes with the most in them; and how many of them are too many for one request. */
export function scopesToLookInto({ scopes }: Pick<MemoryFigures, "scopes">): {
  readonly scopes: readonly string[];
  readonly leftOut: number;
} {
  const others = scopes.toSorted((one, other) => other.entities - one.entities).map(({ scope }) => scope);
  const all = [...new Set(["workspace", "global", ...others])];
  return { scopes: all.slice(0, SCOPES_MAX), leftOut: Math.max(0, all.length - SCOPES_MAX) };
}
