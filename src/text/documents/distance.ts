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
/** Candidates that one word is compared with. */
const CANDIDATES_MAX = 5_000;
/** Steps, some nanoseconds each, that the whole process may take in one window of time. Past it words have no suggestions. */
const STEPS_MAX = 1_000_000;
const WINDOW_MS = 100;
const STEPS_PER_FOLDING = 32;
const STEPS_PER_LOOK = 2;

const budget = { untilMs: 0, stepsLeft: 0 };

function spend(steps: number): boolean {
  budget.stepsLeft -= steps;
  return budget.stepsLeft >= 0;
}

/** Whether anything is left in this window, or a new one begins. */
function hasBudget(): boolean {
  const nowMs = performance.now();
  if (nowMs >= budget.untilMs) Object.assign(budget, { untilMs: nowMs + WINDOW_MS, stepsLeft: STEPS_MAX });
  return budget.stepsLeft > 0;
}

const folded = (word: string): string =>
  word
    .slice(0, WORD_MAX)
    .toLowerCase()
    .replaceAll(/[-_. ]/g, "");

/** Which letters are in a word, as bits; different letters may share one. */
function letters(word: string): number {
  let bits = 0;
  for (let at = 0; at < word.length; at += 1) bits |= 1 << (word.charCodeAt(at) & 31);
  return bits;
}

function ones(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count += 1;
  return count;
}

type Candidate = { readonly name: string; readonly text: string; readonly bits: number };

/**
 * Finds the candidates that the writer of a word may have meant, nearest first, at most three; case and separators do not
 * count. One call serves all words of a batch. Only the first 5,000 candidates count, and all suggestions of the process
 * together take some 10 ms of 100: past it there are none, since names come from requests.
 */
export function suggester(candidates: Iterable<string>): (word: string) => readonly string[] {
  let all: readonly Candidate[] | undefined;
  const known = new Map<string, readonly string[]>();
  const farness = (meant: string, tolerance: number, bits: number, candidate: Candidate): number => {
    const { text } = candidate;
    // A beginning of four letters or more is a likely abbreviation: temp for temperature is 7 letters away.
    if (meant.length >= 4 && text.startsWith(meant)) return 1;
    // Lengths and letters put a floor under the distance, which spares most of the work on long lists.
    if (Math.abs(meant.length - text.length) > tolerance) return Infinity;
    if (Math.max(ones(bits & ~candidate.bits), ones(candidate.bits & ~bits)) > tolerance) return Infinity;
    return spend(meant.length * text.length) ? distance(meant, text) : Infinity;
  };
  return (word) => {
    const meant = folded(word);
    const before = known.get(meant);
    if (before !== undefined || !hasBudget()) return before ?? [];
    all ??= candidatesOf(candidates);
    spend(all.length * STEPS_PER_LOOK);
    const tolerance = Math.max(1, Math.floor(meant.length / 3));
    const bits = letters(meant);
    const found = all
      .map((candidate) => ({ name: candidate.name, far: farness(meant, tolerance, bits, candidate) }))
      .filter(({ far }) => far <= tolerance)
      .toSorted((left, right) => left.far - right.far || compareText(left.name, right.name))
      .slice(0, 3)
      .map(({ name }) => name);
    known.set(meant, found);
    return found;
  };
}

function candidatesOf(names: Iterable<string>): readonly Candidate[] {
  const all = new Map<string, Candidate>();
  for (const name of names) {
    if (all.size === CANDIDATES_MAX) break;
    const text = folded(name);
    spend(STEPS_PER_FOLDING);
    all.set(name, { name, text, bits: letters(text) });
  }
  return [...all.values()];
}

/** The same for a single word. */
export const nearest = (word: string, candidates: Iterable<string>): readonly string[] => suggester(candidates)(word);
