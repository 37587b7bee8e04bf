/** The last of what was written, as text; for telling why somebody gave up. */
export class RecentText {
  readonly #bytesMax: number;
  /** Most guests write nothing here, so there is nothing for them. */
  #bytes: Buffer = Buffer.alloc(0);
  #used = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  append(bytes: Uint8Array): void {
    const room = this.#bytesMax;
    if (this.#bytes.length === 0) this.#bytes = Buffer.alloc(room);
    const tail = bytes.subarray(Math.max(0, bytes.length - room));
    const kept = Math.min(this.#used, room - tail.length);
    this.#bytes.copyWithin(0, this.#used - kept, this.#used);
    this.#bytes.set(tail, kept);
    this.#used = kept + tail.length;
  }

  text(): string {
    return this.#bytes.toString("utf8", 0, this.#used);
  }

  /** The last line that tells something; empty when there is none. */
  lastLine(): string {
    const lines = this.text().split("\n");
    return lines.findLast((line) => line.trim() !== "" && !line.startsWith("note:"))?.trim() ?? "";
  }

  clear(): void {
    this.#used = 0;
  }
}
