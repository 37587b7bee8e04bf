import * as z from "zod";
import { grown } from "../graph/adjacency.ts";
import { SavedBytes, SavedInts } from "../saved.ts";

/** Bits of a posting that say how often the word is in the text; above them is the text's number in the segment. */
export const COUNT_BITS = 4;
export const COUNT_MASK = (1 << COUNT_BITS) - 1;

/**
 * Texts that have been put in order once, and are never changed. Texts of one scope are neighbours, so that what a search may
 * see of a word's postings is one piece of them.
 */
export type Segment = {
  /** For each text: its number in the index. Sorted by scope, then as they came. */
  readonly texts: Int32Array<ArrayBuffer>;
  /** For each text: the code of its length. */
  readonly lengths: Uint8Array<ArrayBuffer>;
  /** The scopes there are, ascending, and where the texts of each begin; one more start than scopes. */
  readonly scopes: Int32Array<ArrayBuffer>;
  readonly starts: Int32Array<ArrayBuffer>;
  /** The words there are, ascending, and where the postings of each begin; one more offset than terms. */
  readonly terms: Int32Array<ArrayBuffer>;
  readonly offsets: Int32Array<ArrayBuffer>;
  /** Text in the segment << 4 | code of the count; ascending for each word. */
  readonly postings: Int32Array<ArrayBuffer>;
};

/** A segment as it is kept. */
export const SavedSegment = z.object({
  texts: SavedInts,
  lengths: SavedBytes,
  scopes: SavedInts,
  starts: SavedInts,
  terms: SavedInts,
  offsets: SavedInts,
  postings: SavedInts,
});

