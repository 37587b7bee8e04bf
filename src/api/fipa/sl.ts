import { FipaContentError } from "./errors.ts";

/** A token without quotes that quotes would change: a number, a time, a truth value. */
type Constant = { readonly constant: string };

/** An expression of FIPA SL0: a word or text, a constant, or a list of expressions. */
export type Sl = string | Constant | readonly Sl[];

const DEPTH_MAX = 32;
/** Words, texts and brackets. */
const TOKENS_MAX = 100_000;
const TOKEN = /\s*(?:([()])|"((?:[^"\\]|\\[^])*)"|#(\d{1,7})"|([^\s()"]+))/y;

/** Reads one expression. Texts lose their quotes. Throws FipaContentError. */
export function readSl(text: string): Sl {
  const open: Sl[][] = [];
  TOKEN.lastIndex = 0;
  let tokens = 0;
  for (let found = TOKEN.exec(text); found !== null; found = TOKEN.exec(text)) {
    const [, bracket, quoted, length, word] = found;
    tokens += 1;
    if (tokens > TOKENS_MAX) throw new FipaContentError(`the content has more than ${TOKENS_MAX} words`);
    if (bracket === "(") {
      if (open.length === DEPTH_MAX) throw new FipaContentError(`the content nests deeper than ${DEPTH_MAX}`);
      open.push([]);
      continue;
    }
    const end = TOKEN.lastIndex + Number(length ?? 0);
    const value: Sl | undefined =
      bracket === ")"
        ? open.pop()
        : length === undefined
          ? (quoted?.replaceAll(/\\(["\\])/g, "$1") ?? (word && unquoted(word)))
          : text.slice(TOKEN.lastIndex, end);
    if (value === undefined) break;
    if (length !== undefined) TOKEN.lastIndex = end;
    const outer = open.at(-1);
    if (outer === undefined) return value;
    outer.push(value);
  }
  throw new FipaContentError("the content is no expression of fipa-sl0");
}

const WORD = /^(?!(?:true|false)$)[A-Za-z_:][A-Za-z0-9_.@:/?&=%+~-]*$/i;

const unquoted = (word: string): Sl => (WORD.test(word) ? word : { constant: word });

/** As text that `readSl` reads: words and constants as they are, other texts in quotes. */
export function writeSl(expression: Sl): string {
  if (isList(expression)) return `(${expression.map(writeSl).join(" ")})`;
  if (typeof expression !== "string") return expression.constant;
  return WORD.test(expression) ? expression : `"${expression.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

export const isList = (expression: Sl | undefined): expression is readonly Sl[] => Array.isArray(expression);

/** What stands first in a list, in lower case; empty for a word. */
export const headOf = (expression: Sl | undefined): string => {
  const head = isList(expression) ? expression[0] : undefined;
  return typeof head === "string" ? head.toLowerCase() : "";
};

/** The value after `:name` in a list. */
export function slotOf(expression: Sl | undefined, name: string): Sl | undefined {
  if (!isList(expression)) return undefined;
  const at = expression.findIndex((part) => typeof part === "string" && part.toLowerCase() === name);
  return at === -1 ? undefined : expression[at + 1];
}

export const textOf = (expression: Sl | undefined): string | undefined =>
  typeof expression === "string" || expression === undefined
    ? expression
    : isList(expression)
      ? undefined
      : expression.constant;

/** The members of `(set …)` or `(sequence …)`. */
export const membersOf = (expression: Sl | undefined): readonly Sl[] =>
  isList(expression) && ["set", "sequence"].includes(headOf(expression)) ? expression.slice(1) : [];
