// PostgreSQL keeps no U+0000. It is written as a character that no text may have, and a digit; that character with another.
const MARK = "\uFDD0";
const NUL = "\u0000";

/** A text as PostgreSQL can keep it. */
export const encodeText = (text: string): string =>
  text.isWellFormed() && !text.includes(NUL) && !text.includes(MARK)
    ? text
    : text.toWellFormed().replaceAll(MARK, `${MARK}1`).replaceAll(NUL, `${MARK}0`);

/** The text that `held` was given. */
export const decodeText = (text: string): string =>
  text.includes(MARK) ? text.replaceAll(`${MARK}0`, NUL).replaceAll(`${MARK}1`, MARK) : text;

/** What JSON has of texts that cannot be kept as they are. Something else may look like it; then nothing is changed. */
const RISKY = /\\u0000|\\ud[89a-f]|\uFDD0/u;

/** A value as JSON that PostgreSQL can keep, with all texts in it `held`. */
export function encodeJson(value: unknown): string {
  const text = JSON.stringify(value);
  return RISKY.test(text) ? JSON.stringify(mapped(value, encodeText)).replaceAll(MARK, String.raw`\ufdd0`) : text;
}

/** The value that `heldJson` was given. */
export function decodeJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return text.includes(MARK) || text.includes(String.raw`\ufdd0`) ? mapped(value, decodeText) : value;
}

/** The same with other texts, also in the names of members. */
function mapped(value: unknown, by: (text: string) => string): unknown {
  if (typeof value === "string") return by(value);
  if (Array.isArray(value)) return value.map((each: unknown) => mapped(each, by));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]: [string, unknown]) => [by(key), mapped(each, by)]));
}
