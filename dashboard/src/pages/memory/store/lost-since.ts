import type { MemoryChange } from "../../../../../src/api/contract/index.ts";

/** What a restore undoes; what was forgotten stays forgotten, so it is not among it. */
export type Undone = Exclude<MemoryChange["action"], "forget">;

/** How often each thing was done since a moment; `isAll` is false when there may be more than the changes that were read. */
export function lostSince(
  changes: readonly Pick<MemoryChange, "action" | "at">[],
  { at, hasMore }: { readonly at: string; readonly hasMore: boolean },
): { readonly counts: readonly (readonly [Undone, number])[]; readonly isAll: boolean } {
  const since = changes.filter((change) => Date.parse(change.at) > Date.parse(at));
  const groups = Map.groupBy(since, ({ action }) => action);
  return {
    counts: [...groups].flatMap(([action, group]) => (action === "forget" ? [] : [[action, group.length] as const])),
    isAll: !hasMore || since.length < changes.length,
  };
}
