import { doubt, type Draft, isAdditive, isUnclear } from "./draft.ts";
import type { Item } from "../items/item.ts";
import type { Expression, Figure } from "./plan.ts";

/** "How much did we earn in fees" means all of them rather than the mean fee. */
const isEarned = (draft: Draft, { columns: [column] }: Expression): boolean =>
  column === draft.money &&
  !isAdditive({ text: "", columns: column === undefined ? [] : [column] }) &&
  draft.symbols.startsWith("k") &&
  draft.words.some(({ lower }) =>
    /^(?:earn|earned|spend|spent|pay|paid|make|made|collect|collected|raise|raised)$/.test(lower),
  );

/** Aggregates go with the columns that follow them, or with the one column before: "mean price and age", "price on average". */
export function readFigures(draft: Draft): readonly Figure[] {
  const figures: Figure[] = [];
  let aggregates: readonly Item[] = [];
  let last: Item | undefined;
  let used = true;
  for (const one of draft.items) {
    if (one.symbol === "a") {
      aggregates = used ? [one] : [...aggregates, one];
      used = false;
    }
    if (one.symbol !== "c") continue;
    if (last !== undefined && last.to === one.from && draft.words[one.from]?.opens === false)
      doubt(draft.unused([last]));
    const either =
      one.aggregate === undefined &&
      draft.isNumeric(one) &&
      (isUnclear(draft.expression(one)) || isEarned(draft, draft.expression(one)))
        ? (["sum", "mean"] as const)
        : [undefined];
    const own = aggregates.length > 0 ? aggregates.map(({ aggregate }) => aggregate) : either;
    figures.push(...own.map((aggregate) => draft.figure(one, aggregate)));
    last = one;
    used = true;
  }
  const named = last;
  if (used || named === undefined || figures.some(({ of }) => of?.text !== figures[0]?.of?.text)) return figures;
  return aggregates.map(({ aggregate }) => draft.figure(named, aggregate));
}
