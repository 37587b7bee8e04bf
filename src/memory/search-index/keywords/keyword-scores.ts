import { factorsFor } from "./bm25.ts";
import { codeOf, type TermFrequencies } from "./term-frequencies.ts";
import type { Piece, Scene, VisiblePart, WeightedWord } from "./keyword-search.ts";
import { type Candidate, Top } from "./keyword-top.ts";
import type { RowFilter } from "../row.ts";
import { COUNT_BITS, lowerBound, interpolationSearch } from "./segment.ts";
import { maxScoreOf } from "./max-score.ts";

/** Texts whose scores are put together at once, so that they stay near the processor. */
const WINDOW = 16_384;
/** A word is looked for in single texts when it has so many times as many postings. */
const LOOKED_UP_OF = 16;
/** What rounding may take from a bound. */
const ROUNDED = 0.999_999;

/** Room for the scores of a search, used again by the next. */
export class Scores {
  /** Of the texts of a window; 0 for those without a word. */
  readonly #sums = new Float64Array(WINDOW);
  /** The texts of the window that are in the running. */
  readonly #running = new Int32Array(WINDOW);
  readonly #factors = new Float32Array(256 * 16);
  #factorsMean = -1;

  get bytes(): number {
    return this.#sums.byteLength + this.#running.byteLength + this.#factors.byteLength;
  }

  factors(meanLength: number): Float32Array {
    if (meanLength !== this.#factorsMean) factorsFor(meanLength, this.#factors);
    this.#factorsMean = meanLength;
    return this.#factors;
  }

  /** Returns the texts that have discriminative words, with the best total scores. Discriminative words come first, by weight. */
  best(
    words: readonly WeightedWord[],
    scene: Scene,
    wanted: { limit: number; keep: RowFilter | undefined },
  ): Candidate[] {
    const factors = this.factors(scene.meanLength);
    const bounds = boundsOf(words, factors);
    const top = new Top(scene, wanted);
    try {
      for (const part of scene.parts) {
        const readers = words.map((word) => new Reader(word, part));
        for (let start = 0; start < part.texts.length; start += WINDOW)
          this.#look({ part, readers, bounds, factors, start }, top);
      }
    } catch (error) {
      // A filter that failed must not leave sums to the next search, which would take their texts for counted.
      this.#sums.fill(0);
      throw error;
    }
    return top.candidates();
  }

  /**
   * Offers the texts of a window that can be among the best. Words that are not discriminative, or too light on their own, are looked up
   * only in candidate texts.
   */
  #look({ part, readers, bounds, factors, start }: Window, top: Top): void {
    const { lengths } = part;
    const { least } = top;
    let count = 0;
    for (const [index, reader] of readers.entries()) {
      const isNeeded = reader.isDiscriminative && (bounds[index] ?? 0) >= least * ROUNDED;
      if (!isNeeded) {
        count = this.#drop(count, (least - (bounds[index] ?? 0)) * ROUNDED);
        if (count === 0) return;
      }
      const { weight } = reader;
      const codes = isNeeded ? undefined : reader.countCodes;
      if (codes) {
        this.#addCoded({ codes, lengths, factors, weight, start }, count);
        continue;
      }
      for (const span of reader.spans(start)) {
        const of = { ...span, lengths, factors, weight, start };
        if (isNeeded) count = this.#addAll(of, count);
        else if (count * LOOKED_UP_OF < span.high - span.low) this.#lookUp(of, count);
        else this.#addToRunning(of);
      }
    }
    const running = this.#running;
    const sums = this.#sums;
    for (let index = 0; index < count; index += 1) {
      const at = running[index] ?? 0;
      top.offer(part, start + at, sums[at] ?? 0);
      sums[at] = 0;
    }
  }

