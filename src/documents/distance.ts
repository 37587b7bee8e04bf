import { compareText } from "./problem.ts";

/**
 * Damerau–Levenshtein distance: how many insertions, deletions, replacements and swaps of neighbours lead from one
 * word to the other. A metric. Cost grows with the product of the lengths, so keep words short.
 */
export function distance(left: string, right: string): number {
  const width = right.length + 2;
  const far = left.length + right.length;
  const lastRow = new Map<string, number>();
  const table = new Int32Array((left.length + 2) * width).fill(far);
  const at = (row: number, column: number): number => table[(row + 1) * width + column + 1] ?? far;
  for (let row = 0; row <= left.length; row += 1) table[(row + 1) * width + 1] = row;
  for (let column = 0; column <= right.length; column += 1) table[width + column + 1] = column;
  for (let row = 1; row <= left.length; row += 1) {
    let lastColumn = 0;
    for (let column = 1; column <= right.length; column += 1) {
      const swapRow = lastRow.get(right.charAt(column - 1)) ?? 0;
      const swapColumn = lastColumn;
      const same = left[row - 1] === right[column - 1];
      if (same) lastColumn = column;
      table[(row + 1) * width + column + 1] = Math.min(
        at(row - 1, column - 1) + (same ? 0 : 1),
        at(row, column - 1) + 1,
        at(row - 1, column) + 1,
        at(swapRow - 1, swapColumn - 1) + (row - swapRow - 1) + 1 + (column - swapColumn - 1),
      );
    }
    lastRow.set(left.charAt(row - 1), row);
  }
  return at(left.length, right.length);
}

const WORD_MAX = 64;
const folded = (word: string): string =>
  word
    .slice(0, WORD_MAX)
    .toLowerCase()
    .replaceAll(/[-_. ]/g, "");

/** The candidates that somebody who wrote `word` may have meant, nearest first, at most three; case and separators do not count. */
export function nearest(word: string, candidates: Iterable<string>): readonly string[] {
  const meant = folded(word);
  const tolerance = Math.max(1, Math.floor(meant.length / 3));
  return [...new Set(candidates)]
    .map((candidate) => ({ candidate, far: farness(meant, folded(candidate)) }))
    .filter(({ far }) => far <= tolerance)
    .toSorted((left, right) => left.far - right.far || compareText(left.candidate, right.candidate))
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

function farness(meant: string, candidate: string): number {
  // A beginning of four letters or more is a likely abbreviation: temp for temperature is 7 letters away.
  if (meant.length >= 4 && candidate.startsWith(meant)) return 1;
  // Lengths alone put a floor under the distance, which spares most of the work on long lists.
  if (Math.abs(meant.length - candidate.length) > Math.max(1, Math.floor(meant.length / 3))) return Infinity;
  return distance(meant, candidate);
}
