// The scores of keywords: BM25 with the statistics of the scopes that are searched. A few imagined texts are added to them,
// in which the words that every English text has are common, so that a scope of three rows already knows what a rare word is.

export const K1 = 1.2;
export const B = 0.75;
const IMAGINED_TEXTS = 50;
const IMAGINED_SHARE = 0.6;
/** What the parts of a score by one word are below: times the word's weight. */
export const SCORE_MAX = K1 + 1;

const COMMON = `a about after all also an and any are as at be because been before being but by can could did do does doing
  for from get had has have having he her here him his how i if in into is it its just me more most my no not of on one only
  or other our out over she should so some such than that the their them then there these they this those to too under up us
  very was we were what when where which while who why will with would you your`;
/** Words that say little, as they are written (not stemmed). */
export const COMMON_WORDS: ReadonlySet<string> = new Set(COMMON.split(/\s+/));

/** The weight of a word that `frequency` of `texts` texts have. */
export function weightOf(texts: number, frequency: number, isCommon: boolean): number {
  const all = texts + IMAGINED_TEXTS;
  const having = Math.min(frequency, texts) + (isCommon ? IMAGINED_TEXTS * IMAGINED_SHARE : 0);
  return Math.log(1 + (all - having + 0.5) / (having + 0.5));
}

/** A word that more texts have than this share says nothing of any of them; of a few texts, that a few more are imagined beside. */
const UBIQUITOUS_SHARE = 0.5;
const UBIQUITOUS_TEXTS = 10;

/** Whether so many of the texts have a word that it tells none of them from the others. */
export const isUbiquitous = (frequency: number, texts: number): boolean =>
  frequency > UBIQUITOUS_SHARE * (texts + UBIQUITOUS_TEXTS);

/**
 * Which words of a question texts are found by: not those that nearly all have, nor those that English questions are full of,
 * unless it has no others. By the rest what was found scores only.
 */
export function telling(
  words: readonly { readonly isCommon: boolean }[],
  isEverywhere: (index: number) => boolean,
): readonly boolean[] {
  const tell = words.map(({ isCommon }, index) => !isCommon && !isEverywhere(index));
  return tell.includes(true) ? tell : words.map(() => true);
}

/** How often a word is in a text, in four bits: exact up to 8. */
const COUNTS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 15, 22, 32, 64, 160, 512] as const;

export function countCode(count: number): number {
  if (count <= 8) return count;
  let code = 9;
  while (code < 15 && count > (COUNTS[code] ?? 0) * 1.2) code += 1;
  return code;
}

/** How many words a text has, in eight bits: exact up to 127, then to 3 %. */
const EXACT_LENGTHS = 127;
const GROWTH = 1.0625;

export const lengthCode = (length: number): number =>
  length <= EXACT_LENGTHS
    ? length
    : Math.min(255, EXACT_LENGTHS + Math.round(Math.log(length / EXACT_LENGTHS) / Math.log(GROWTH)));

const lengthOf = (code: number): number =>
  code <= EXACT_LENGTHS ? code : EXACT_LENGTHS * GROWTH ** (code - EXACT_LENGTHS);

/** What a word's weight is multiplied by, at `length code << 4 | count code`, in texts of this mean length. */
export function factorsFor(meanLength: number, into: Float32Array): Float32Array {
  for (let length = 0; length < 256; length += 1) {
    const norm = K1 * (1 - B + (B * lengthOf(length)) / meanLength);
    for (let code = 0; code < COUNTS.length; code += 1) {
      const count = COUNTS[code] ?? 0;
      into[(length << 4) | code] = (count * SCORE_MAX) / (count + norm);
    }
  }
  return into;
}
