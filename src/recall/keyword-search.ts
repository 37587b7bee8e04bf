import { SCORE_MAX, factorsFor, weightOf } from "./bm25.ts";
import type { QueryWord } from "./keyword-query.ts";
import { type Keep, RECALL_LIMITS, type Row } from "./row.ts";
import { COUNT_BITS, type Segment, lowerBound, postingsOf } from "./segment.ts";
import { mostOf, type Shortest, shortestOf } from "./word-most.ts";

/** A segment, where its texts' scores are, and what a search may see of it. */
export type VisiblePart = {
  readonly texts: Int32Array;
  readonly lengths: Uint8Array;
  /** Where the score of its first text is. */
  readonly base: number;
  readonly pieces: (term: number) => readonly Piece[];
  /** The shortest texts with a word, whether they are seen or not; undefined where all texts are few. */
  readonly shortest: ((term: number) => Shortest) | undefined;
  /** A text's number in the part, or -1. */
  readonly localOf: (text: number) => number;
};

/** Neighbouring postings of one word. */
export type Piece = { readonly postings: Int32Array; readonly low: number; readonly high: number };

/** What a search sees, and how it tells whether a text may be an answer. */
export type Scene = {
  readonly parts: readonly VisiblePart[];
  readonly texts: number;
  readonly meanLength: number;
  readonly isAlive: (text: number) => boolean;
  readonly rowOf: (text: number) => Row;
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

/** More ranges than this are told apart posting by posting. */
const RANGES_MAX = 32;

/** What a search sees of a segment; undefined for nothing. */
export function partOf(
  segment: Segment,
  scopes: ReadonlySet<number>,
  { base, localOf }: Pick<VisiblePart, "base" | "localOf">,
): VisiblePart | undefined {
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
  return { texts, lengths, base, pieces, shortest: (term) => shortestOf(segment, term), localOf };
}

function maskOf(ranges: readonly Range[], length: number): Uint8Array {
  const mask = new Uint8Array(length);
  for (const { low, high } of ranges) mask.fill(1, low, high);
  return mask;
}

/** A word of the query with its weight and its postings in each part. */
export type WeighedWord = QueryWord & {
  readonly weight: number;
  readonly frequency: number;
  readonly found: readonly { readonly part: VisiblePart; readonly pieces: readonly Piece[] }[];
};

/** The words with their weights in the scene, the weightiest first. */
export function weighed(words: readonly QueryWord[], { parts, texts }: Scene): readonly WeighedWord[] {
  return words
    .map((word): WeighedWord => {
      const found = word.term < 0 ? [] : parts.map((part) => ({ part, pieces: part.pieces(word.term) }));
      let frequency = 0;
      for (const { pieces } of found) for (const { low, high } of pieces) frequency += high - low;
      return { ...word, found, frequency, weight: weightOf(texts, frequency, word.isCommon) };
    })
    .toSorted((one, other) => other.weight - one.weight);
}

/** The score that a text with all words as often as can be would come near to. An unknown identifier counts by its parts. */
export const scoreMaxOf = (words: readonly WeighedWord[]): number =>
  SCORE_MAX * words.reduce((sum, { weight, isWhole, frequency }) => sum + (isWhole && frequency === 0 ? 0 : weight), 0);

/** The posting of a text of a part, or -1. `local` is the text's number in the part. */
export function postingIn({ found }: WeighedWord, part: VisiblePart, local: number): number {
  for (const { part: other, pieces } of found) {
    if (other !== part) continue;
    for (const { postings, low, high } of pieces) {
      const at = lowerBound(postings, local << COUNT_BITS, { low, high });
      if (at < high && (postings[at] ?? 0) >>> COUNT_BITS === local) return postings[at] ?? 0;
    }
  }
  return -1;
}

/** A text in the running: where its score is. */
export type Candidate = {
  readonly part: VisiblePart;
  readonly local: number;
  readonly row: Row;
  readonly score: number;
};

/** Room for the scores of a search, used again by the next. */
export class Scores {
  #sums = new Float32Array(0);
  #touched = new Int32Array(0);
  readonly #factors = new Float32Array(256 * 16);
  #factorsMean = -1;

  get bytes(): number {
    return this.#sums.byteLength + this.#touched.byteLength + this.#factors.byteLength;
  }

  factors(meanLength: number): Float32Array {
    if (meanLength !== this.#factorsMean) factorsFor(meanLength, this.#factors);
    this.#factorsMean = meanLength;
    return this.#factors;
  }

  /** The texts with the best sums of their words' scores. */
  best(words: readonly WeighedWord[], scene: Scene, wanted: { limit: number; keep: Keep | undefined }): Candidate[] {
    const size = scene.parts.reduce((most, { base, texts }) => Math.max(most, base + texts.length), 0);
    if (size > this.#sums.length) {
      this.#sums = new Float32Array(Math.ceil(size * 1.25));
      this.#touched = new Int32Array(this.#sums.length);
    }
    const factors = this.factors(scene.meanLength);
    const rest = remaining(words, factors);
    const sums = this.#sums;
    const touched = this.#touched;
    const top = new Top(scene, wanted);
    let count = 0;
    // What the least of the best can have come to since they were last looked for.
    let ceiling = 0;
    let isClosed = false;
    let candidates: Int32Array | undefined;
    for (const [index, word] of words.entries()) {
      if (candidates !== undefined) this.#addTo(candidates, word, factors);
      else if (isClosed) this.#addToTouched(word, factors);
      else count = this.#addAll(word, factors, count);
      const { bound, postings } = rest[index + 1] ?? NOTHING;
      ceiling += (rest[index]?.bound ?? 0) - bound;
      if (postings === 0 || ceiling <= bound || (candidates === undefined && postings < count)) continue;
      // When no new text can come among the best, the words that are left count for those in the running only.
      const places = candidates ?? touched.subarray(0, count);
      const least = top.fill(places, places.length, sums);
      ceiling = least;
      if (least <= bound) continue;
      isClosed = true;
      candidates = inTheRunning(places, sums, (least - bound) * 0.999_999);
    }
    if (candidates === undefined) top.fill(touched, count, sums);
    else top.fill(candidates, candidates.length, sums);
    const found = top.candidates();
    for (let index = 0; index < count; index += 1) sums[touched[index] ?? 0] = 0;
    return found;
  }

  /** Adds a word's scores to the texts that have some already. */
  #addToTouched({ found, weight }: WeighedWord, factors: Float32Array): void {
    const sums = this.#sums;
    for (const { part, pieces } of found) {
      const { base, lengths } = part;
      for (const { postings, low, high } of pieces) {
        for (let index = low; index < high; index += 1) {
          const posting = postings[index] ?? 0;
          const local = posting >>> COUNT_BITS;
          const sum = sums[base + local] ?? 0;
          if (sum === 0) continue;
          sums[base + local] = sum + weight * (factors[((lengths[local] ?? 0) << 4) | (posting & 15)] ?? 0);
        }
      }
    }
  }

  #addAll({ found, weight }: WeighedWord, factors: Float32Array, before: number): number {
    const sums = this.#sums;
    const touchedTexts = this.#touched;
    let touched = before;
    for (const { part, pieces } of found) {
      const { base, lengths } = part;
      for (const { postings, low, high } of pieces) {
        for (let index = low; index < high; index += 1) {
          const posting = postings[index] ?? 0;
          const local = posting >>> COUNT_BITS;
          const at = base + local;
          const sum = sums[at] ?? 0;
          if (sum === 0) {
            touchedTexts[touched] = at;
            touched += 1;
          }
          sums[at] = sum + weight * (factors[((lengths[local] ?? 0) << 4) | (posting & 15)] ?? 0);
        }
      }
    }
    return touched;
  }

  /** The same for some texts only, which are sorted. */
  #addTo(candidates: Int32Array, { found, weight }: WeighedWord, factors: Float32Array): void {
    const sums = this.#sums;
    for (const { part, pieces } of found) {
      const { base, lengths } = part;
      const end = base + part.texts.length;
      let next = lowerBound(candidates, base, { low: 0, high: candidates.length });
      for (const { postings, low, high } of pieces) {
        let index = low;
        for (; next < candidates.length && index < high; next += 1) {
          const at = candidates[next] ?? 0;
          if (at >= end) break;
          const local = at - base;
          const sought = local << COUNT_BITS;
          // Steps that double find the piece in which the text is, if it is there.
          let step = 1;
          while (index + step < high && (postings[index + step] ?? 0) < sought) step *= 2;
          index = lowerBound(postings, sought, { low: index, high: Math.min(high, index + step + 1) });
          if (index >= high) break;
          const posting = postings[index] ?? 0;
          if (posting >>> COUNT_BITS !== local) continue;
          sums[at] = (sums[at] ?? 0) + weight * (factors[((lengths[local] ?? 0) << 4) | (posting & 15)] ?? 0);
        }
      }
    }
  }
}

