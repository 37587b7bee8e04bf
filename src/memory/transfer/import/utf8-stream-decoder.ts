import { isUtf8 } from "node:buffer";

/** Marks invalid UTF-8 in decoded text: a lone surrogate, which valid UTF-8 cannot encode. */
const MARK = "\uDC80";
/** U+FFFD that was in the input, in contrast to one that the decoder wrote. */
const WRITTEN = Buffer.from("\uFFFD");

/** Returns the number of trailing bytes that begin an incomplete character, at most three. */
function begun(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
  }
  return 0;
}

/** Streaming UTF-8 decoder without the byte order mark. Text with invalid UTF-8 is not well-formed, so that callers can detect it. */
export class Utf8StreamDecoder {
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

  /** Returns the rest of an incomplete character. */
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
