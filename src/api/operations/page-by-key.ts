/** Returns one page of a list in memory, in its order, after the item whose key is `cursor`. */
export function pageByKey<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  { cursor, limit }: { readonly cursor?: string | undefined; readonly limit: number },
): { items: Item[]; next: string | null } {
  const after = cursor === undefined ? items : items.filter((item) => keyOf(item) > cursor);
  const shown = after.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown, next: after.length > limit && last !== undefined ? keyOf(last) : null };
}
