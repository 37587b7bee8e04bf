/** The end of the written output, as text, for error messages. */
export class TailBuffer {
  readonly #bytesMax: number;
  /** Most guests write nothing here, so there is nothing for them. */
  #bytes: Buffer = Buffer.alloc(0);
  #used = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  append(bytes: Uint8Array): void {
    const room = this.#bytesMax;
    // Twice the room, so that what is kept moves once per `room` bytes and not with each line.
    if (this.#bytes.length === 0) this.#bytes = Buffer.alloc(2 * room);
    const tail = bytes.subarray(Math.max(0, bytes.length - room));
    if (this.#used + tail.length > this.#bytes.length) {
      this.#bytes.copyWithin(0, Math.max(0, this.#used - room), this.#used);
      this.#used = Math.min(this.#used, room);
    }
    this.#bytes.set(tail, this.#used);
    this.#used += tail.length;
  }

  text(): string {
    return this.#bytes.toString("utf8", Math.max(0, this.#used - this.#bytesMax), this.#used);
  }

  /** The last line with content; empty if the text has no such line. */
  lastLine(): string {
    const lines = this.text().split("\n");
    return lines.findLast((line) => line.trim() !== "" && !line.startsWith("note:"))?.trim() ?? "";
  }

  clear(): void {
    this.#used = 0;
  }
}