  /** Takes texts with less out of the running; how many are left. */
  #drop(count: number, least: number): number {
    const running = this.#running;
    const sums = this.#sums;
    let left = 0;
    for (let index = 0; index < count; index += 1) {
      const at = running[index] ?? 0;
      if ((sums[at] ?? 0) < least) sums[at] = 0;
      else {
        running[left] = at;
        left += 1;
      }
    }
    return left;
  }

  #addAll({ postings, low, high, lengths, factors, weight, start }: Adding, before: number): number {
    const sums = this.#sums;
    const running = this.#running;
    let count = before;
    for (let index = low; index < high; index += 1) {
      const posting = postings[index] ?? 0;
      const local = posting >>> COUNT_BITS;
      const at = local - start;
      const sum = sums[at] ?? 0;
      if (sum === 0) {
        running[count] = at;
        count += 1;
      }
      sums[at] = sum + weight * (factors[((lengths[local] ?? 0) << 4) | (posting & 15)] ?? 0);
    }
    return count;
  }

  #addToRunning({ postings, low, high, lengths, factors, weight, start }: Adding): void {
    const sums = this.#sums;
    for (let index = low; index < high; index += 1) {
      const posting = postings[index] ?? 0;
      const local = posting >>> COUNT_BITS;
      const sum = sums[local - start] ?? 0;
      if (sum === 0) continue;
      sums[local - start] = sum + weight * (factors[((lengths[local] ?? 0) << 4) | (posting & 15)] ?? 0);
    }
  }

  #addCoded({ codes, lengths, factors, weight, start }: AddingCoded, count: number): void {
    const sums = this.#sums;
    const running = this.#running;
    for (let index = 0; index < count; index += 1) {
      const at = running[index] ?? 0;
      const local = start + at;
      const code = codeOf(codes, local);
      if (code > 0) sums[at] = (sums[at] ?? 0) + weight * (factors[((lengths[local] ?? 0) << 4) | code] ?? 0);
    }
  }

  #lookUp({ postings, low, high, lengths, factors, weight, start }: Adding, count: number): void {
    const sums = this.#sums;
    const running = this.#running;
    for (let index = 0; index < count; index += 1) {
      const at = running[index] ?? 0;
      const local = start + at;
      const found = interpolationSearch(postings, local << COUNT_BITS, { low, high });
      const posting = postings[found] ?? 0;
      if (found === high || posting >>> COUNT_BITS !== local) continue;
      sums[at] = (sums[at] ?? 0) + weight * (factors[((lengths[local] ?? 0) << 4) | (posting & 15)] ?? 0);
    }
  }
}

type Window = {
  readonly part: VisiblePart;
  readonly readers: readonly Reader[];
  /** For each word: what it and those behind it can add at most. */
  readonly bounds: readonly number[];
  readonly factors: Float32Array;
  /** Its first text. */
  readonly start: number;
};

type Weighing = {
  readonly lengths: Uint8Array;
  readonly factors: Float32Array;
  readonly weight: number;
  readonly start: number;
};
type Adding = Piece & Weighing;
type AddingCoded = Weighing & { readonly codes: TermFrequencies };

/** Goes through a word's postings in a part, window by window. */
class Reader {
  readonly weight: number;
  readonly isDiscriminative: boolean;
  readonly #readCodes: () => TermFrequencies | undefined;
  #codes: { readonly codes: TermFrequencies | undefined } | undefined;
  readonly #pieces: readonly Piece[];
  #piece = 0;
  #at: number;

  constructor({ term, weight, isDiscriminative, found }: WeightedWord, part: VisiblePart) {
    this.weight = weight;
    this.isDiscriminative = isDiscriminative;
    this.#readCodes = () => part.countCodes(term);
    this.#pieces = found.get(part) ?? [];
    this.#at = this.#pieces[0]?.low ?? 0;
  }

  /** How often each text of the part has the word, where many have it. */
  get countCodes(): TermFrequencies | undefined {
    this.#codes ??= { codes: this.#readCodes() };
    return this.#codes.codes;
  }

  /** Those of a window that is behind the windows before. */
  spans(start: number): readonly Piece[] {
    const spans: Piece[] = [];
    const [from, to] = [start << COUNT_BITS, (start + WINDOW) << COUNT_BITS];
    for (let piece = this.#pieces[this.#piece]; piece; piece = this.#pieces[this.#piece]) {
      const { postings, high: end } = piece;
      const low = lowerBound(postings, from, {
        low: this.#at,
        high: (postings[this.#at] ?? from) < from ? end : this.#at,
      });
      // A text has one posting of a word at most.
      const high = lowerBound(postings, to, { low, high: Math.min(end, low + WINDOW) });
      if (high > low) spans.push({ postings, low, high });
      this.#at = high;
      if (high < end) break;
      this.#piece += 1;
      this.#at = this.#pieces[this.#piece]?.low ?? 0;
    }
    return spans;
  }
}

/** For each word: what it and those behind it can add at most. */
function boundsOf(words: readonly WeightedWord[], factors: Float32Array): readonly number[] {
  const bounds: number[] = [];
  let bound = 0;
  for (const { weight, term, found } of words.toReversed()) {
    let most = 0;
    for (const [{ lengths, shortest }, pieces] of found) {
      most = Math.max(most, maxScoreOf({ lengths, pieces, shortest: shortest && (() => shortest(term)) }, factors));
    }
    bound += weight * most;
    bounds.unshift(bound);
  }
  return bounds;
}
