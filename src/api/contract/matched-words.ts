/** A piece of a text, and whether it is one of the words. */
type Piece = { readonly text: string; readonly isMatch: boolean };

/** So short that it begins many others, which it does not mean. */
const SHORT = 2;

/** The text cut where words that a search matched stand in it, at the beginning of a word, whatever their case. */
export function cutAtWords(text: string, words: readonly string[]): readonly Piece[] {
  const longest = words.filter((word) => word !== "").toSorted((one, other) => other.length - one.length);
  if (longest.length === 0) return [{ text, isMatch: false }];
  const either = longest
    .map((word) => (word.length > SHORT ? RegExp.escape(word) : `${RegExp.escape(word)}(?![\\p{L}\\p{N}])`))
    .join("|");
  // What is caught by the brackets is kept by split, at every second place.
  return text
    .split(new RegExp(`(?<![\\p{L}\\p{N}])(${either})`, "giu"))
    .map((piece, at) => ({ text: piece, isMatch: at % 2 === 1 }))
    .filter((piece) => piece.text !== "");
}
