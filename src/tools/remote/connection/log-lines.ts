import type { Clock } from "../../../kernel/clock.ts";
import type { ToolLogLine } from "../../catalogue/index.ts";
import { cleanLine, cleanText } from "../../../kernel/clean.ts";
import type { Secrets } from "../secrets.ts";

const LINES_MAX = 500;
const LINE_CHARS_MAX = 1_000;

/** The last lines about one server: what its process wrote and what happened to the connection. Secrets are blotted out. */
export class LogLines {
  readonly #clock: Clock;
  readonly #secrets: Secrets;
  readonly #lines: ToolLogLine[] = [];
  #rest = "";

  constructor(clock: Clock, secrets: Secrets) {
    this.#clock = clock;
    this.#secrets = secrets;
  }

  /** Text with every secret blotted out. */
  redact(text: string): string {
    return this.#secrets.text(text);
  }

  add(text: string): void {
    // Looked at again without what hides in it, which could be in the middle of a secret.
    const line = this.redact(cleanLine(this.redact(text), Number.MAX_SAFE_INTEGER));
    this.#lines.push({ atMs: this.#clock.nowMs(), text: cleanText(line, LINE_CHARS_MAX) });
    if (this.#lines.length > LINES_MAX) this.#lines.shift();
  }

  /** Takes what a process writes, in pieces of any size. */
  write(piece: string): void {
    const lines = (this.#rest + piece).split("\n");
    const rest = lines.pop() ?? "";
    // A secret that is cut in two would no longer be found.
    this.#rest = rest.length > LINE_CHARS_MAX ? this.redact(rest).slice(-LINE_CHARS_MAX) : rest;
    for (const line of lines.slice(-LINES_MAX)) if (line.trim() !== "") this.add(line);
  }

  /** Adds what was written without a line's end. */
  flush(): void {
    if (this.#rest.trim() !== "") this.add(this.#rest);
    this.#rest = "";
  }

  all(): readonly ToolLogLine[] {
    return [...this.#lines];
  }
}
