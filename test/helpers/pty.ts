import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { dirname } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { LAUNCHER } from "../cli/caxton.ts";

const WAIT_MS_MAX = 60_000;
const POLL_MS = 20;
// oxlint-disable-next-line no-control-regex
const LINE_CLEARED = /[^\n]*(?:\r\u001B\[2K|\u001B\[1G\u001B\[0J)/g;

/** The real command at a terminal of its own, that of `script` (util-linux). */
export class Pty implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown[]>;
  #raw = "";
  #seen = 0;

  constructor(args: readonly string[], options: { readonly server: string; readonly cwd: string }) {
    const words = [process.execPath, LAUNCHER, ...args].map((word) => `'${word}'`).join(" ");
    this.#child = spawn("script", ["-qfec", `stty rows 40 cols 100; exec ${words}`, "/dev/null"], {
      cwd: options.cwd,
      env: {
        PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
        HOME: options.cwd,
        SHELL: "/bin/sh",
        TERM: "xterm",
        NO_COLOR: "1",
        CAXTON_SERVER: options.server,
      },
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#exited = once(this.#child, "exit");
    this.#child.stdout?.setEncoding("utf8");
    this.#child.stdout?.on("data", (text: string) => (this.#raw += text));
  }

  /** Everything that was sent to the terminal. */
  get raw(): string {
    return this.#raw;
  }

  /** The lines on the screen, without those that were cleared. */
  get screen(): string {
    return stripVTControlCharacters(this.#raw.replaceAll("\r\n", "\n").replaceAll(LINE_CLEARED, ""));
  }

  type(keys: string): void {
    this.#child.stdin?.write(keys);
  }

  /** Types a line once the prompt is there. */
  async say(line: string): Promise<void> {
    await this.shows(/> $/);
    this.type(`${line}\r`);
  }

  /** Waits for text behind the last one that was waited for. */
  async shows(pattern: RegExp): Promise<string> {
    const untilMs = Date.now() + WAIT_MS_MAX;
    while (Date.now() < untilMs) {
      const { screen } = this;
      const found = pattern.exec(screen.slice(this.#seen));
      if (found) {
        // The last line may still be cleared.
        this.#seen = Math.min(this.#seen + found.index + found[0].length, screen.lastIndexOf("\n") + 1);
        return found[0];
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    throw new Error(`the terminal does not show ${pattern}:\n${this.screen}`);
  }

  async ended(): Promise<number | null> {
    await this.#exited;
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill("SIGKILL");
    await this.#exited;
  }
}
