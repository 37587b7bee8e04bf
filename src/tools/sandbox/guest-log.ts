import type { Redaction } from "../../text/redaction/index.ts";

const LINES_MAX = 200;
const LINE_CHARS_MAX = 2_000;
/** Of a line that has not ended; more than is shown, so that what has to be hidden is whole. */
const OPEN_CHARS_MAX = 65_536;
/** Everything but tab that moves a cursor, changes a colour or hides what it says. */
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

export type LogLine = { readonly atMs: number; readonly text: string };

/** The last lines a tool server wrote to standard error, fit for a terminal. */
export class GuestLog {
  readonly #lines: LogLine[] = [];
  readonly #redaction: Redaction | undefined;
  #open = "";

  constructor(redaction?: Redaction) {
    this.#redaction = redaction;
  }

  /** The lines that this ended. */
  append(bytes: Buffer, atMs: number): readonly LogLine[] {
    const pieces = (this.#open + bytes.toString("utf8")).split("\n");
    this.#open = (pieces.pop() ?? "").slice(0, OPEN_CHARS_MAX);
    return pieces.map((piece) => this.#add(piece, atMs));
  }

  /** Oldest first; a line that was not ended is the last. */
  lines(nowMs: number): readonly LogLine[] {
    const open = this.#shown(this.#open);
    return open === "" ? [...this.#lines] : [...this.#lines, { atMs: nowMs, text: open }];
  }

  /** The line that was not ended. */
  rest(atMs: number): LogLine | undefined {
    const text = this.#shown(this.#open);
    return text === "" ? undefined : { atMs, text };
  }

  #add(piece: string, atMs: number): LogLine {
    const line = { atMs, text: this.#shown(piece) };
    this.#lines.push(line);
    if (this.#lines.length > LINES_MAX) this.#lines.shift();
    return line;
  }

  #shown(line: string): string {
    if (this.#redaction === undefined) return clean(line);
    // First what is not seen goes, then what must not be: a secret with something in between is one again.
    return clean(this.#redaction.text(line.replaceAll(UNSEEN, "")));
  }
}

/** Text of a guest without control characters and what else could deceive a reader; at most 2,000 characters. */
export const clean = (text: string): string => text.slice(0, LINE_CHARS_MAX).replaceAll(UNSEEN, "").trimEnd();
