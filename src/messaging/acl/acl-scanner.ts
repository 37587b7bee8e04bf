import { AclTextError } from "./acl-message.ts";

// Everything but spaces, control characters and brackets; of the text each character is a byte.
const WORD = /[!-'*-\u00ff]+/y;
const SPACE = /[^!-\u00ff]*/y;
const BYTE_LENGTH = /#(\d{1,10})"/y;

/** How deep brackets may nest. */
const DEPTH_MAX = 64;
/** Words, texts and brackets of one expression. */
const TOKENS_MAX = 100_000;

export type Charset = "utf-8" | "latin1";

/**
 * Reads the tokens of ACL text. It works on bytes, one character each, because the lengths in the text count bytes; what is
 * read is decoded piece by piece. Each byte is looked at a fixed number of times.
 */
export class AclScanner {
  readonly #bytes: Buffer;
  readonly #text: string;
  readonly #charset: Charset;
  #at = 0;

  constructor(bytes: Uint8Array, charset: Charset) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#text = this.#bytes.toString("latin1");
    this.#charset = charset;
  }

  fail(problem: string): never {
    throw new AclTextError(problem, this.#at);
  }

  get isAtEnd(): boolean {
    this.#skipSpace();
    return this.#at >= this.#text.length;
  }

  /** Takes the character when it is next, after spaces. */
  take(character: "(" | ")"): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  expect(character: "(" | ")"): void {
    if (!this.take(character)) this.fail(this.isAtEnd ? "ends too early" : `should have ${character} here`);
  }

  /** Everything up to a space or bracket. */
  word(): string {
    this.#skipSpace();
    const found = this.#match(WORD);
    if (found === undefined) this.fail(this.isAtEnd ? "ends too early" : "should have a word here");
    return this.#decode(this.#at - found[0].length, this.#at);
  }

  /** A word, a text in quotes, or one with its length in front. */
  string(): string {
    this.#skipSpace();
    const length = this.#match(BYTE_LENGTH)?.[1];
    if (length !== undefined) return this.#counted(Number(length));
    return this.#text[this.#at] === '"' ? this.#quoted() : this.word();
  }

  /** A string, or the text of an expression in brackets. */
  expression(): string {
    this.#skipSpace();
    if (this.#text[this.#at] !== "(") return this.string();
    const start = this.#at;
    let depth = 0;
    let tokens = 0;
    do {
      tokens += 1;
      if (tokens > TOKENS_MAX) this.fail(`has an expression of more than ${TOKENS_MAX} words`);
      if (this.take("(")) depth += 1;
      else if (this.take(")")) depth -= 1;
      else this.string();
      if (depth > DEPTH_MAX) this.fail(`nests deeper than ${DEPTH_MAX}`);
    } while (depth > 0);
    return this.#decode(start, this.#at);
  }

  #counted(length: number): string {
    const start = this.#at;
    if (length > this.#text.length - start) this.fail(`says that ${length} bytes follow, and there are fewer`);
    this.#at += length;
    return this.#decode(start, this.#at);
  }

  #quoted(): string {
    const start = this.#at + 1;
    let end = this.#text.indexOf('"', start);
    let isEscaped = false;
    // Only a quote can be escaped: a backslash before anything else, also another backslash, is itself.
    while (end > start && this.#text[end - 1] === "\\") {
      isEscaped = true;
      end = this.#text.indexOf('"', end + 1);
    }
    if (end === -1) this.fail("has a quote that is not closed");
    this.#at = end + 1;
    const text = this.#decode(start, end);
    return isEscaped ? text.replaceAll('\\"', '"') : text;
  }

  #skipSpace(): void {
    this.#match(SPACE);
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return undefined;
    this.#at += found[0].length;
    return found;
  }

  #decode(start: number, end: number): string {
    return this.#charset === "utf-8" ? this.#bytes.toString("utf8", start, end) : this.#text.slice(start, end);
  }
}
