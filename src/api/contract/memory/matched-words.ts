/** A piece of a text, and whether it is one of the words. */
type Piece = { readonly text: string; readonly isMatch: boolean };

/** So short that it begins many others, which it does not mean. */
const SHORT = 2;
/** Scripts that searches take apart into overlapping pairs, since no space says where a word begins. */
const DENSE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
/** Letters that may have accents: those of ASCII, which most texts are of, have none. */
const ACCENTED = /(?!\p{ASCII})[\p{Script=Latin}\p{Script=Greek}]/gu;

/** The text cut where words that a search matched stand in it, at the beginning of a word, whatever their case and accents. */
export function cutAtWords(text: string, words: readonly string[]): readonly Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const [start, end] of matchesIn(withoutAccents(text), words)) {
    if (start > from) pieces.push({ text: text.slice(from, start), isMatch: false });
    // Adjacent spans are merged.
    const before = start > from ? undefined : pieces.pop();
    pieces.push({ text: (before?.text ?? "") + text.slice(start, end), isMatch: true });
    from = end;
  }
  return from < text.length || pieces.length === 0 ? [...pieces, { text: text.slice(from), isMatch: false }] : pieces;
}

/** Where each begins and ends; one may begin where another ends. */
function matchesIn(plain: string, words: readonly string[]): readonly (readonly [start: number, end: number])[] {
  const longest = words.filter((word) => word !== "").toSorted((one, other) => other.length - one.length);
  if (longest.length === 0) return [];
  const either = new RegExp(longest.map(patternOf).join("|"), "giu");
  return [...plain.matchAll(either)].map(({ 0: { length }, index }) => [index, index + length]);
}

function patternOf(word: string): string {
  const [first = "", second = "", ...more] = Array.from(word, (one) => RegExp.escape(one));
  // Pairs overlap: each character of one is a match of its own.
  if (DENSE.test(word) && second !== "" && more.length === 0) return `${first}(?=${second})|(?<=${first})${second}`;
  const whole = word.length > SHORT ? "" : "(?![\\p{L}\\p{N}])";
  return `(?<![\\p{L}\\p{N}])${RegExp.escape(word)}${whole}`;
}

/** As searches compare it, of the same length. */
const withoutAccents = (text: string): string =>
  text.replaceAll(ACCENTED, (one) => (one.length === 1 ? one.normalize("NFD").charAt(0) : one));
