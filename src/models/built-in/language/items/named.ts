import type { Column, Table } from "../columns.ts";
import { type Item, item } from "./item.ts";
import { isUnit } from "./units.ts";
import { AGGREGATE_WORDS, rowNounsOf, synonymsOf } from "../vocabulary.ts";
import { NOISE, stem, type Word } from "../words.ts";

type NamedColumn = { readonly item: Item; readonly rank: "whole" | "part" };

/** The columns that the words at a place name, by all of a name's parts or by one that no other column has. */
export function columnAt(words: readonly Word[], at: number, table: Table): NamedColumn | undefined {
  for (const length of [5, 4, 3, 2, 1]) {
    const span = words.slice(at, at + length);
    if (span.length < length || span.slice(1).some(({ opens }) => opens)) continue;
    const spare = (word: string) => SPARE.has(word) && !table.columns.some(({ parts }) => parts.includes(stem(word)));
    const bare = span.filter(({ lower }, place) => place === 0 || !spare(lower));
    const found = table.columns.map((column) => ({ column, score: nameScore(column, bare) }));
    const best = Math.max(...found.map(({ score }) => score));
    if (best === 0) continue;
    const columns = found.filter(({ score }) => score === best).map(({ column }) => column);
    const aggregate = span.flatMap(({ lower }) => AGGREGATE_WORDS[lower] ?? [])[0];
    return {
      item: item("c", at, at + length, { columns, aggregate: best >= 3 ? aggregate : undefined }),
      rank: best >= 3 ? "whole" : "part",
    };
  }
  return undefined;
}

const MONEY =
  /^(?:amount|total|revenue|sale|cost|price|charge|fee|fare|salary|income|wage|budget|spend|spent|payment|expense|expenditure|bill|fine|grant|usd|eur|gbp|dollar|euro)$/;
const NO_MONEY =
  /^(?:unit|discount|tax|shipping|tip|bonus|number|count|minute|min|hour|day|night|call|score|point|goal|rating|population|item|quantity|case|vote|visitor|id|pct|percent)$/;
const WHOLE = /^(?:total|amount|revenue)$/;

/** The one column of a table that holds amounts of money, of several the one of totals. */
export function moneyOf({ columns }: Table): Column | undefined {
  const found = columns.filter(
    ({ name, type, parts, unit }) =>
      type === "number" &&
      !parts.some((part) => NO_MONEY.test(part)) &&
      (parts.some((part) => MONEY.test(part)) || /^(?:[$€£]|usd|eur|gbp)$/i.test(unit ?? "") || /[$€£]/.test(name)),
  );
  const whole = found.length > 1 ? found.filter(({ parts }) => parts.some((part) => WHOLE.test(part))) : found;
  return whole.length === 1 ? whole[0] : undefined;
}

/** Nouns that mean something else without the words before them: a cost is not a shipping cost. */
const HEADS = new Set("cost fee amount charge tax time number".split(" "));
const NEUTRAL = new Set("unit total usd value running min minute".split(" "));
export const isOthers = (parts: readonly string[], head: string): boolean =>
  HEADS.has(head) && parts.some((part) => part !== head && !NEUTRAL.has(part) && !synonymsOf(part).includes(head));
/** Nouns after a column's name that add nothing: "weather type", "wind speed". */
const SPARE = new Set(
  "type kind category status class speed level amount percentage consumption usage use price".split(" "),
);
const LINKING = new Set(["of", "the", "in", "for"]);

/** 4: the very name, 3: all parts, 2: some parts, 1: some parts by another word for them, 0: not meant. */
function nameScore({ name, parts }: Column, span: readonly Word[]): number {
  const first = span[0];
  const last = span.at(-1);
  if (first === undefined || last === undefined || LINKING.has(first.lower) || LINKING.has(last.lower)) {
    return span.map(({ lower }) => lower).join(" ") === name.toLowerCase() && !NOISE.has(name.toLowerCase()) ? 4 : 0;
  }
  if (span.length === 1 && first.lower === name.toLowerCase()) return 4;
  if (
    span.length === 1 &&
    /^(?:sqft|sqm|kwh|mwh)$/.test(first.lower) &&
    name
      .toLowerCase()
      .split(/[^a-z0-9]+/)
      .includes(first.lower)
  )
    return 1;
  const bare = span.filter(
    ({ lower }, at) =>
      (!LINKING.has(lower) || parts.includes(lower)) &&
      (at === 0 || parts.includes(lower) || !isMeasureWord(lower, name)),
  );
  const hits = bare.map((word) => partHit(parts, word));
  if (hits.some(({ weight }) => weight === 0)) return 0;
  const covered = new Set(hits.flatMap(({ at }) => at));
  if (covered.size < bare.length && bare.length > 1) return 0;
  const exact = hits.every(({ weight }) => weight === 2);
  if (bare.every(({ stem: root }) => isOthers(parts, root))) return 0;
  if (covered.size === parts.length) return exact ? 3.5 : 3;
  return exact ? 2 : 1;
}