/** The first index of `sorted`, from `low` to before `high`, whose value is at least `value`. */
export function lowerBound(sorted: Int32Array, value: number, bounds: { low: number; high: number }): number {
  let { low, high } = bounds;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How far from where a value should be it is looked for first. */
const NEAR = 16;

/**
 * The same as `lowerBound`, meant for values that are spread about evenly: it looks first where the value should be, so that it
 * reads fewer places that are far from each other.
 */
export function interpolationSearch(
  sorted: Int32Array,
  value: number,
  { low, high }: { low: number; high: number },
): number {
  const first = sorted[low] ?? 0;
  const last = sorted[high - 1] ?? 0;
  if (low >= high || value <= first) return low;
  if (value > last) return high;
  const guess = low + Math.floor(((value - first) / (last - first)) * (high - 1 - low));
  let [from, to] = [guess, guess];
  if ((sorted[guess] ?? 0) < value) {
    for (let step = NEAR; ; step *= 4) {
      to = Math.min(from + step, high);
      if (to === high || (sorted[to] ?? 0) >= value) break;
      from = to;
    }
  } else {
    for (let step = NEAR; ; step *= 4) {
      from = Math.max(to - step, low);
      if (from === low || (sorted[from] ?? 0) < value) break;
      to = from;
    }
  }
  return lowerBound(sorted, value, { low: from, high: to });
}

/** Where the postings of a word begin and end, or undefined. */
export function postingsOf(
  segment: Segment,
  term: number,
): { readonly low: number; readonly high: number } | undefined {
  const at = lowerBound(segment.terms, term, { low: 0, high: segment.terms.length });
  if (segment.terms[at] !== term) return undefined;
  return { low: segment.offsets[at] ?? 0, high: segment.offsets[at + 1] ?? 0 };
}

export const segmentBytes = ({ texts, lengths, scopes, starts, terms, offsets, postings }: Segment): number =>
  [texts, lengths, scopes, starts, terms, offsets, postings].reduce((sum, { byteLength }) => sum + byteLength, 0);

/** What a merge asks of each text. */
export type TextFacts = {
  readonly isAlive: (text: number) => boolean;
  readonly scopeOf: (text: number) => number;
};

/** Texts as they came, word by word: what is not yet in a segment. */
export type BufferedTexts = {
  readonly texts: readonly number[];
  readonly lengths: readonly number[];
  /** Where the words of each text begin; one more than texts. */
  readonly starts: readonly number[];
  readonly terms: Int32Array;
  readonly counts: Uint8Array;
};

/** The living ones of fresh texts as a segment. */
export function flushSegment(fresh: BufferedTexts, { isAlive, scopeOf }: TextFacts): Segment {
  const order = fresh.texts
    .map((text, index) => ({ text, index, scope: scopeOf(text) }))
    .filter(({ text }) => isAlive(text))
    .toSorted((one, other) => one.scope - other.scope || one.index - other.index);
  // A word and a posting as one number that sorts: the number of a posting stays far below 2^21.
  const size = order.reduce((sum, { index }) => sum + wordsOf(fresh, index), 0);
  const keys = new Float64Array(size);
  let written = 0;
  for (const [local, { index }] of order.entries()) {
    for (let at = fresh.starts[index] ?? 0, end = fresh.starts[index + 1] ?? 0; at < end; at += 1) {
      keys[written] = (fresh.terms[at] ?? 0) * 2 ** 21 + ((local << COUNT_BITS) | (fresh.counts[at] ?? 0));
      written += 1;
    }
  }
  keys.sort();
  const writer = new PostingsWriter(size);
  for (const key of keys) {
    const term = Math.floor(key / 2 ** 21);
    writer.begin(term);
    writer.add(key - term * 2 ** 21);
  }
  return {
    texts: Int32Array.from(order, ({ text }) => text),
    lengths: Uint8Array.from(order, ({ index }) => fresh.lengths[index] ?? 0),
    ...scopesOf(order.map(({ scope }) => scope)),
    ...writer.finish(),
  };
}

const wordsOf = ({ starts }: BufferedTexts, index: number): number => (starts[index + 1] ?? 0) - (starts[index] ?? 0);

/** The distinct scopes of sorted texts, and where each begins. */
function scopesOf(sorted: ArrayLike<number>): Pick<Segment, "scopes" | "starts"> {
  const scopes: number[] = [];
  const starts: number[] = [];
  for (let at = 0; at < sorted.length; at += 1) {
    const scope = sorted[at] ?? 0;
    if (at > 0 && scope === sorted[at - 1]) continue;
    scopes.push(scope);
    starts.push(at);
  }
  return { scopes: Int32Array.from(scopes), starts: Int32Array.from([...starts, sorted.length]) };
}

/** Collects postings word by word. */
class PostingsWriter {
  #terms = new Int32Array(64);
  #offsets = new Int32Array(65);
  #count = 0;
  #term = -1;
  readonly postings: Int32Array<ArrayBuffer>;
  length = 0;

  constructor(size: number) {
    this.postings = new Int32Array(size);
  }

  /** What is added from here on is of this word: one that is not below the last. */
  begin(term: number): void {
    if (term === this.#term) return;
    this.#term = term;
    // A word whose texts are all gone is overwritten.
    if (this.#count > 0 && this.#offsets[this.#count - 1] === this.length) this.#count -= 1;
    if (this.#count >= this.#terms.length) {
      this.#terms = grown(this.#terms, this.#count + 1);
      this.#offsets = grown(this.#offsets, this.#terms.length + 1);
    }
    this.#terms[this.#count] = term;
    this.#offsets[this.#count] = this.length;
    this.#count += 1;
  }

  add(posting: number): void {
    this.postings[this.length] = posting;
    this.length += 1;
  }

  finish(): Pick<Segment, "terms" | "offsets" | "postings"> {
    this.begin(-2);
    const count = this.#count - 1;
    const isTight = this.length > this.postings.length * 0.9;
    return {
      terms: this.#terms.slice(0, count),
      offsets: this.#offsets.slice(0, count + 1),
      postings: isTight ? this.postings.subarray(0, this.length) : this.postings.slice(0, this.length),
    };
  }
}

/**
 * Merges segments into one without the texts that are dead when it begins. It yields after each small piece of work with
 * how many numbers it has moved, so that callers never wait for the whole merge.
 */
export function* mergeSegments(sources: readonly Segment[], facts: TextFacts): Generator<number, Segment> {
  const { texts, lengths, scopes, places } = yield* mergedTexts(sources, facts);
  const writer = new PostingsWriter(sources.reduce((sum, { postings }) => sum + postings.length, 0));
  const heads = sources.map(() => 0);
  for (;;) {
    let term = Infinity;
    for (const [index, source] of sources.entries()) {
      const head = source.terms[heads[index] ?? 0];
      if (head !== undefined && head < term) term = head;
    }
    if (term === Infinity) break;
    writer.begin(term);
    const from = writer.length;
    for (const [index, source] of sources.entries()) {
      const head = heads[index] ?? 0;
      const place = places[index];
      if (source.terms[head] !== term || place === undefined) continue;
      heads[index] = head + 1;
      for (let at = source.offsets[head] ?? 0, end = source.offsets[head + 1] ?? 0; at < end; at += 1) {
        const posting = source.postings[at] ?? 0;
        const to = place[posting >>> COUNT_BITS] ?? -1;
        if (to >= 0) writer.add((to << COUNT_BITS) | (posting & 15));
      }
    }
    sortPart(writer.postings, from, writer.length);
    yield writer.length - from + sources.length;
  }
  return { texts, lengths, ...scopesOf(scopes), ...writer.finish() };
}

/** Sorts a part of an array, unless it is sorted already. */
function sortPart(postings: Int32Array, from: number, to: number): void {
  for (let at = from + 1; at < to; at += 1) {
    if ((postings[at] ?? 0) >= (postings[at - 1] ?? 0)) continue;
    postings.subarray(from, to).sort();
    return;
  }
}

type MergedTexts = Pick<Segment, "texts" | "lengths"> & {
  readonly scopes: Int32Array;
  /** For each source, where each of its texts has gone; -1 for none. */
  readonly places: readonly Int32Array[];
};

/** The living texts of all sources: by scope, then source, then as they were. */
function* mergedTexts(sources: readonly Segment[], { isAlive, scopeOf }: TextFacts): Generator<number, MergedTexts> {
  const size = sources.reduce((sum, source) => sum + source.texts.length, 0);
  const texts = new Int32Array(size);
  const lengths = new Uint8Array(size);
  const scopes = new Int32Array(size);
  const places = sources.map((source) => new Int32Array(source.texts.length).fill(-1));
  const heads = sources.map(() => 0);
  let written = 0;
  for (;;) {
    let scope = Infinity;
    for (const [index, source] of sources.entries()) {
      const head = source.scopes[heads[index] ?? 0];
      if (head !== undefined && head < scope) scope = head;
    }
    if (scope === Infinity) break;
    for (const [index, source] of sources.entries()) {
      const head = heads[index] ?? 0;
      const place = places[index];
      if (source.scopes[head] !== scope || place === undefined) continue;
      heads[index] = head + 1;
      for (let at = source.starts[head] ?? 0, end = source.starts[head + 1] ?? 0; at < end; at += 1) {
        if ((at & 255) === 255) yield 256;
        const text = source.texts[at] ?? 0;
        // The number of a scope may have gone to another, but then all texts of the old one are dead.
        if (!isAlive(text) || scopeOf(text) !== scope) continue;
        place[at] = written;
        texts[written] = text;
        lengths[written] = source.lengths[at] ?? 0;
        scopes[written] = scope;
        written += 1;
      }
    }
    yield sources.length;
  }
  return {
    texts: texts.slice(0, written),
    lengths: lengths.slice(0, written),
    scopes: scopes.subarray(0, written),
    places,
  };
}
