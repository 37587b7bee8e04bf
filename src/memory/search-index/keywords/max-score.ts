import { COUNT_BITS, COUNT_MASK, type Segment, postingsOf } from "./segment.ts";

/** Words with fewer postings in what a search sees are looked through each time. */
const KEPT_POSTINGS_MIN = 128;
const COUNT_CODES = COUNT_MASK + 1;
const NONE = -1;

/** For each frequency code: the length code of the shortest text with this term frequency, or -1. */
export type Shortest = Int16Array;

/** Of segments, which never change: what was looked for once. Texts that are gone count too, so that a bound may be too high. */
const kept = new WeakMap<Segment, Map<number, Shortest>>();

/** The shortest texts with a word in a segment. Looks through its postings once. */
export function minLengthByCount(segment: Segment, term: number): Shortest {
  let words = kept.get(segment);
  if (!words) kept.set(segment, (words = new Map<number, Shortest>()));
  let shortest = words.get(term);
  if (!shortest) {
    shortest = new Int16Array(COUNT_CODES).fill(NONE);
    const { low, high } = postingsOf(segment, term) ?? { low: 0, high: 0 };
    note(shortest, segment, { low, high });
    words.set(term, shortest);
  }
  return shortest;
}

type Texts = { readonly postings: Int32Array; readonly lengths: Uint8Array };

function note(
  shortest: Shortest,
  { postings, lengths }: Texts,
  { low, high }: { readonly low: number; readonly high: number },
): void {
  for (let at = low; at < high; at += 1) {
    const posting = postings[at] ?? 0;
    const code = posting & COUNT_MASK;
    const length = lengths[posting >>> COUNT_BITS] ?? 0;
    const least = shortest[code] ?? NONE;
    if (least === NONE || length < least) shortest[code] = length;
  }
}

/** What a search sees of a word's postings in some texts. */
export type SeenWord = {
  readonly lengths: Uint8Array;
  readonly pieces: readonly { readonly postings: Int32Array; readonly low: number; readonly high: number }[];
  /** The shortest texts with it, those that the search does not see with them; undefined where they are few. */
  readonly shortest: (() => Shortest) | undefined;
};

/** The highest factor that a word has in texts that a search sees, or somewhat more. */
export function maxScoreOf(seen: SeenWord, factors: Float32Array): number {
  const postings = seen.pieces.reduce((sum, { low, high }) => sum + high - low, 0);
  if (postings === 0) return 0;
  let shortest: Shortest;
  if (seen.shortest && postings >= KEPT_POSTINGS_MIN) shortest = seen.shortest();
  else {
    shortest = new Int16Array(COUNT_CODES).fill(NONE);
    for (const piece of seen.pieces) note(shortest, { postings: piece.postings, lengths: seen.lengths }, piece);
  }
  let most = 0;
  for (const [code, length] of shortest.entries())
    if (length !== NONE) most = Math.max(most, factors[(length << COUNT_BITS) | code] ?? 0);
  return most;
}
