/** Letters and digits of any script, with apostrophes and hyphens inside a word. */
const WORD = /[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu;

/** Words of English that say nothing about what a text is about. */
const COMMON = new Set(
  "a an and are as at be but by for from has he her his i in is it its of on or she that the their they this to was we were which with you".split(
    " ",
  ),
);

export type Frequency = { readonly word: string; readonly count: number };

/** The most frequent words, most frequent first and then by the alphabet, and how many words there are in all. */
export function frequencies(text: string, top: number, skipCommon: boolean): { words: number; top: Frequency[] } {
  const counts = new Map<string, number>();
  let words = 0;
  // Not matchAll, which would compile the expression again for each text.
  for (const found of text.match(WORD) ?? []) {
    words += 1;
    const word = found.toLowerCase();
    if (skipCommon && COMMON.has(word)) continue;
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const sorted = Array.from(counts, ([word, count]) => ({ word, count })).toSorted(
    (one, other) => other.count - one.count || (one.word < other.word ? -1 : 1),
  );
  return { words, top: sorted.slice(0, top) };
}
