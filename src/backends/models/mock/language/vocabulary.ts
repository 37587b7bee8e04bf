/** What a superlative asks for: a direction, and the kinds of column it can mean, most likely first. */
export type Superlative = {
  readonly direction: "max" | "min";
  /** Stems of column names. Empty: any numeric column. */
  readonly means: readonly string[];
  /** Kinds of column on which the direction is turned round: the oldest has the smallest year. */
  readonly inverted?: readonly string[];
};

const max = (means = "", inverted = ""): Superlative => ({ direction: "max", ...kinds(means, inverted) });
const min = (means = "", inverted = ""): Superlative => ({ direction: "min", ...kinds(means, inverted) });
const kinds = (means: string, inverted: string) => ({ means: list(means), inverted: list(inverted) });
const list = (words: string): readonly string[] => words.split(" ").filter((word) => word !== "");

/** Adjectives whose superlative is formed by an ending or by "most" and "least": the column kinds they speak of. */
const ADJECTIVES: { readonly [adjective: string]: readonly [means: string, inverted?: string] | undefined } = {
  long: ["length duration distance"],
  tall: ["height"],
  high: ["height altitude elevation"],
  heavy: ["mass weight"],
  wide: ["width"],
  deep: ["depth"],
  thick: ["thickness depth"],
  expensive: ["price cost fare fee amount"],
  costly: ["cost price"],
  pricey: ["price cost"],
  old: ["age", "year date birth founded built released created"],
  fast: ["speed velocity pace", "time duration latency"],
  hot: ["temperature temp"],
  warm: ["temperature temp"],
  wet: ["rain rainfall precipitation humidity"],
  windy: ["wind gust"],
  sunny: ["sun sunshine"],
  rich: ["income salary wealth gdp revenue"],
  strong: ["strength force power"],
  large: ["size area population volume"],
  big: ["size area population volume"],
  good: ["rating score grade", "rank"],
  popular: ["popularity rating vote view download sale"],
  populous: ["population"],
  dense: ["density"],
  profitable: ["profit margin"],
  recent: ["date year time created updated"],
  late: ["date time year"],
  frequent: [""],
  common: [""],
};

/** What the opposite of an adjective is: "light" is the small end of "heavy". */
const OPPOSITES: { readonly [word: string]: string | undefined } = {
  short: "long",
  low: "high",
  light: "heavy",
  narrow: "wide",
  shallow: "deep",
  thin: "thick",
  cheap: "expensive",
  inexpensive: "expensive",
  young: "old",
  new: "old",
  slow: "fast",
  cold: "hot",
  cool: "warm",
  dry: "wet",
  poor: "rich",
  weak: "strong",
  small: "large",
  bad: "good",
  rare: "common",
  early: "late",
};

const IRREGULAR: { readonly [word: string]: Superlative | undefined } = {
  best: max("rating score grade", "rank"),
  worst: min("rating score grade", "rank"),
  most: max(),
  greatest: max("size"),
  biggest: max("size area population volume"),
  hottest: max("temperature temp"),
  wettest: max("rain rainfall precipitation humidity"),
  thinnest: min("thickness"),
  least: min(),
  fewest: min(),
  maximum: max(),
  max: max(),
  maximal: max(),
  peak: max(),
  record: max(),
  minimum: min(),
  min: min(),
  minimal: min(),
  top: max(),
  bottom: min(),
  leading: max(),
  latest: max("date time year created updated"),
  newest: max("date year created released built founded", "age"),
  bestseller: max("sale quantity unit sold revenue"),
  busiest: max("traffic visit passenger count"),
  last: max("date time year"),
};

const adjectiveOf = (word: string): string | undefined => {
  const root = word.slice(0, -3);
  const candidates = [root, `${root}e`, root.replace(/i$/, "y"), root.replace(/(.)\1$/, "$1"), word.slice(0, -2)];
  return candidates.find((candidate) => candidate in ADJECTIVES || candidate in OPPOSITES);
};

const extreme = (adjective: string, most: boolean): Superlative | undefined => {
  const opposite = OPPOSITES[adjective];
  const [means = "", inverted = ""] = ADJECTIVES[opposite ?? adjective] ?? [];
  if (!(adjective in ADJECTIVES) && opposite === undefined) return undefined;
  return most === (opposite === undefined) ? max(means, inverted) : min(means, inverted);
};

