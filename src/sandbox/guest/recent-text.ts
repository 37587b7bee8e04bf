/** The last of what was written, as text; for telling why somebody gave up. */
export class RecentText {
  readonly #charsMax: number;
  #text = "";

  constructor(charsMax: number) {
    this.#charsMax = charsMax;
  }

  append(bytes: Uint8Array): void {
    const tail = bytes.subarray(Math.max(0, bytes.length - this.#charsMax));
    this.#text = (this.#text + Buffer.from(tail).toString("utf8")).slice(-this.#charsMax);
  }

  text(): string {
    return this.#text;
  }

  /** The last line with something in it; empty when there is none. */
  lastLine(): string {
    return this.#text.trimEnd().split("\n").at(-1)?.trim() ?? "";
  }

  clear(): void {
    this.#text = "";
  }
}
