import { COUNT_BITS, COUNT_MASK, type Segment, postingsOf } from "./segment.ts";

/** Minimum frequency of cached words, one in this many texts: the cache takes no more memory than their postings. */
const TEXTS_PER_POSTING_MAX = 8;
/** Minimum texts of a segment; smaller ones are fast without a cache. */
const TEXTS_MIN = 1_024;

/** Term-frequency code of a word in each text of a segment, 0 if absent; two texts per byte. */
export type TermFrequencies = Uint8Array;

/** Cached by segment; segments are immutable. */
const kept = new WeakMap<Segment, Map<number, TermFrequencies>>();

/** Returns the frequencies of a frequent word; undefined for others. Scans its postings once. */
export function termFrequenciesOf(segment: Segment, term: number): TermFrequencies | undefined {
  let words = kept.get(segment);
  if (!words) kept.set(segment, (words = new Map<number, TermFrequencies>()));
  const known = words.get(term) ?? made(segment, term);
  if (known) words.set(term, known);
  return known;
}

function made(segment: Segment, term: number): TermFrequencies | undefined {
  const { postings, texts } = segment;
  const { low, high } = postingsOf(segment, term) ?? { low: 0, high: 0 };
  if (texts.length < TEXTS_MIN || (high - low) * TEXTS_PER_POSTING_MAX < texts.length) return undefined;
  const codes = new Uint8Array((texts.length + 1) >>> 1);
  for (let at = low; at < high; at += 1) {
    const posting = postings[at] ?? 0;
    const local = posting >>> COUNT_BITS;
    codes[local >>> 1] = (codes[local >>> 1] ?? 0) | ((posting & COUNT_MASK) << ((local & 1) * COUNT_BITS));
  }
  return codes;
}

export const codeOf = (codes: TermFrequencies, local: number): number =>
  ((codes[local >>> 1] ?? 0) >>> ((local & 1) * COUNT_BITS)) & COUNT_MASK;

/** Returns the bytes cached for a segment. */
export function termFrequenciesBytes(segment: Segment): number {
  let bytes = 0;
  for (const { byteLength } of kept.get(segment)?.values() ?? []) bytes += byteLength;
  return bytes;
}
