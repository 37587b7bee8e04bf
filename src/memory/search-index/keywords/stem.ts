const code = (letter: string): number => letter.charCodeAt(0);
const [A, D, E, G, H, I] = [code("a"), code("d"), code("e"), code("g"), code("h"), code("i")];
const [L, N, O, S, U, X] = [code("l"), code("n"), code("o"), code("s"), code("u"), code("x")];
const [C, Y, Z] = [code("c"), code("y"), code("z")];
const ASCII_END = 128;

/**
 * The length of a word's stem, which it writes over the word: the endings of English plurals, of -ed and -ing, and a last -e
 * go. Words of other alphabets, numbers and short words stay as they are.
 */
export function stem(units: Uint16Array, length: number): number {
  if (length < 4) return length;
  for (let at = 0; at < length; at += 1) {
    const unit = units[at] ?? 0;
    if (unit < A || unit >= ASCII_END) return length;
  }
  let end = withoutPlural(units, length);
  end = withoutTense(units, end);
  return end > 3 && units[end - 1] === E ? end - 1 : end;
}

function withoutPlural(units: Uint16Array, length: number): number {
  if (units[length - 1] !== S) return length;
  const before = units[length - 2];
  if (before === S || before === U || before === I) return length;
  if (before !== E) return length - 1;
  const third = units[length - 3];
  if (third === I && length > 4) {
    units[length - 3] = Y;
    return length - 2;
  }
  const fourth = units[length - 4];
  const isHissed = third === X || third === Z || (third === S && fourth === S);
  const isSibilant = third === H && (fourth === C || fourth === S);
  return length > 4 && (isHissed || isSibilant) ? length - 2 : length - 1;
}

function withoutTense(units: Uint16Array, length: number): number {
  const last = units[length - 1];
  if (last === D && units[length - 2] === E) {
    const third = units[length - 3];
    if (third === E || length < 5) return length;
    if (third === I) {
      units[length - 3] = Y;
      return length - 2;
    }
    return hasVowel(units, length - 2) ? single(units, length - 2) : length;
  }
  const isContinuous = last === G && units[length - 2] === N && units[length - 3] === I;
  if (!isContinuous || length < 6 || !hasVowel(units, length - 3)) return length;
  return single(units, length - 3);
}

/** A doubled consonant at the end becomes one: `stopp` is of `stop`, while `process` and `install` keep theirs. */
function single(units: Uint16Array, length: number): number {
  const last = units[length - 1];
  const isDoubled = last === units[length - 2] && length > 3;
  return isDoubled && last !== L && last !== S && last !== Z ? length - 1 : length;
}

function hasVowel(units: Uint16Array, length: number): boolean {
  for (let at = 0; at < length; at += 1) {
    const unit = units[at];
    if (unit === A || unit === E || unit === I || unit === O || unit === U || unit === Y) return true;
  }
  return false;
}
