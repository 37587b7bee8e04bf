import { EventEmitter } from "node:events";
import { createInterface, type Interface } from "node:readline";
import { Writable } from "node:stream";
import type { Terminal } from "../terminal/index.ts";

export type LineEditorOptions = {
  readonly prompt: string;
  /** Lines that the up arrow brings back, newest first. */
  readonly history: readonly string[];
  /** Returns what the end of a line may become, and that end. */
  readonly complete: (line: string) => [string[], string];
};

type Events = {
  /** A message, which may have several lines. */
  readonly message: [text: string];
  /** Ctrl-C discarded what was typed. */
  readonly discard: [];
  /** Ctrl-C while nothing was typed. */
  readonly interrupt: [];
  /** Ctrl-D, or the end of the input. */
  readonly end: [];
};

const MORE = "… ";
const HISTORY_LINES_MAX = 500;
const PASTE_MARKS_ON = "\u001B[?2004h";
const PASTE_MARKS_OFF = "\u001B[?2004l";
const CLEAR_LINE = "\r\u001B[2K";

/**
 * Reads messages at a terminal while output is printed to it.
 *
 * chat.editor.E1. While the prompt is visible, the terminal holds its output back. It is visible if something was typed or nothing is busy.
 */
export class LineEditor extends EventEmitter<Events> {
  readonly #terminal: Terminal;
  readonly #options: LineEditorOptions;
  readonly #output: PromptOutput;
  #reader: Interface | undefined;
  #history: string[];
  /** Lines of the message before the one that is edited. */
  #before: string[] = [];
  #pasting = false;
  #busy = 0;
  #visible = false;
  #closed = Promise.resolve();
  #whenEmpty: PromiseWithResolvers<void> | undefined;

  constructor(terminal: Terminal, options: LineEditorOptions) {
    super();
    this.#terminal = terminal;
    this.#options = options;
    this.#history = [...options.history];
    this.#output = new PromptOutput(terminal.streams.output);
  }

  start(): void {
    const { input, output } = this.#terminal.streams;
    output.write(PASTE_MARKS_ON);
    const reader = createInterface({
      input,
      output: this.#output,
      terminal: true,
      prompt: this.#options.prompt,
      history: this.#history,
      historySize: HISTORY_LINES_MAX,
      removeHistoryDuplicates: true,
      completer: (line: string) => this.#options.complete(line),
    });
    this.#reader = reader;
    reader.on("history", (lines: string[]) => (this.#history = [...lines]));
    reader.on("line", (line) => this.#line(line));
    reader.on("SIGINT", () => this.#interrupt());
    reader.on("close", () => this.#reader === reader && this.emit("end"));
    input.on("keypress", this.#keypress);
    this.#update();
  }

  /** Prints while nothing is typed: the prompt is hidden until disposed of. */
  busy(): Disposable {
    this.#busy += 1;
    this.#update();
    return {
      [Symbol.dispose]: () => {
        this.#busy -= 1;
        this.#update();
      },
    };
  }

  /** Leaves the keys to another prompt; waits for other prompts and for the message that is being typed. */
  async whileClosed<Value>(work: () => Promise<Value>): Promise<Value> {
    const before = this.#closed;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#closed = promise;
    await before;
    try {
      return await this.#close(work);
    } finally {
      resolve();
    }
  }

  async #close<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.#isTyping) {
      this.#whenEmpty ??= Promise.withResolvers();
      await this.#whenEmpty.promise;
    }
    this.stop();
    try {
      return await work();
    } finally {
      this.start();
    }
  }

  /** Offers a message to edit. */
  prefill(text: string): void {
    const lines = text.split("\n");
    const last = lines.pop() ?? "";
    this.#before = lines;
    for (const line of lines) this.#terminal.write(`${MORE}${line}\n`);
    this.#reader?.write(last);
    this.#update();
  }

  stop(): void {
    const reader = this.#reader;
    if (reader === undefined) return;
    this.#hide();
    this.#reader = undefined;
    const { input, output } = this.#terminal.streams;
    input.off("keypress", this.#keypress);
    reader.close();
    output.write(PASTE_MARKS_OFF);
  }

  get #isTyping(): boolean {
    return this.#pasting || this.#before.length > 0 || (this.#reader?.line ?? "") !== "";
  }

  readonly #keypress = (_text: string | undefined, key: { readonly name?: string | undefined }): void => {
    if (key.name === "paste-start") this.#pasting = true;
    if (key.name === "paste-end") this.#pasting = false;
    this.#update();
  };

  #line(line: string): void {
    const continues = line.endsWith("\\");
    if (this.#pasting || continues) {
      this.#before.push(this.#pasting ? line : line.slice(0, -1));
      this.#reader?.setPrompt(MORE);
      this.#reader?.prompt();
      return;
    }
    const text = [...this.#before, line].join("\n").trim();
    this.#before = [];
    this.#visible = false;
    this.#consumed();
    if (text !== "") this.emit("message", text);
    this.#update();
  }

  #interrupt(): void {
    if (!this.#isTyping) return void this.emit("interrupt");
    this.emit("discard");
    this.#before = [];
    this.#reader?.setPrompt(this.#options.prompt);
    this.#reader?.write(null, { ctrl: true, name: "e" });
    this.#reader?.write(null, { ctrl: true, name: "u" });
    this.#update();
  }

  #update(): void {
    if (this.#reader === undefined) return;
    const shows = this.#busy === 0 || this.#isTyping;
    if (shows && !this.#visible) {
      this.#visible = true;
      this.#terminal.hold();
      this.#output.muted = false;
      this.#reader.setPrompt(this.#before.length > 0 ? MORE : this.#options.prompt);
      this.#reader.prompt(true);
    } else if (!shows) {
      this.#hide();
    }
    if (!this.#isTyping) this.#release();
  }

  #hide(): void {
    if (!this.#visible) return;
    this.#visible = false;
    this.#terminal.streams.output.write(CLEAR_LINE);
    this.#consumed();
  }

  /** The prompt is no longer on the screen. */
  #consumed(): void {
    this.#output.muted = true;
    this.#reader?.setPrompt(this.#options.prompt);
    this.#terminal.release();
  }

  #release(): void {
    this.#whenEmpty?.resolve();
    this.#whenEmpty = undefined;
  }
}

/** The screen, as the prompt writes to it: nothing while it is hidden. */
class PromptOutput extends Writable {
  readonly isTTY = true;
  muted = true;
  readonly #screen: Terminal["streams"]["output"];

  constructor(screen: Terminal["streams"]["output"]) {
    super();
    this.#screen = screen;
    screen.on("resize", () => this.emit("resize"));
  }

  get columns(): number {
    return this.#screen.columns ?? 80;
  }

  override _write(text: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (!this.muted) this.#screen.write(text);
    done();
  }
}
