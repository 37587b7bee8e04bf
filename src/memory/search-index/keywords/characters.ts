/** Class of a character in words: 0 is not computed yet. */
export const CHARACTER = {
  other: 1,
  small: 2,
  capital: 3,
  digit: 4,
  joiner: 5,
  apostrophe: 6,
  /** Of a script without spaces, or with suffixes. */
  dense: 7,
  /** A combining accent, which is ignored. */
  accent: 8,
} as const;

const DENSE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const ACCENTED = /[\p{Script=Latin}\p{Script=Greek}]/u;
const UNITS = 0x1_0000;

const classes = new Uint8Array(UNITS);
const folded = new Uint16Array(UNITS);

/** Returns the class of a UTF-16 unit; a surrogate is `other`. */
export function classOf(unit: number): number {
  const known = classes[unit] ?? 0;
  return known === 0 ? learn(unit) : known;
}

/** Returns the folded unit: lower case, without accents in Latin and Greek. Call `classOf` for the same unit first. */
export const foldOf = (unit: number): number => folded[unit] ?? 0;

/** Returns the class of a character outside the basic plane. */
export const wideClassOf = (character: string): number => judged(character);

function learn(unit: number): number {
  const character = String.fromCharCode(unit);
  const learned = judged(character);
  const small = character.toLowerCase();
  folded[unit] = (ACCENTED.test(character) ? small.normalize("NFD") : small).charCodeAt(0);
  classes[unit] = learned;
  return learned;
}

function judged(character: string): number {
  if (character === "'" || character === "’") return CHARACTER.apostrophe;
  if (/\p{Pc}/u.test(character)) return CHARACTER.joiner;
  if (/[\u0300-\u036f]/u.test(character)) return CHARACTER.accent;
  if (/\p{N}/u.test(character)) return CHARACTER.digit;
  if (!/[\p{L}\p{M}]/u.test(character)) return CHARACTER.other;
  if (DENSE.test(character)) return CHARACTER.dense;
  return /[\p{Lu}\p{Lt}]/u.test(character) ? CHARACTER.capital : CHARACTER.small;
}
