/** One word of a text; `start` and `end` are offsets into it. */
export type Word = {
  readonly text: string;
  readonly lower: string;
  readonly stem: string;
  readonly start: number;
  readonly end: number;
  /** First of a phrase: a comma, a full stop or a line break stands before it. */
  readonly opens: boolean;
};

const WORD =
  /(?<![\p{L}\p{N}_)-])-\d+(?:\.\d+)?|\d{1,3}(?:,\d{3})+(?:\.\d+)?|[\p{L}\p{N}]+(?:[_'’-][\p{L}\p{N}]+|\.\d+)*/gu;

/** The words of a text in order; snake_case, hyphenated words, dates and numbers are one word each. */
export function wordsOf(text: string): readonly Word[] {
  let previous = 0;
  return Array.from(text.matchAll(WORD), (found): Word => {
    const [own] = found;
    const start = found.index;
    const gap = text.slice(previous, start);
    const opens = previous === 0 || /[,;:.?!\n()]/.test(gap);
    previous = start + own.length;
    const lower = own.toLowerCase().replaceAll("’", "'");
    return { text: own, lower, stem: stem(lower), start, end: previous, opens };
  });
}

const IRREGULAR: { readonly [plural: string]: string | undefined } = Object.fromEntries(
  (
    "people:person children:child men:man women:woman mice:mouse feet:foot teeth:tooth data:data species:species " +
    "series:series sales:sale sold:sale sells:sale selling:sale sell:sale indices:index vertices:vertex " +
    "analyses:analysis lives:life leaves:leaf movies:movie calories:calorie cookies:cookie"
  )
    .split(" ")
    .map((pair) => pair.split(":")),
);

/** The word without possessive and plural ending, so that "flippers" and "flipper" are one. */
export function stem(word: string): string {
  const lower = word.toLowerCase().replace(/['’]s?$/, "");
  const irregular = IRREGULAR[lower];
  if (irregular !== undefined) return irregular;
  if (lower.length <= 3) return lower;
  if (/[^aeiou]ies$/.test(lower)) return `${lower.slice(0, -3)}y`;
  if (/(?:ss|sh|ch|x|z)es$/.test(lower)) return lower.slice(0, -2);
  if (/[^su]s$/.test(lower) && !/(?:is|us|ss)$/.test(lower)) return lower.slice(0, -1);
  return lower;
}

/** Endings of column names that say only what the values are measured in. */
const UNITS = new Set(
  (
    "mm cm m km um nm in inch inches ft mi mile g gram grams mg kg lb lbs oz t s sec secs ms mins h hr hrs hours " +
    "l ml c f k usd eur gbp chf jpy cents pct kmh km2 m2 sqkm kph mph hz khz mhz ghz kb mb gb tb kw kwh w v a pa hpa mw gw gwh twh mwh kwh ppm db bpm mbps"
  ).split(" "),
);

/** The stems of a column's name: split at `_`, `-`, blanks and capitals, without units and brackets. */
export function nameParts(name: string): readonly string[] {
  const bare = name.replaceAll(/\([^)]*\)|\[[^\]]*\]/g, " ");
  const spaced = (bare.trim() === "" ? name : bare)
    .replace(/\bper[ _]capita/i, "percapita")
    .replaceAll(/(\p{Ll})(\p{Lu})/gu, "$1 $2");
  const parts = spaced.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const last = parts.at(-1);
  const named = parts.length > 1 && last !== undefined && UNITS.has(last) ? parts.slice(0, -1) : parts;
  return named.map((part) => (part === "yr" ? "year" : stem(part)));
}

const NUMBER_NAMES = "zero one two three four five six seven eight nine ten".split(" ");
const NUMBER_WORDS: { readonly [word: string]: number | undefined } = {
  ...Object.fromEntries(NUMBER_NAMES.map((word, at) => [word, at])),
  twelve: 12,
  fifteen: 15,
  twenty: 20,
  dozen: 12,
};

/** The number that a word is, in digits or spelt out up to twenty. */
export function numberOf(word: string): number | undefined {
  const digits = word.replaceAll(",", "");
  if (/^-?\d+(?:\.\d+)?$/.test(digits)) return Number(digits);
  const scaled = /^(\d+(?:\.\d+)?)(k|m)$/i.exec(digits);
  if (scaled !== null) return Number(scaled[1]) * (scaled[2]?.toLowerCase() === "k" ? 1e3 : 1e6);
  return NUMBER_WORDS[word.toLowerCase()];
}

/** Words that say nothing where no column or value has them: none that may choose among rows. */
export const NOISE = new Set(
  (
    "a an the of in on at to from for with within is are was were be been being do does did has have had having there that this these those it its their our your my me us we i you they " +
    "please tell show give find get calculate compute determine display report know want like would could can will should let see need me out " +
    "data file table dataset csv value values column recorded record measured observed registered made make makes placed place came come comes go goes went got received receive happened happen happens occurred occur " +
    "exist exists any overall whole entire also then just as so if into among amongst during where whose use using based here now he she them him her his individual " +
    "figure figures answer question thanks thank hello hi work works worked live lives lived take takes took belong belongs equal equals exactly vary varies look " +
    "aged air trading programming individually card-of still yet already together score-of case draw how such only level levels about sort kind line break broken each-of give many much ones result results old-of total-of set seen s terms world worldwide overall via strongly closely include includes including contain contains reach reached said called named"
  ).split(" "),
);
