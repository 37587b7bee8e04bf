import type { Readable, Writable } from "node:stream";
import { type Style, styleFor } from "./style.ts";
import { safeText, textWidth, truncate } from "./text.ts";

type Screen = { readonly isTTY?: boolean | undefined; readonly columns?: number | undefined };

/** The standard streams. The last two may be one screen, a file, or a pipe. */
export type TerminalStreams = {
  readonly input: Readable & Pick<Screen, "isTTY">;
  readonly output: Writable & Screen;
  readonly error: Writable & Screen;
};

export type TerminalOptions = {
  readonly colour: boolean;
  readonly quiet: boolean;
  /** How the command is called from a directory; by default `caxton`. */
  readonly command?: (directory: string) => string;
};

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"] as const;
const FRAME_MS = 80;
const COLUMNS_MIN = 40;
const COLUMNS_UNKNOWN = 80;
const CLEAR_LINE = "\r\u001B[2K";

/**
 * The two streams a person may be looking at as one.
 *
 * terminal.T1. Results go to standard output, everything else to standard error.
 * terminal.T2. A status line appears on a terminal only, and is removed before anything else is written.
 * terminal.T3. If both streams are the same screen, a note never starts in the middle of a line of output.
 * terminal.T4. Output that is held back is printed later, whole and in its order.
 */
export class Terminal {
  readonly streams: TerminalStreams;
  /** Colours for standard output. */
  readonly style: Style;
  /** Colours for standard error. */
  readonly noteStyle: Style;
  readonly quiet: boolean;
  readonly #command: (directory: string) => string;
  #status: { text: string; frame: number; timer: NodeJS.Timeout; shown: boolean } | undefined;
  #midLine = false;
  /** What is to be printed while output is held back. */
  #held: (() => void)[] | undefined;

  constructor(streams: TerminalStreams, options: TerminalOptions) {
    this.streams = streams;
    this.quiet = options.quiet;
    this.#command = options.command ?? (() => "caxton");
    this.style = styleFor(streams.output, options.colour);
    this.noteStyle = styleFor(streams.error, options.colour);
  }

  get outputIsScreen(): boolean {
    return this.streams.output.isTTY === true;
  }

  get notesAreScreen(): boolean {
    return this.streams.error.isTTY === true;
  }

  /** Whether a question can be asked. */
  get canAsk(): boolean {
    return this.streams.input.isTTY === true && this.notesAreScreen;
  }

  /** Cells across of standard output; undefined when it is not a terminal. */
  get columns(): number | undefined {
    return this.outputIsScreen ? Math.max(COLUMNS_MIN, this.streams.output.columns ?? COLUMNS_UNKNOWN) : undefined;
  }

  /** Returns a text with its commands, `caxton …`, as they are called from a directory. */
  asCalled(text: string, directory = process.cwd()): string {
    return text.replaceAll(/(?<![\w/@.-])caxton (?=[a-z])/g, `${this.#command(directory)} `);
  }

  /** A result, on standard output. What came from elsewhere and is shown to a person goes through `safeText` first. */
  write(text: string): void {
    if (text === "") return;
    if (this.#held) return void this.#held.push(() => this.write(text));
    this.#clear();
    this.streams.output.write(text);
    this.#midLine = this.outputIsScreen && !text.endsWith("\n");
    this.#draw();
  }

  /** Text from elsewhere: safe on a screen, unchanged into a pipe or file. */
  writeForeign(text: string): void {
    this.write(this.outputIsScreen ? safeText(text) : text);
  }

  /** Ends a line that output left open on the screen. */
  endLine(): void {
    if (this.#held) this.#held.push(() => this.endLine());
    else if (this.#midLine) this.write("\n");
  }

  /** Something to know while waiting, on standard error; not with `--quiet`. */
  note(text: string): void {
    if (!this.quiet) this.complain(text);
  }

  /** Something that must be said, on standard error. */
  complain(text: string): void {
    if (this.#held) return void this.#held.push(() => this.complain(text));
    this.#clear();
    if (this.#midLine && this.notesAreScreen) {
      this.streams.output.write("\n");
      this.#midLine = false;
    }
    this.streams.error.write(text.endsWith("\n") ? text : `${text}\n`);
    this.#draw();
  }

  /** Shows one line with a spinner until the next call; undefined removes it. Does nothing unless standard error is a terminal. */
  status(text: string | undefined): void {
    if (!this.notesAreScreen || this.quiet) return;
    if (text === undefined) {
      this.#clear();
      clearInterval(this.#status?.timer);
      this.#status = undefined;
      return;
    }
    if (this.#status) {
      this.#status.text = text;
    } else {
      const timer = setInterval(() => this.#tick(), FRAME_MS);
      timer.unref();
      this.#status = { text, frame: 0, timer, shown: false };
    }
    this.#draw();
  }

  /** Holds output back until `release`, so that a user can type. */
  hold(): void {
    this.endLine();
    this.#clear();
    this.#held ??= [];
  }

  /** Prints what was held back. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const print of held) print();
    this.#draw();
  }

  #tick(): void {
    if (!this.#status) return;
    this.#status.frame = (this.#status.frame + 1) % FRAMES.length;
    this.#draw();
  }

  #draw(): void {
    const status = this.#status;
    if (!status || this.#midLine || this.#held) return;
    const room = Math.max(COLUMNS_MIN, this.streams.error.columns ?? COLUMNS_UNKNOWN) - 3;
    const text = textWidth(status.text) > room ? truncate(status.text, room) : status.text;
    this.streams.error.write(`${CLEAR_LINE}${this.noteStyle("cyan", FRAMES[status.frame] ?? "")} ${text}`);
    status.shown = true;
  }

  #clear(): void {
    if (!this.#status?.shown) return;
    this.streams.error.write(CLEAR_LINE);
    this.#status.shown = false;
  }
}