/** More texts than this in the running are not looked up one by one. */
const RUNNING_MAX = 2_048;

/** The places with at least such a sum, ascending; undefined when there are many. */
function inTheRunning(places: Int32Array, sums: Float32Array, least: number): Int32Array | undefined {
  const running = new Int32Array(RUNNING_MAX);
  let count = 0;
  for (let index = 0; index < places.length; index += 1) {
    const at = places[index] ?? 0;
    if ((sums[at] ?? 0) < least) continue;
    if (count === RUNNING_MAX) return undefined;
    running[count] = at;
    count += 1;
  }
  return running.subarray(0, count).toSorted();
}

type Rest = { readonly bound: number; readonly postings: number };
const NOTHING: Rest = { bound: 0, postings: 0 };

/** For each word: what it and those behind it can add at most, and how many postings they have. */
function remaining(words: readonly WeighedWord[], factors: Float32Array): readonly Rest[] {
  const rest = [NOTHING];
  for (const { weight, frequency, term, found } of words.toReversed()) {
    const { bound, postings } = rest[0] ?? NOTHING;
    let most = 0;
    for (const { part, pieces } of found) {
      const { lengths, shortest } = part;
      most = Math.max(most, mostOf({ lengths, pieces, shortest: shortest && (() => shortest(term)) }, factors));
    }
    rest.unshift({ bound: bound + weight * most, postings: postings + frequency });
  }
  return rest;
}

