// Keyword scores: BM25 with the statistics of the searched scopes. A few virtual texts that contain common English words are added to
// them, so that rare words are known even in a scope of three rows.

export const K1 = 1.2;
export const B = 0.75;
const IMAGINED_TEXTS = 50;
const IMAGINED_SHARE = 0.6;
/** Upper bound of a word's score, relative to its weight. */
export const SCORE_MAX = K1 + 1;

const COMMON = `a about after all also an and any are as at be because been before being but by can could did do does doing
  for from get had has have having he her here him his how i if in into is it its just me more most my no not of on one only
  or other our out over she should so some such than that the their them then there these they this those to too under up us
  very was we were what when where which while who why will with would you your`;
/** Stop words, unstemmed. */
export const STOP_WORDS: ReadonlySet<string> = new Set(COMMON.split(/\s+/));

/** Returns the weight of a word that `frequency` of `texts` texts contain. */
export function weightOf(texts: number, frequency: number, isCommon: boolean): number {
  const all = texts + IMAGINED_TEXTS;
  const having = Math.min(frequency, texts) + (isCommon ? IMAGINED_TEXTS * IMAGINED_SHARE : 0);
  return Math.log(1 + (all - having + 0.5) / (having + 0.5));
}

/** A word in more than this fraction of the texts is ignored; few texts are supplemented with virtual ones. */
const FREQUENCY_RATIO_MAX = 0.5;
const UBIQUITOUS_TEXTS = 10;

/** Returns whether a word is in too many of the texts to discriminate between them. */
export const isTooFrequent = (frequency: number, texts: number): boolean =>
  frequency > FREQUENCY_RATIO_MAX * (texts + UBIQUITOUS_TEXTS);

/**
 * Returns the words of a query that retrieve texts: neither too frequent words nor stop words, unless the query has no others. The other
 * words only contribute to scores.
 */
export function selectDiscriminative(
  words: readonly { readonly isCommon: boolean }[],
  isEverywhere: (index: number) => boolean,
): readonly boolean[] {
  const isRare = words.map(({ isCommon }, index) => !isCommon && !isEverywhere(index));
  return isRare.includes(true) ? isRare : words.map(() => true);
}

/** Term frequency in four bits: exact up to 8. */
const COUNTS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 15, 22, 32, 64, 160, 512] as const;

export function countCode(count: number): number {
  if (count <= 8) return count;
  let code = 9;
  while (code < 15 && count > (COUNTS[code] ?? 0) * 1.2) code += 1;
  return code;
}

/** Text length in eight bits: exact up to 127, then within 3 %. */
const EXACT_LENGTHS = 127;
const GROWTH = 1.0625;

export const lengthCode = (length: number): number =>
  length <= EXACT_LENGTHS
    ? length
    : Math.min(255, EXACT_LENGTHS + Math.round(Math.log(length / EXACT_LENGTHS) / Math.log(GROWTH)));

const lengthOf = (code: number): number =>
  code <= EXACT_LENGTHS ? code : EXACT_LENGTHS * GROWTH ** (code - EXACT_LENGTHS);

/** Computes the factors of a word's weight, at `length code << 4 | count code`, for texts of this mean length. */
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
