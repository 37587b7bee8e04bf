import { type Glob, parseGlob } from "../../kernel/glob.ts";
import { compileRegex, type LinearRegex } from "../../text/regex/index.ts";

/**
 * One rule, as people write it: a tool, and perhaps conditions on the arguments that all have to hold.
 *
 *     rule      = tool [ "(" condition *( "," condition ) ")" ]
 *     tool      = letters, digits, "_", "-", ".", "*", "?"      server, server.tool, or a glob of them
 *     condition = path ( "=" | "!=" | "=~" | "!~" ) value
 *     path      = name *( "." name | "[*]" | "[" digits "]" )   name: letters, digits, "_", "-"; or quoted
 *     value     = quoted text | number | true | false | null     after "=~" and "!~" quoted text
 */
export type Rule = {
  /** As written. */
  readonly text: string;
  /** Compared with `server.tool`. */
  readonly tool: Glob;
  readonly conditions: readonly Condition[];
};
export type Condition = {
  readonly path: readonly PathPart[];
  /** `!=` and `!~`: it holds when the pattern does not fit. */
  readonly isNot: boolean;
  readonly pattern: Pattern;
};
/** A member by its name, an element by its place from 0, or all elements. */
export type PathPart = { readonly name: string } | { readonly at: number } | "all";
export type Pattern =
  | { readonly type: "glob"; readonly glob: Glob }
  | { readonly type: "regex"; readonly regex: LinearRegex }
  | { readonly type: "value"; readonly value: number | boolean | null };

export type RuleProblem = {
  /** Characters before it, from 0. */
  readonly offset: number;
  readonly message: string;
};
export type ReadRule =
  | { readonly type: "rule"; readonly rule: Rule }
  | { readonly type: "malformed"; readonly problem: RuleProblem };

/** Longest rule, in characters. */
export const RULE_CHARS_MAX = 500;
const CONDITIONS_MAX = 16;

class Malformed extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** Reads a rule; what is wrong with it is said with its place. Never throws. */
export function readRule(text: string): ReadRule {
  try {
    return { type: "rule", rule: new Reader(text).read() };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return { type: "malformed", problem: { offset: error.offset, message: error.message } };
  }
}

const TOOL = /[A-Za-z0-9_.*?-]*/y;
const NAME = /[A-Za-z_][A-Za-z0-9_-]*/y;
const INDEX = /\[(\*|\d{1,9})\]/y;
const OPERATOR = /=~|!~|!=|==|=/y;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?/y;
const SPACE = /\s*/y;

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Rule {
    if (this.#text.length > RULE_CHARS_MAX) {
      throw new Malformed(`a rule has at most ${RULE_CHARS_MAX} characters`, RULE_CHARS_MAX);
    }
    this.#space();
    const tool = this.#tool();
    this.#space();
    const conditions = this.#takes("(") ? this.#conditions() : [];
    this.#space();
    if (this.#at < this.#text.length) {
      throw this.#wrong(
        conditions.length === 0 ? 'expected "(" or the end of the rule' : "expected the end of the rule",
      );
    }
    return { text: this.#text.trim(), tool, conditions };
  }

  #tool(): Glob {
    const name = this.#match(TOOL);
    if (name === "") throw this.#wrong('expected a tool: "server", "server.tool", or "*" for all');
    // A server stands for all its tools, as it does in an agent's list.
    return parseGlob(name.includes(".") ? name : `${name}.*`);
  }

  #conditions(): readonly Condition[] {
    const conditions: Condition[] = [];
    this.#space();
    if (this.#takes(")")) return conditions;
    for (;;) {
      if (conditions.length === CONDITIONS_MAX) throw this.#wrong(`a rule has at most ${CONDITIONS_MAX} conditions`);
      conditions.push(this.#condition());
      this.#space();
      if (this.#takes(")")) return conditions;
      if (!this.#takes(",")) throw this.#wrong('expected "," or ")"');
    }
  }

  #condition(): Condition {
    const path = this.#path();
    this.#space();
    const operator = this.#match(OPERATOR);
    if (operator === "==") throw new Malformed('"==" is written "="', this.#at - 2);
    if (operator === "") throw this.#wrong('expected "=", "!=", "=~" or "!~"');
    this.#space();
    const isNot = operator.startsWith("!");
    return { path, isNot, pattern: operator.endsWith("~") ? this.#regex() : this.#value() };
  }

  #path(): readonly PathPart[] {
    this.#space();
    const parts: PathPart[] = [{ name: this.#name() }];
    for (;;) {
      const index = this.#match(INDEX);
      if (index !== "") parts.push(index === "[*]" ? "all" : { at: Number(index.slice(1, -1)) });
      else if (this.#takes(".")) parts.push({ name: this.#name() });
      else return parts;
    }
  }

  #name(): string {
    if (this.#isQuote()) return this.#quoted("name").text;
    const name = this.#match(NAME);
    if (name === "") throw this.#wrong("expected the name of an argument; others than words are written in quotes");
    return name;
  }

  #value(): Pattern {
    if (this.#isQuote()) return { type: "glob", glob: parseGlob(this.#quoted("pattern").text) };
    for (const [word, value] of [
      ["true", true],
      ["false", false],
      ["null", null],
    ] as const) {
      if (this.#takes(word)) return { type: "value", value };
    }
    const number = this.#match(NUMBER);
    if (number !== "") return { type: "value", value: Number(number) };
    throw this.#wrong("expected a text in quotes, a number, true, false or null");
  }

  #regex(): Pattern {
    if (!this.#isQuote()) throw this.#wrong("expected a pattern in quotes");
    const { text, offsets } = this.#quoted("pattern");
    const compiled = compileRegex(text);
    if (compiled.type === "compiled") return { type: "regex", regex: compiled.regex };
    const { offset, message } = compiled.problem;
    throw new Malformed(`in the pattern: ${message}`, offsets[offset] ?? this.#at - 1);
  }

  #isQuote(): boolean {
    return ['"', "'"].includes(this.#text[this.#at] ?? "");
  }

  /**
   * What stands between quotes, and where each of its characters does. A quote inside is written `\"`. In a name `\\` is
   * `\`; in a pattern every other `\` stays for the pattern, where it takes the meaning from what follows.
   */
  #quoted(kind: "name" | "pattern"): { readonly text: string; readonly offsets: readonly number[] } {
    const from = this.#at;
    const quote = this.#text[from] ?? "";
    let text = "";
    const offsets: number[] = [];
    for (let at = from + 1; at < this.#text.length; at += 1) {
      const letter = this.#text[at] ?? "";
      const next = this.#text[at + 1] ?? "";
      if (letter === quote) {
        this.#at = at + 1;
        return { text, offsets };
      }
      offsets.push(at);
      if (letter !== "\\" || next === "") text += letter;
      else {
        at += 1;
        const isDropped = next === quote || (kind === "name" && next === "\\");
        text += isDropped ? next : letter + next;
        if (!isDropped) offsets.push(at);
      }
    }
    throw new Malformed("a text without its closing quote", from);
  }

  #takes(text: string): boolean {
    const found = this.#text.startsWith(text, this.#at);
    if (found) this.#at += text.length;
    return found;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [found = ""] = pattern.exec(this.#text) ?? [];
    this.#at += found.length;
    return found;
  }

  #space(): void {
    this.#match(SPACE);
  }

  #wrong(message: string): Malformed {
    return new Malformed(message, this.#at);
  }
}