/** The best texts that live and are kept. The filter is asked only for texts that would be among them. */
class Top {
  readonly #scene: Scene;
  readonly #limit: number;
  readonly #keep: Keep | undefined;
  readonly #kept = new Map<Row, boolean>();
  #entries: Candidate[] = [];
  #least = 0;
  #part: VisiblePart | undefined;

  constructor(scene: Scene, { limit, keep }: { readonly limit: number; readonly keep: Keep | undefined }) {
    this.#scene = scene;
    this.#limit = limit;
    this.#keep = keep;
  }

  /**
   * Begins anew with the texts at some places, whose scores only rise. The least score among the best, 0 while there are fewer
   * than wanted.
   */
  fill(places: Int32Array, count: number, sums: Float32Array): number {
    this.#entries = [];
    // As many as are wanted had so much before, and have it still.
    let least = this.#least;
    for (let index = 0; index < count; index += 1) {
      const at = places[index] ?? 0;
      const score = sums[at] ?? 0;
      if (score < least) continue;
      const candidate = this.#candidate(at, score);
      if (candidate === undefined) continue;
      this.#add(candidate);
      if (this.#entries.length >= this.#limit) least = this.#entries[0]?.score ?? 0;
    }
    this.#least = least;
    return least;
  }

  /** Best first, equal ones by row. */
  candidates(): Candidate[] {
    return this.#entries.toSorted((one, other) => (isBetter(one, other) ? -1 : 1));
  }

  #candidate(at: number, score: number): Candidate | undefined {
    const known = this.#part;
    const isThere = known !== undefined && at >= known.base && at < known.base + known.texts.length;
    const part = isThere ? known : this.#scene.parts.findLast(({ base }) => base <= at);
    if (part === undefined) return undefined;
    this.#part = part;
    const local = at - part.base;
    const text = part.texts[local] ?? -1;
    if (!this.#scene.isAlive(text)) return undefined;
    const row = this.#scene.rowOf(text);
    return this.#isKept(row) ? { part, local, row, score } : undefined;
  }

  #isKept(row: Row): boolean {
    if (this.#keep === undefined) return true;
    const known = this.#kept.get(row);
    if (known !== undefined) return known;
    if (this.#kept.size >= RECALL_LIMITS.keepVisitsMax) return false;
    const isKept = this.#keep(row);
    this.#kept.set(row, isKept);
    return isKept;
  }

  /** A heap with the worst on top. */
  #add(candidate: Candidate): void {
    const entries = this.#entries;
    const [worst] = entries;
    if (entries.length >= this.#limit) {
      if (worst === undefined || !isBetter(candidate, worst)) return;
      sink(entries, candidate);
      return;
    }
    let at = entries.length;
    entries.push(candidate);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = entries[above];
      if (parent === undefined || !isBetter(parent, candidate)) break;
      entries[at] = parent;
      at = above;
    }
    entries[at] = candidate;
  }
}

/** Puts a candidate in the place of the worst. */
function sink(entries: Candidate[], candidate: Candidate): void {
  let at = 0;
  for (;;) {
    let below = at * 2 + 1;
    let child = entries[below];
    if (child === undefined) break;
    const sibling = entries[below + 1];
    if (sibling !== undefined && isBetter(child, sibling)) {
      child = sibling;
      below += 1;
    }
    if (!isBetter(candidate, child)) break;
    entries[at] = child;
    at = below;
  }
  entries[at] = candidate;
}

const isBetter = (one: Candidate, other: Candidate): boolean =>
  one.score > other.score || (one.score === other.score && one.row < other.row);
