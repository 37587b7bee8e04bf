import { isTooFrequent, SCORE_MAX, selectDiscriminative, weightOf } from "./bm25.ts";
import type { QueryWord } from "./keyword-query.ts";
import { type TermFrequencies, termFrequenciesOf } from "./term-frequencies.ts";
import type { Row } from "../row.ts";
import { COUNT_BITS, type Segment, lowerBound, postingsOf, interpolationSearch } from "./segment.ts";
import { type Shortest, minLengthByCount } from "./max-score.ts";

/** A segment, and what a search may see of it. */
export type VisiblePart = {
  readonly texts: Int32Array;
  /** How many of the texts a search may see, those that are gone among them. */
  readonly seen: number;
  readonly lengths: Uint8Array;
  readonly pieces: (term: number) => readonly Piece[];
  /** The shortest texts with a word, whether they are seen or not; undefined where all texts are few. */
  readonly shortest: ((term: number) => Shortest) | undefined;
  /** How often texts have a word that many have, whether they are seen or not; undefined for other words. */
  readonly countCodes: (term: number) => TermFrequencies | undefined;
};

/** Neighbouring postings of one word. */
export type Piece = { readonly postings: Int32Array; readonly low: number; readonly high: number };

/** The visible part of the index, and its filter. */
export type Scene = {
  readonly parts: readonly VisiblePart[];
  readonly texts: number;
  readonly meanLength: number;
  readonly isAlive: (text: number) => boolean;
  readonly rowOf: (text: number) => Row;
  /** The part that has a text, and the text's number in it; undefined where the search sees nothing. */
  readonly placeOf: (text: number) => { readonly part: VisiblePart; readonly local: number } | undefined;
};

/** The texts of some scopes in a segment, as ranges of their numbers; in more ranges than `max`, as a mask. */
export function visibleIn(segment: Segment, scopes: ReadonlySet<number>): readonly Range[] {
  const ranges: { low: number; high: number }[] = [];
  const add = (at: number) => {
    const low = segment.starts[at] ?? 0;
    const high = segment.starts[at + 1] ?? 0;
    const last = ranges.at(-1);
    if (last?.high === low) last.high = high;
    else ranges.push({ low, high });
  };
  const { length } = segment.scopes;
  if (scopes.size * 16 < length) {
    for (const scope of [...scopes].toSorted((one, other) => one - other)) {
      const at = lowerBound(segment.scopes, scope, { low: 0, high: length });
      if (segment.scopes[at] === scope) add(at);
    }
  } else for (let at = 0; at < length; at += 1) if (scopes.has(segment.scopes[at] ?? -1)) add(at);
  return ranges;
}

type Range = { readonly low: number; readonly high: number };

/** More ranges than this are checked posting by posting. */
const RANGES_MAX = 32;

/** What a search sees of a segment; undefined for nothing. */
export function partOf(segment: Segment, scopes: ReadonlySet<number>): VisiblePart | undefined {
  const ranges = visibleIn(segment, scopes);
  if (ranges.length === 0) return undefined;
  const { texts, lengths, postings } = segment;
  const isAll = ranges.length === 1 && ranges[0]?.low === 0 && ranges[0].high === texts.length;
  const mask = ranges.length > RANGES_MAX ? maskOf(ranges, texts.length) : undefined;
  const pieces = (term: number): readonly Piece[] => {
    const all = postingsOf(segment, term);
    if (all === undefined) return [];
    if (isAll) return [{ postings, ...all }];
    if (mask !== undefined) {
      const seen = postings.slice(all.low, all.high).filter((posting) => mask[posting >>> COUNT_BITS] === 1);
      return [{ postings: seen, low: 0, high: seen.length }];
    }
    return ranges.flatMap((range) => {
      const low = lowerBound(postings, range.low << COUNT_BITS, all);
      const high = lowerBound(postings, range.high << COUNT_BITS, { low, high: all.high });
      return high > low ? [{ postings, low, high }] : [];
    });
  };
  const seen = ranges.reduce((sum, { low, high }) => sum + high - low, 0);
  return {
    texts,
    seen,
    lengths,
    pieces,
    shortest: (term) => minLengthByCount(segment, term),
    countCodes: (term) => termFrequenciesOf(segment, term),
  };
}

function maskOf(ranges: readonly Range[], length: number): Uint8Array {
  const mask = new Uint8Array(length);
  for (const { low, high } of ranges) mask.fill(1, low, high);
  return mask;
}

/** A word of the query with its weight and its postings in each part. */
export type WeightedWord = QueryWord & {
  readonly weight: number;
  readonly frequency: number;
  /** A text is found by it; by the others it only scores. */
  readonly isDiscriminative: boolean;
  readonly found: ReadonlyMap<VisiblePart, readonly Piece[]>;
};

/** The words with their weights in the scene: first those by which texts are found, the weightiest first. */
export function weightWords(words: readonly QueryWord[], { parts, texts, isAlive }: Scene): readonly WeightedWord[] {
  const known = words.map((word) => {
    const found = new Map(word.term < 0 ? [] : parts.map((part) => [part, part.pieces(word.term)]));
    let frequency = 0;
    for (const pieces of found.values()) for (const { low, high } of pieces) frequency += high - low;
    return { ...word, found, frequency, weight: weightOf(texts, frequency, word.isCommon) };
  });
  // Texts that are gone are still counted; enough of them would make a rare word look like one that all have. To count the
  // others of a word that most have takes longer than all the rest of a search: it is done only where it matters.
  const gone = parts.reduce((sum, { seen }) => sum + seen, 0) - texts;
  const discriminative = selectDiscriminative(known, (index) => {
    const word = known[index];
    if (!word || !isTooFrequent(word.frequency, texts)) return false;
    return isTooFrequent(word.frequency - gone, texts) || isTooFrequent(living(word, isAlive), texts);
  });
  return known
    .map((word, index): WeightedWord => ({ ...word, isDiscriminative: discriminative[index] === true }))
    .toSorted(
      (one, other) => Number(other.isDiscriminative) - Number(one.isDiscriminative) || other.weight - one.weight,
    );
}

/** In how many texts that are still there a word is. */
function living({ found }: Pick<WeightedWord, "found">, isAlive: Scene["isAlive"]): number {
  let count = 0;
  for (const [part, pieces] of found)
    for (const { postings, low, high } of pieces)
      for (let at = low; at < high; at += 1)
        if (isAlive(part.texts[(postings[at] ?? 0) >>> COUNT_BITS] ?? -1)) count += 1;
  return count;
}

/** Returns the upper bound of the scores of this query. An unknown identifier counts by its parts. */
export const scoreMaxOf = (words: readonly WeightedWord[]): number =>
  SCORE_MAX * words.reduce((sum, { weight, isWhole, frequency }) => sum + (isWhole && frequency === 0 ? 0 : weight), 0);

/**
 * Calls `visit` for those of a part's texts that have the word: with the place in `locals`, which ascend and may repeat, and the
 * posting.
 */
export function eachPosting(
  { found }: WeightedWord,
  { part, locals }: { readonly part: VisiblePart; readonly locals: Int32Array },
  visit: (at: number, posting: number) => void,
): void {
  let next = 0;
  for (const { postings, low, high } of found.get(part) ?? []) {
    for (let at = low; next < locals.length; next += 1) {
      const local = locals[next] ?? 0;
      at = interpolationSearch(postings, local << COUNT_BITS, { low: at, high });
      if (at === high) break;
      const posting = postings[at] ?? 0;
      if (posting >>> COUNT_BITS === local) visit(next, posting);
    }
  }
}