const TIMES = /(?:^|[_ ])(?:s|sec|secs|seconds|min|mins|minutes|h|hr|hrs|hours|days)\)?$/i;

/** Whether a word says only what a column is measured in: "resolution time" and "resolution hours" are resolution_hours. */
const isMeasureWord = (word: string, name: string) =>
  ((word === "time" || word === "duration") && TIMES.test(name)) ||
  (word.length > 1 &&
    isUnit(word) &&
    name
      .toLowerCase()
      .match(/[a-z0-9]+/g)
      ?.at(-1) === word);

function partHit(
  parts: readonly string[],
  { lower, stem: root }: Word,
): { readonly weight: number; readonly at: readonly number[] } {
  const same = parts.indexOf(root);
  if (same >= 0) return { weight: 2, at: [same] };
  const compound = lower.split(/[_-]/).map(stem);
  if (compound.length > 1 && compound.every((one) => parts.includes(one)))
    return { weight: 2, at: compound.map((one) => parts.indexOf(one)) };
  if (NOISE.has(lower)) return { weight: 0, at: [] };
  const near = parts.findIndex(
    (part) => isInflected(part, lower) || (synonymsOf(root).includes(part) && !parts.includes("unit")),
  );
  return near < 0 ? { weight: 0, at: [] } : { weight: 1, at: [near] };
}

const ENDINGS =
  /^(?:|e|s|r|rs|t|ts|tted|ssion|ssions|es|d|ed|ing|ly|er|ers|or|ors|ancy|ion|ions|ation|ations|tion|ption|al|ment|y|ity)$/;

/** Whether two words are forms of one: "remotely" and "remote", "cancellations" and "cancelled". */
export function isInflected(a: string, b: string): boolean {
  let common = 0;
  while (common < a.length && common < b.length && a[common] === b[common]) common += 1;
  if (common < 4 || (common < 5 && common < Math.min(a.length, b.length))) return false;
  const [one, other] = [a.slice(common), b.slice(common)];
  if (ENDINGS.test(one) && ENDINGS.test(other)) return true;
  const doubled = a[common - 1];
  return [one, other].every((rest) => ENDINGS.test(rest.startsWith(doubled ?? " ") ? rest.slice(1) : rest));
}

const GENERIC_NOUNS = ["row", "entry", "observation", "data-point", "instance", "record", "line"];
const PLAIN_NAMES = new Set(
  "data table sample export list final clean full raw report csv tsv new old all the and test".split(" "),
);
const ID_PARTS = new Set(["id", "no", "number", "num", "code", "key", "identifier", "uuid", "ref"]);

/** Stems of the nouns for what a row is. */
export function rowNouns({ columns, rows }: Table, source: string): ReadonlySet<string> {
  const file = (source.split("/").at(-1) ?? "").replace(/\.\w+$/, "");
  const words = file.toLowerCase().match(/\p{L}+/gu) ?? [];
  const keys = columns.filter(
    ({ parts, distinct }) =>
      parts.length > 1 && ID_PARTS.has(parts.at(-1) ?? "") && rows !== undefined && distinct === rows,
  );
  const named = [
    ...words.filter((one) => one.length > 2 && !PLAIN_NAMES.has(one)).slice(-2),
    ...keys.map(({ parts }) => parts[0] ?? ""),
  ]
    .map(stem)
    .flatMap(rowNounsOf);
  const persons = columns.some(({ parts }) => parts.some((part) => /^(?:age|sex|gender|salary)$/.test(part)));
  return new Set([
    ...GENERIC_NOUNS,
    ...named,
    ...(persons && !named.includes("penguin") ? ["person", "individual"] : []),
  ]);
}
