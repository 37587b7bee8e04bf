import type { Column } from "./columns.ts";
import { adjectiveMeans, STOP_WORDS, synonymsOf } from "./vocabulary.ts";
import { nameParts, type Word } from "./words.ts";

/** How well words speak of a column; `at` are the indexes of the words that do. */
export type Match = {
  readonly column: Column;
  readonly score: number;
  readonly at: readonly number[];
  /** The column's own name stands in the text. */
  readonly explicit: boolean;
};

/** A word with its place in the request. */
export type PlacedWord = Word & { readonly index: number };

/** Extra meanings for words by their index, for instance of superlatives. */
export type Hints = { readonly [index: number]: readonly string[] | undefined };

const EXPLICIT = 10;
/** A match must reach this to count: half a column name by a synonym. */
const SCORE_MIN = 0.3;

/** The columns that the words speak of, best first. */
export function matchColumns(
  columns: readonly Column[],
  words: readonly PlacedWord[],
  hints: Hints = {},
): readonly Match[] {
  const rarity = partRarity(columns);
  return columns
    .map((column) => matchColumn(column, words, hints, rarity))
    .filter(({ score }) => score >= SCORE_MIN)
    .toSorted((a, b) => b.score - a.score);
}

/** The other columns that fit almost as well as the first. */
export function rivals(matches: readonly Match[]): readonly Column[] {
  const [best, ...others] = matches;
  if (best === undefined || best.explicit) return [];
  return others.filter(({ score }) => score >= best.score * 0.92).map(({ column }) => column);
}

function matchColumn(
  column: Column,
  words: readonly PlacedWord[],
  hints: Hints,
  rarity: (part: string) => number,
): Match {
  const named = words.filter(({ lower }) => lower === column.name.toLowerCase());
  const hits = column.parts.map((part) => bestHit(part, words, hints));
  const found = hits.filter((hit) => hit.weight > 0);
  if (named.length > 0) {
    const at = [...named.map(({ index }) => index), ...found.map(({ index }) => index)];
    return { column, score: EXPLICIT + column.parts.length, at, explicit: true };
  }
  const weight = hits.reduce((sum, hit, at) => sum + hit.weight * rarity(column.parts[at] ?? ""), 0);
  const coverage = hits.reduce((sum, hit) => sum + hit.weight, 0) / Math.max(1, hits.length);
  const whole =
    hits.length > 1 && hits.every((hit, at) => hit.weight === 1 && hit.index === (hits[0]?.index ?? 0) + at);
  const score = found.length === 0 ? 0 : weight + coverage / 2 + (whole ? 1 : 0);
  return { column, score, at: found.map(({ index }) => index), explicit: false };
}

type Hit = { readonly weight: number; readonly index: number };

function bestHit(part: string, words: readonly PlacedWord[], hints: Hints): Hit {
  let best: Hit = { weight: 0, index: -1 };
  for (const word of words) {
    const weight = hitWeight(part, word, hints[word.index] ?? []);
    if (weight > best.weight) best = { weight, index: word.index };
  }
  return best;
}

function hitWeight(part: string, word: PlacedWord, hint: readonly string[]): number {
  const hinted = hint.indexOf(part);
  // What a superlative means first counts more than what it could mean too.
  if (hinted >= 0) return 0.75 - Math.min(hinted, 4) * 0.05;
  if (word.stem === part) return 1;
  if (word.lower.includes("_") || word.lower.includes("-")) {
    if (nameParts(word.lower).includes(part)) return 0.9;
  }
  if (STOP_WORDS.has(word.lower)) return 0;
  const shorter = Math.min(part.length, word.stem.length);
  if (shorter >= 4 && (part.startsWith(word.stem) || word.stem.startsWith(part))) return 0.8;
  if (synonymsOf(word.stem).includes(part)) return 0.6;
  const means = adjectiveMeans(word.lower).indexOf(part);
  return means >= 0 ? 0.6 - Math.min(means, 4) * 0.05 : 0;
}

/** A part that many columns have tells less about which of them is meant. */
function partRarity(columns: readonly Column[]): (part: string) => number {
  const counts = new Map<string, number>();
  for (const { parts } of columns) for (const part of new Set(parts)) counts.set(part, (counts.get(part) ?? 0) + 1);
  return (part) => 0.5 + 0.5 / (counts.get(part) ?? 1);
}
