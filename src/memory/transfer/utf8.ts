import { isUtf8 } from "node:buffer";

/** What stands for bytes that are no UTF-8: half of a character, which no UTF-8 can say. */
const MARK = "\uDC80";
/** U+FFFD that was written so, which reading also gives for what it cannot read. */
const WRITTEN = Buffer.from("\uFFFD");

/** How many of the last bytes are the beginning of a character whose rest is still to come, at most three. */
function begun(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
  }
  return 0;
}

/** Text that comes in pieces, cut anywhere, without its byte order mark. What is no UTF-8 stays known as such: that text is not well-formed. */
export class Utf8Pieces {
  #kept: Buffer = Buffer.alloc(0);
  #hasBegun = false;

  feed(piece: Uint8Array): string {
    const bytes = Buffer.concat([this.#kept, piece]);
    const whole = bytes.subarray(0, bytes.length - begun(bytes));
    this.#kept = bytes.subarray(whole.length);
    const text = isUtf8(whole) ? whole.toString() : marked(whole);
    if (this.#hasBegun || text === "") return text;
    this.#hasBegun = true;
    return text.startsWith("\uFEFF") ? text.slice(1) : text;
  }

  /** What is left of a character that was never complete. */
  end(): string {
    return this.#kept.length === 0 ? "" : MARK;
  }
}

function marked(bytes: Buffer): string {
  const texts: string[] = [];
  for (let from = 0; from <= bytes.length;) {
    const found = bytes.indexOf(WRITTEN, from);
    const to = found === -1 ? bytes.length : found;
    texts.push(bytes.toString("utf8", from, to).replaceAll("\uFFFD", MARK));
    from = to + WRITTEN.length;
  }
  return texts.join("\uFFFD");
}
