import { type Column, isIdentity, type Table } from "./columns.ts";
import { matchColumns, type PlacedWord, rivals } from "./matching.ts";
import type { Ranking } from "./request.ts";
import { numberOf } from "./words.ts";

/** The columns a request groups by, with the indexes of the words that say so. */
export type Grouping = {
  readonly columns: readonly Column[];
  readonly at: readonly number[];
  /** Columns that fitted as well as one that was taken. */
  readonly rivals: readonly Column[];
  /** It asks for single rows: "the cheapest product" where every row is one. */
  readonly identity: boolean;
  /** The request wants every group, as with "per"; otherwise it may ask which group is first. */
  readonly every: boolean;
  /** A period such as "month" for which a column of dates stands in. */
  readonly period: string | undefined;
};

export const NO_GROUPS: Grouping = {
  columns: [],
  at: [],
  rivals: [],
  identity: false,
  every: false,
  period: undefined,
};

/** Words after which groups are named: "per island and sex", "by month", "for each shop". */
const MARKERS = new Set("per by each every across among groupwise".split(" "));
/** A noun phrase ends at these. */
const PHRASE_ENDS = new Set(
  (
    "has have had is are was were does do did with that who whose in on at for of from to where when as over than then " +
    "show plot draw chart using into per by each against versus vs between sorted ordered if so because during since until after before above below under"
  ).split(" "),
);
const QUESTION_NOUNS: { readonly [word: string]: readonly string[] | undefined } = {
  when: ["date", "day", "month", "year", "time"],
  who: ["name", "person", "employee", "customer", "player", "student", "author", "driver"],
  where: ["city", "place", "location", "country", "region", "site", "station", "island", "store", "shop"],
};

type Phrase = { readonly words: readonly PlacedWord[]; readonly every: boolean };

/** What the request groups by, from the words that no condition has taken and the columns that may be groups. */
export function groupingOf(
  words: readonly PlacedWord[],
  table: Table,
  groupable: readonly Column[],
  ranking: Ranking | undefined,
): Grouping {
  const phrases = phrasesOf(words, ranking);
  const every = phrases.filter((phrase) => phrase.every).map((phrase) => groupsIn(phrase, groupable, table));
  const marked = every.reduce(joined, NO_GROUPS);
  if (marked.columns.length > 0) return marked;
  const others = phrases.filter((phrase) => !phrase.every).map((phrase) => groupsIn(phrase, groupable, table));
  return others.find(({ columns }) => columns.length > 0) ?? NO_GROUPS;
}

const joined = (one: Grouping, other: Grouping): Grouping => ({
  columns: [...new Set([...one.columns, ...other.columns])],
  at: [...one.at, ...other.at],
  rivals: [...one.rivals, ...other.rivals],
  identity: (one.identity || other.identity) && one.columns.length + other.columns.length === 1,
  every: true,
  period: one.period ?? other.period,
});

/** Noun phrases that can name groups, the surest first. */
function phrasesOf(words: readonly PlacedWord[], ranking: Ranking | undefined): readonly Phrase[] {
  const marked: Phrase[] = [];
  const asked: Phrase[] = [];
  for (const [place, word] of words.entries()) {
    const next = words[place + 1];
    if (MARKERS.has(word.lower) && word.lower !== next?.lower) {
      marked.push({ words: phraseFrom(words, place + 1, true), every: true });
    }
    if (word.lower === "which" || word.lower === "what" || word.lower === "whose") {
      asked.push({ words: phraseFrom(words, place + 1, false), every: false });
    }
    if (word.lower === "between" || word.lower === "compare" || word.lower === "different") {
      asked.push({ words: phraseFrom(words, place + 1, true), every: false });
    }
    if (place < 2 && QUESTION_NOUNS[word.lower] !== undefined) asked.push({ words: [word], every: false });
  }
  const place = ranking === undefined ? -1 : words.findIndex(({ index }) => index === ranking.at);
  const after = place < 0 ? [] : phraseFrom(words, place + 1, false);
  const before = place < 0 ? [] : nounBefore(words, place);
  return [...marked, ...asked, { words: before, every: false }, { words: after, every: false }];
}

