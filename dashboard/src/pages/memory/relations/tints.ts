/** Colors that are distinguishable in both themes, and the color of all other types. */
const TINTS = ["bg-model", "bg-tool", "bg-warn", "bg-bad", "bg-good"] as const;
export const OTHER = "bg-line-strong";

/** A colour for each of the commonest types, the commonest first. */
export function tintsOf(types: readonly string[]): ReadonlyMap<string, string> {
  const counts = Map.groupBy(types, (type) => type);
  const commonest = [...counts].toSorted(([one, a], [other, b]) => b.length - a.length || one.localeCompare(other));
  return new Map(commonest.slice(0, TINTS.length).map(([type], at) => [type, TINTS[at] ?? OTHER]));
}

export const tintOf = (tints: ReadonlyMap<string, string>, type: string | undefined): string =>
  tints.get(type ?? "") ?? OTHER;
