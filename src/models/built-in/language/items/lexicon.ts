import type { Table } from "../columns.ts";
import { type Item, item } from "./item.ts";
import { columnAt } from "./named.ts";
import type { Bucket, Operator } from "../planning/plan.ts";
import { adjective, AGGREGATE_WORDS, comparative, superlative } from "../vocabulary.ts";
import { numberOf, type Word } from "../words.ts";

const PHRASES: { readonly [symbol: string]: string } = {
  h: "how many|number of|count of|the number of|total number of|how often",
  k: "how much|by how much",
  p: "per|by|for each|for every|in each|of each|on each|at each|in every|on every|each|every|across|broken down by|break down by|split by|grouped by|group by|depending on|according to|for all|separately for|for the different|by each",
  w: "which|what|what's|whats|what is|which one",
  W: "who|whom|who's",
  N: "when",
  "%": "percentage of|percent of|percentage|percent|share of|share|shares|proportion of|proportion|fraction of|fraction",
  R: "rate|rates",
  D: "difference|differences|differ|gap",
  C: "correlation|correlate|correlated|correlates|relationship|related|association|associated|depend on|depends on",
  T: "trend|trends|over time|development|develop|developed|evolution|evolve|evolved|over the|through the",
  H: "distribution|distributed|histogram|histograms",
  U: "distinct|unique|different",
  M: "most common|most frequent|most frequently|most often|commonest|most commonly|most popular",
  L: "least common|least frequent|least often|rarest|least popular",
  Q: "ratio of|ratio|ratios",
  "/": "divided by|as a percentage of|as a share of|as percentage of|as a fraction of|relative to",
  "*": "times|multiplied by",
  "+": "plus",
  "-": "minus",
  "!": "not|except|excluding|other than|without|non|isn't|aren't|wasn't|don't|doesn't|didn't|haven't|hasn't|never|except for|no|but not|outside|outside of|others|the others|the rest",
  m: "missing|empty|blank|unknown|null",
  e: "vs|versus|against|compare|compared|comparison|compared to|compared with|in comparison|comparing",
  "&": "and|both|either|as well as|plus the",
  "|": "or|rather than",
  t: "than",
  B: "between",
  l: "list|all|on board|aboard|on offer|for sale",
  G: "range|ranges|range of",
  V: "change|changed|changes|increase|increased|rise|rose|risen|grow|grew|grown|growth|decrease|decreased|decline|declined|drop|dropped",
  S: "sold|sell|sells|bought|buy",
};
const BUCKETS: readonly (readonly [Bucket, string])[] = [
  ["month", "month|months|monthly"],
  ["year", "year|years|yearly|annual|annually|calendar year"],
  ["quarter", "quarter|quarters|quarterly"],
  ["week", "week|weeks|weekly|calendar week"],
  ["weekday", "weekday|weekdays|day of the week|days of the week|day of week"],
  ["day", "day|days|daily|date|dates"],
  ["hour", "hour|hours|hourly|hour of the day|time of day|time of the day|hour of day"],
  ["month_of_year", "month of the year|calendar month|months of the year|calendar months|month of year"],
];
const OPERATORS: readonly (readonly [Operator, string])[] = [
  [">", "above|over|more than|greater than|exceeding|after|later than|exceed|exceeds|exceeded|in excess of"],
  ["<", "before|prior to|earlier than|below|under|less than|fewer than"],
  [">=", "since|at least|no less than|no fewer than|minimum of|not less than"],
  ["<=", "at most|no more than|up to|not more than|a maximum of"],
];
/** Comparisons after their number: "100 or more". */
const LATER: readonly (readonly [Operator, string])[] = [
  [
    ">=",
    "or more|or older|or above|or higher|and above|and over|and older|and more|or over|or later|or longer|or heavier|and up",
  ],
  ["<=", "or less|or fewer|or younger|or below|or lower|and below|and under|or under|or earlier|or shorter|or lighter"],
];
/** Verbs that say only that rows are there, where no column or value has them: none that may choose among rows, such as "paid". */
export const VERBS = new Set(
  "score scored scores handle handled flew fly flies wrote write written order ordered visit visited attend attended serve served produce produced generate generated bring brought lead leads led cause causes caused fell falls charge charged contribute contributed earn earned earns pay pays play played cost costs weigh weighs spend spent add added enter entered run ran stay stayed travel travelled traveled sit sat stand stood deal dealt release released show shows pick picked use used uses feature featured employs depart departed fall drive driven hit worth flown showed shown admitted treated covered submitted filed logged reported performed conducted held hosted located based situated gave given state stated provide provided disclosed collected caught built made manufactured carried transported drawn obtained posted uploaded aired premiered worked lived".split(
    " ",
  ),
);
type Entry = Omit<Item, "from" | "to" | "columns" | "options">;
const entries = (phrases: string, entry: Entry): readonly (readonly [string, Entry])[] =>
  phrases.split("|").map((phrase) => [phrase, entry]);

const SOLD = { direction: "max", means: ["quantity", "qty", "sold", "unit"], inverted: [] } as const;

