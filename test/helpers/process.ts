import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { MODULE_CACHE, repository } from "./server.ts";

const bin = join(repository, "bin/caxton.mjs");

export type Ended = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
};

/** The real command, in a process of its own. */
export class CaxtonProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly #exited: Promise<unknown[]>;
  #stdout = "";
  #stderr = "";

  constructor(
    args: readonly string[],
    options: { readonly cwd: string; readonly environment?: { readonly [name: string]: string } },
  ) {
    this.child = spawn(process.execPath, [bin, ...args], {
      cwd: options.cwd,
      env: {
        PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
        HOME: options.cwd,
        NO_COLOR: "1",
        CAXTON_SANDBOX__CACHE_DIRECTORY: MODULE_CACHE,
        CAXTON_SANDBOX__STANDBY: "false",
        CAXTON_MESSAGES__PARTICIPANT_TOKENS: "false",
        ...options.environment,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#exited = once(this.child, "exit");
    this.child.stdout?.on("data", (chunk: Buffer) => (this.#stdout += chunk.toString()));
    this.child.stderr?.on("data", (chunk: Buffer) => (this.#stderr += chunk.toString()));
  }

  output(): string {
    return this.#stdout;
  }

  /** Resolves with the first match in what it prints to standard output; rejects when it ends before. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.#stdout);
      if (found) return found;
      const more = this.child.stdout ? once(this.child.stdout, "data") : this.#exited;
      const ended = await Promise.race([more.then(() => false), this.#exited.then(() => true)]);
      if (ended && !pattern.test(this.#stdout))
        throw new Error(`it ended without printing ${pattern}: ${this.#stdout}${this.#stderr}`);
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async ended(): Promise<Ended> {
    await this.#exited;
    return { code: this.child.exitCode, signal: this.child.signalCode, stdout: this.#stdout, stderr: this.#stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill("SIGKILL");
    await this.#exited;
  }
}
