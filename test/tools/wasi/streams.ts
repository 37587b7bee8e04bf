import type { Streams } from "../../../src/tools/sandbox/wasi/index.ts";

/** Standard streams of a command: input that is all there and then ends, output kept as it comes. */
export class CommandStreams implements Streams {
  readonly #input: Uint8Array;
  readonly #output: Buffer[] = [];
  readonly #errors: Buffer[] = [];
  #at = 0;

  constructor(input: Uint8Array) {
    this.#input = input;
  }

  readonly hasInput = true;

  get inputBytes(): number {
    return this.#input.length - this.#at;
  }

  take(memory: Uint8Array, at: number, length: number): number {
    const part = this.#input.subarray(this.#at, this.#at + length);
    memory.set(part, at);
    this.#at += part.length;
    return part.length;
  }

  await(): boolean {
    throw new Error("a command never waits for input: it is there or at its end");
  }

  forgetWaiter(): void {}

  write(memory: Uint8Array, at: number, length: number): void {
    this.#output.push(Buffer.from(memory.slice(at, at + length)));
  }

  writeError(bytes: Uint8Array): void {
    this.#errors.push(Buffer.from(bytes));
  }

  get stdout(): string {
    return Buffer.concat(this.#output).toString("utf8");
  }

  get stderr(): string {
    return Buffer.concat(this.#errors).toString("utf8");
  }
}