const LEXICON: ReadonlyMap<string, Entry> = new Map([
  ...Object.entries(PHRASES).flatMap(([symbol, phrases]) => entries(phrases, { symbol })),
  ...OPERATORS.flatMap(([operator, phrases]) => entries(phrases, { symbol: "o", operator })),
  ...LATER.flatMap(([operator, phrases]) => entries(phrases, { symbol: "z", operator })),
  ...BUCKETS.flatMap(([bucket, phrases]) => entries(phrases, { symbol: "b", bucket })),
  ...entries("on average", { symbol: "a", aggregate: "mean" }),
  ...entries("in total|in all", { symbol: "a", aggregate: "sum" }),
  ...entries("standard deviation", { symbol: "a", aggregate: "std" }),
  ...entries("best selling|top selling|bestselling|most sold", { symbol: "s", superlative: SOLD }),
  ...entries("worst selling|least sold", { symbol: "s", superlative: { ...SOLD, direction: "min" } }),
  ...entries("first quartile|lower quartile|1st quartile", { symbol: "a", aggregate: "p25" }),
  ...entries("third quartile|upper quartile|3rd quartile", { symbol: "a", aggregate: "p75" }),
]);

export function lexiconAt(words: readonly Word[], at: number): Item | undefined {
  for (const length of [4, 3, 2, 1]) {
    const phrase = words.slice(at, at + length).map(({ lower }) => lower);
    if (phrase.length < length) continue;
    const found = LEXICON.get(phrase.join(" "));
    if (found !== undefined) return item(found.symbol, at, at + length, found);
  }
  const word = words[at];
  if (word === undefined) return undefined;
  const percentile = /^(\d{1,2}(?:\.\d+)?)(?:st|nd|rd|th)?$/.exec(word.lower)?.[1];
  if (percentile !== undefined && /^percentiles?$/.test(words[at + 1]?.lower ?? ""))
    return item("a", at, at + 2, { aggregate: `p${Number(percentile)}` });
  if (/^p\d{1,2}$/.test(word.lower)) return item("a", at, at + 1, { aggregate: `p${Number(word.lower.slice(1))}` });
  const aggregate = Object.hasOwn(AGGREGATE_WORDS, word.lower) ? AGGREGATE_WORDS[word.lower] : undefined;
  return aggregate === undefined ? undefined : item("a", at, at + 1, { aggregate });
}

/** Verbs that choose rows unless a value follows: "arrived late", "paid by card". */
export const BOUND_VERBS = new Set(
  "arrived paid shipped sent mailed booked enrolled employed rented published checked sailed delivered completed registered died".split(
    " ",
  ),
);

const RANKS: { readonly [word: string]: number | undefined } = Object.fromEntries(
  ["second 2nd", "third 3rd", "fourth 4th", "fifth 5th"].flatMap((both, at) =>
    both.split(" ").map((word): readonly [string, number] => [word, at + 2]),
  ),
);

/** "the first order": by date, but not "the last year" and "the first five". */
const isMoment = (words: readonly Word[], at: number, { columns }: Table): boolean =>
  columns.some(({ type }) => type === "date") &&
  !/^(?:year|month|week|quarter|half|day|hour|name|class|time|place|\d.*|two|three|four|five|ten)s?$/.test(
    words[at + 1]?.lower ?? "",
  );

/** Superlatives, and comparatives with "than". */
export function gradeAt(words: readonly Word[], at: number, table: Table): Item | undefined {
  const [word, next] = words.slice(at, at + 2);
  if (word === undefined) return undefined;
  if ((word.lower === "most" || word.lower === "least") && next !== undefined) {
    const extended = superlative(next.lower, word.lower);
    const isNamed = (columnAt(words, at + 1, table)?.item.to ?? 0) > at + 2;
    if (
      !isNamed &&
      extended !== undefined &&
      !["high", "low"].includes(next.lower) &&
      (extended.means.length > 0 || extended.inverted.length > 0)
    )
      return item("s", at, at + 2, { superlative: extended });
  }
  const rank = RANKS[word.lower];
  const ranked = rank === undefined ? undefined : gradeAt(words, at + 1, table);
  if (ranked?.symbol === "s") return { ...ranked, from: at, rank };
  const found = superlative(word.lower, undefined);
  if (/^(?:first|last)$/.test(word.lower) && !isMoment(words, at, table)) return undefined;
  if (found !== undefined) return item("s", at, at + 1, { superlative: found });
  const graded = /^(?:more|less)$/.test(word.lower) && next !== undefined ? adjective(next.lower) : undefined;
  if (
    graded !== undefined &&
    graded.means.some((kind) => kind !== "") &&
    next !== undefined &&
    words[at + 2]?.lower !== "than"
  ) {
    const superior = superlative(next.lower, word.lower === "more" ? "most" : "least");
    if (superior !== undefined) return item("g", at, at + 2, { superlative: superior });
  }
  const more = comparative(word.lower);
  if (more !== undefined) {
    const length = next?.lower === "than" ? 2 : 1;
    const operator = more.direction === "max" ? ">" : "<";
    return item(length === 2 ? "o" : "g", at, at + length, { superlative: more, operator });
  }
  const plain = adjective(word.lower);
  if (words[at - 1]?.lower !== "how" || plain === undefined) return undefined;
  const columns = table.columns.filter(
    ({ type, parts }) => type === "number" && parts.some((part) => plain.means.includes(part)),
  );
  return columns.length === 0 ? undefined : item("c", at, at + 1, { columns });
}

const SCALES: { readonly [word: string]: number | undefined } = Object.fromEntries(
  Object.entries({ "k thousand": 1e3, "m mio million millions": 1e6, "bn billion billions": 1e9 }).flatMap(
    ([words, scale]) => words.split(" ").map((word) => [word, scale]),
  ),
);

export function numberAt(words: readonly Word[], at: number): Item | undefined {
  const number = numberOf(words[at]?.lower ?? "");
  if (number === undefined) return undefined;
  const next = words[at + 1]?.lower ?? "";
  if (next === "percent") return item("n", at, at + 2, { number, unit: next });
  const scale = SCALES[next];
  return item("n", at, at + (scale === undefined ? 1 : 2), { number: number * (scale ?? 1) });
}
