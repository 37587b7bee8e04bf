import { COUNT_BITS, COUNT_MASK, type Segment, postingsOf } from "./segment.ts";

/** Words that at least one in so many texts has: for them what is kept here takes no more memory than their postings. */
const TEXTS_PER_POSTING_MAX = 8;
/** In fewer texts a word is found fast enough by its postings. */
const TEXTS_MIN = 1_024;

/** The code of how often a word is in each text of a segment, 0 where it is not; two texts in a byte. */
export type CountCodes = Uint8Array;

/** Of segments, which never change: what was asked for once. */
const kept = new WeakMap<Segment, Map<number, CountCodes>>();

/** Of a word that many texts of a segment have; undefined for others. Looks through its postings once. */
export function countCodesOf(segment: Segment, term: number): CountCodes | undefined {
  let words = kept.get(segment);
  if (!words) kept.set(segment, (words = new Map<number, CountCodes>()));
  const known = words.get(term) ?? made(segment, term);
  if (known) words.set(term, known);
  return known;
}

function made(segment: Segment, term: number): CountCodes | undefined {
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

export const codeOf = (codes: CountCodes, local: number): number =>
  ((codes[local >>> 1] ?? 0) >>> ((local & 1) * COUNT_BITS)) & COUNT_MASK;

/** Memory taken of a segment's words, in bytes. */
export function countCodesBytes(segment: Segment): number {
  let bytes = 0;
  for (const { byteLength } of kept.get(segment)?.values() ?? []) bytes += byteLength;
  return bytes;
}