/** The words from a place to the end of the noun phrase; with `listed`, over "and" and commas too. */
function phraseFrom(words: readonly PlacedWord[], place: number, listed: boolean): readonly PlacedWord[] {
  const taken: PlacedWord[] = [];
  for (let at = place; at < words.length && taken.length < 8; at += 1) {
    const word = words[at];
    if (word === undefined || PHRASE_ENDS.has(word.lower)) break;
    if (at > place && word.opens && !listed) break;
    if (word.lower === "and" && !listed) break;
    taken.push(word);
  }
  return taken;
}

/** The noun of "the species with the longest …" and "shops that have the highest …". */
function nounBefore(words: readonly PlacedWord[], place: number): readonly PlacedWord[] {
  const link = words
    .slice(0, place)
    .findLastIndex(({ lower }) => /^(?:with|having|has|have|had|that|who|by)$/.test(lower));
  return link < 1 || place - link > 4 ? [] : words.slice(Math.max(0, link - 2), link);
}

function groupsIn({ words, every }: Phrase, groupable: readonly Column[], table: Table): Grouping {
  const hints = Object.fromEntries(words.map(({ index, lower }) => [index, QUESTION_NOUNS[lower]]));
  const parts = every ? splitList(words) : [words];
  const columns: Column[] = [];
  const at: number[] = [];
  const others: Column[] = [];
  for (const part of parts) {
    const all = matchColumns(table.columns, part, hints);
    const fitting = matchColumns(groupable, part, hints);
    const best = fitting[0];
    // A phrase that speaks of a measure more than of any group names no group: "by population".
    if (best === undefined || (all[0]?.score ?? 0) > best.score || columns.includes(best.column)) continue;
    columns.push(best.column);
    at.push(...best.at);
    others.push(...rivals(fitting));
  }
  const [only] = columns;
  const identity = columns.length === 1 && only !== undefined && isIdentity(only, table.rows);
  const found = { columns, at, rivals: others, identity, every, period: undefined };
  return columns.length === 0 && every ? periodIn(words, groupable) : found;
}

const PERIODS = new Set("day week month quarter year".split(" "));

/** "by month" where there is no such column: the dates themselves, since no tool is known to cut them. */
function periodIn(words: readonly PlacedWord[], groupable: readonly Column[]): Grouping {
  const word = words.find(({ stem }) => PERIODS.has(stem));
  const dates = groupable.find(({ type }) => type === "date");
  if (word === undefined || dates === undefined) return NO_GROUPS;
  const period = word.stem === "day" ? undefined : word.stem;
  return { ...NO_GROUPS, columns: [dates], at: [word.index], every: true, period };
}

/** The parts of "island, sex and year". */
function splitList(words: readonly PlacedWord[]): readonly (readonly PlacedWord[])[] {
  const parts: PlacedWord[][] = [[]];
  for (const [place, word] of words.entries()) {
    if (word.lower === "and" || word.lower === "then" || (word.opens && place > 0)) parts.push([]);
    if (word.lower !== "and" && numberOf(word.lower) === undefined) parts.at(-1)?.push(word);
  }
  return parts.filter((part) => part.length > 0);
}

/** The column that names the rows, for lists of single rows; otherwise the text column with the most values. */
export function labelColumn(table: Table): Column | undefined {
  const texts = table.columns.filter(({ type }) => type === "text");
  const named = texts.find(({ parts }) => parts.includes("name") || parts.includes("title"));
  const identities = texts.filter((column) => isIdentity(column, table.rows));
  const readable = identities.find(({ parts }) => !parts.includes("id") && !parts.includes("code"));
  return readable ?? identities[0] ?? named;
}
