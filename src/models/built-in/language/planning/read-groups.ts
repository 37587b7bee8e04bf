import { isOwner } from "./read-values.ts";
import { type Draft, doubt, isTimeKey, PERSONS, type Made } from "./draft.ts";
import { isFlag, NO_COLUMN, textOf } from "../columns.ts";
import type { Item } from "../items/item.ts";
import type { Key } from "./plan.ts";
import { listed } from "../wording.ts";

/** Grouping of rows, and words that only seem to group them: "by card", "a month", "when it is foggy". */
export function readGroups(draft: Draft) {
  draft.reduce(/pF/, ([by, value]) =>
    by !== undefined && value !== undefined && draft.text(by.from, by.to) === "by" ? [value] : undefined,
  );
  draft.reduce(/acpr/, (matched) => matched.slice(0, 2));
  draft.reduce(/NF/, ([when, value]) => (value === undefined || when?.from === 0 ? undefined : [value]));
  draft.reduce(/[rcF][Ww]c/, ([noun, , named]) =>
    noun !== undefined && named !== undefined && isFlag(named.columns[0] ?? NO_COLUMN) !== undefined
      ? [noun, named]
      : undefined,
  );
  readWho(draft);
  readKeys(draft);
}

/** "passengers who survived", "who earns the most". */
function readWho(draft: Draft) {
  draft.reduce(/[rcF][Ww](?![cbs])/, ([noun]) => (noun === undefined ? undefined : [noun]));
  draft.reduce(/T[c]/, ([, named]) =>
    named?.columns.every(({ type, parts }) => type === "date" || parts.includes("year")) === true
      ? groupBy(draft, [named])
      : undefined,
  );
  // "Who is Ann's manager?"
  draft.reduce(/WFc/, ([who, value, named]) =>
    who !== undefined && value !== undefined && named !== undefined && isOwner(draft, value)
      ? [{ ...who, symbol: "w" }, value, named]
      : undefined,
  );
  draft.reduce(/W[cr]?/, ([who, target]) => {
    if (who === undefined) return undefined;
    const which: Item = { ...who, symbol: "w" };
    const named = (target?.columns ?? []).filter(({ type }) => type === "text");
    if (target !== undefined && named.length > 0 && isFlag(named[0] ?? NO_COLUMN) === undefined)
      return [which, { ...target, columns: named }];
    const persons = draft.table.columns.filter(
      ({ type, parts }) => type === "text" && parts.some((part) => PERSONS.has(part)),
    );
    if (persons.length === 0 && /[gto]/.test(draft.symbols)) return [which, ...(target === undefined ? [] : [target])];
    if (persons.length === 0) return doubt("I found no column that names people.");
    return [which, { ...who, symbol: "c", columns: persons.slice(0, 1) }, ...(target === undefined ? [] : [target])];
  });
}

/** "per species", "by month and region", "monthly". */
function readKeys(draft: Draft) {
  const ranked = /s/.test(draft.symbols);
  draft.reduce(/p(?:a?c|hr?|r)/, (matched) => {
    const last = matched.at(-1);
    if (draft.symbols.includes("e") && matched[1]?.symbol === "h") return matched.slice(1);
    if (last === undefined || !ranked) return undefined;
    const measured =
      matched.length > 2 || last.symbol === "h" || last.symbol === "r" || (draft.isNumeric(last) && !draft.isKey(last));
    const first = matched[0];
    return measured && first !== undefined ? [{ ...first, symbol: "y" }, ...matched.slice(1)] : undefined;
  });
  draft.reduce(/p[cb](?:[&p]+[cb])*/, (matched) =>
    groupBy(
      draft,
      matched.filter(({ symbol }) => symbol === "c" || symbol === "b"),
    ),
  );
  draft.reduce(/T?b/, (matched) => {
    const bucket = matched.at(-1);
    if (bucket === undefined) return undefined;
    const word = draft.words[bucket.from]?.lower ?? "";
    if (matched.length === 1 && !/ly$|^annual/.test(word)) return undefined;
    return groupBy(draft, [bucket]);
  });
  // A change over time is a trend; a change between two times is no figure.
  if (draft.symbols.includes("T")) draft.items = draft.items.filter(({ symbol }) => symbol !== "V");
  if (draft.symbols.includes("T")) {
    draft.items = draft.items.filter(({ symbol }) => symbol !== "T");
    if (!draft.groups.some(isTimeKey)) draft.groups.unshift(timelineOf(draft));
  }
}

function groupBy(draft: Draft, items: readonly Item[]): Made {
  for (const key of items.map((one) => draft.key(one))) {
    if (!draft.groups.some(({ column, bucket }) => column === key.column && bucket === key.bucket))
      draft.groups.push(key);
  }
  return [];
}

/** Time along which a trend is shown: months of up to sixteen years, days of up to two months, otherwise years. */
function timelineOf(draft: Draft): Key {
  const dates = draft.table.columns.filter(({ type }) => type === "date");
  const years = draft.table.columns.filter(({ type, parts }) => type === "number" && parts.includes("year"));
  const [date, other] = dates;
  const [year] = years;
  if (date === undefined)
    return year === undefined || years.length > 1
      ? doubt("I found no column of dates or years for a trend.")
      : { column: year };
  if (other !== undefined)
    return doubt(
      `There are several columns of dates: ${listed(dates.map(({ name }) => name))}. Which one do you mean?`,
    );
  const days = (Date.parse(textOf(date.max)) - Date.parse(textOf(date.min))) / 86_400_000;
  return { column: date, bucket: days <= 62 ? "day" : days <= 16 * 366 ? "month" : "year" };
}
