import type { Clock } from "../../kernel/clock.ts";
import type { ToolLogLine } from "../../tools/index.ts";
import { cleanLine } from "./clean.ts";

const LINES_MAX = 500;
const LINE_CHARS_MAX = 1_000;
/** Replaced only from this length on; shorter values would blot out words that merely look alike. */
const SECRET_CHARS_MIN = 6;

/** The last lines about one server: what its process wrote and what happened to the connection. Secrets are blotted out. */
export class LogLines {
  readonly #clock: Clock;
  readonly #lines: ToolLogLine[] = [];
  #secrets: readonly string[] = [];
  #rest = "";

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Values that may not be shown from now on. */
  hide(secrets: readonly string[]): void {
    this.#secrets = [...new Set([...this.#secrets, ...secrets])].filter(({ length }) => length >= SECRET_CHARS_MIN);
  }

  /** Text with every secret blotted out. */
  redact(text: string): string {
    return this.#secrets.reduce((clean, secret) => clean.replaceAll(secret, "[secret]"), text);
  }

  add(text: string): void {
    this.#lines.push({ atMs: this.#clock.nowMs(), text: cleanLine(this.redact(text), LINE_CHARS_MAX) });
    if (this.#lines.length > LINES_MAX) this.#lines.shift();
  }

  /** Takes what a process writes, in pieces of any size. */
  write(piece: string): void {
    const lines = (this.#rest + piece).split("\n");
    this.#rest = (lines.pop() ?? "").slice(-LINE_CHARS_MAX);
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