/** The superlative a word is, by itself ("heaviest") or after "most" or "least" ("most expensive"). */
export function superlative(word: string, previous: string | undefined): Superlative | undefined {
  if (previous === "most" || previous === "least") {
    const extended = extreme(word, previous === "most");
    if (extended !== undefined) return extended;
  }
  if (Object.hasOwn(IRREGULAR, word)) return IRREGULAR[word];
  if (!word.endsWith("est")) return undefined;
  const adjective = adjectiveOf(word);
  return adjective === undefined ? undefined : extreme(adjective, true);
}

/** The kinds of column a plain adjective or comparative speaks of: "how heavy", "heavier". */
export function adjectiveMeans(word: string): readonly string[] {
  const base = word.endsWith("er") ? (adjectiveOf(`${word.slice(0, -2)}est`) ?? word) : word;
  const [means = "", inverted = ""] = ADJECTIVES[OPPOSITES[base] ?? base] ?? [];
  return [...list(means), ...list(inverted)];
}

/** Words that mean the same as a part of a column's name; both ways. */
const SYNONYM_GROUPS: readonly (readonly string[])[] = [
  "mass weight heaviness",
  "length long",
  "height tall",
  "price cost charge",
  "sale revenue turnover income earning amount",
  "quantity qty unit count stock amount number",
  "sex gender",
  "date day time when",
  "year annual",
  "month monthly",
  "country nation",
  "city town municipality",
  "product item article",
  "category kind type class genre",
  "shop store branch outlet",
  "customer client buyer",
  "employee staff worker person",
  "salary wage pay income",
  "temperature temp heat",
  "rain rainfall precipitation",
  "wind gust",
  "beak bill culmen",
  "wing flipper",
  "population inhabitant resident people person",
  "score rating grade mark point",
  "name title label",
  "region area zone territory",
  "supplier vendor manufacturer",
  "warehouse depot location site",
  "department team division",
  "profit margin gain",
  "speed velocity",
  "duration time length",
  "id identifier number",
].map((group) => group.split(" "));

/** Stems that mean the same as `stem` in names of columns, without itself. */
export function synonymsOf(stem: string): readonly string[] {
  return SYNONYM_GROUPS.filter((group) => group.includes(stem)).flatMap((group) =>
    group.filter((word) => word !== stem),
  );
}

export const AGGREGATES = ["count", "sum", "mean", "median", "min", "max", "std", "distinct"] as const;
export type Aggregate = (typeof AGGREGATES)[number];

/** Words that name an aggregate, in requests and in the enums of schemas. */
export const AGGREGATE_WORDS: { readonly [word: string]: Aggregate | undefined } = {
  average: "mean",
  averages: "mean",
  avg: "mean",
  mean: "mean",
  means: "mean",
  typical: "mean",
  typically: "mean",
  median: "median",
  medians: "median",
  total: "sum",
  totals: "sum",
  sum: "sum",
  sums: "sum",
  combined: "sum",
  altogether: "sum",
  count: "count",
  counts: "count",
  share: "count",
  proportion: "count",
  percentage: "count",
  percent: "count",
  fraction: "count",
  size: "count",
  n: "count",
  maximum: "max",
  max: "max",
  minimum: "min",
  min: "min",
  std: "std",
  stddev: "std",
  stdev: "std",
  sd: "std",
  "standard-deviation": "std",
  standard_deviation: "std",
  deviation: "std",
  variance: "std",
  variation: "std",
  spread: "std",
  distinct: "distinct",
  unique: "distinct",
  different: "distinct",
  count_distinct: "distinct",
  nunique: "distinct",
};

/** Values that add up over rows, so that "the most" of them means their sum. */
export const ADDITIVE = new Set(
  list(
    "sale revenue turnover amount quantity qty unit sold stock count total volume profit income rainfall rain precipitation visit view download order budget spend cost goal win vote",
  ),
);

/** Words that carry no meaning for the choice of a column or a tool. */
export const STOP_WORDS = new Set(
  list(
    "a an the this that these those it its of in on at to from for with within by per and or not no is are was were be been do does did has have had " +
      "what which who whose where when how why much many there here please can could would will shall should may might me my i we us our you your they them their he she " +
      "show tell give find get make let want need like using use based about into over under than then so as if but also all any each every some between among across vs versus against " +
      "file files csv data table dataset column columns field fields row rows value values chart plot graph draw visualise visualize request following available context question answer",
  ),
);
