import { host } from "./host.ts";

/** UTF-8 of a text; what is half a character becomes U+FFFD. */
export const utf8 = (text: string): Uint8Array<ArrayBuffer> => host.encode(text.toWellFormed());

/** The text of UTF-8; what is not becomes U+FFFD. */
export const textOf = (bytes: Uint8Array): string => host.decode(bytes, false) ?? "";

export type BytesLike = ArrayBuffer | ArrayBufferView;

/** The same bytes, not a copy. */
export function bytesOf(value: BytesLike): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  throw new TypeError("expected an ArrayBuffer, a typed array or a DataView");
}

export const isBytes = (value: unknown): value is BytesLike =>
  value instanceof ArrayBuffer || ArrayBuffer.isView(value);

export class TextEncoder {
  readonly encoding = "utf-8";
  encode(text: unknown = ""): Uint8Array<ArrayBuffer> {
    return utf8(String(text));
  }
  encodeInto(text: string, target: Uint8Array): { read: number; written: number } {
    let read = 0;
    let written = 0;
    for (const character of text.toWellFormed()) {
      const bytes = host.encode(character);
      if (written + bytes.length > target.length) break;
      target.set(bytes, written);
      read += character.length;
      written += bytes.length;
    }
    return { read, written };
  }
}

const BYTE_ORDER_MARK = 0xfeff;
const LABELS = new Set(["utf-8", "utf8", "unicode-1-1-utf-8"]);

export class TextDecoder {
  readonly encoding = "utf-8";
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  constructor(label: unknown = "utf-8", { fatal = false, ignoreBOM = false } = {}) {
    if (!LABELS.has(String(label).trim().toLowerCase())) {
      throw new RangeError(`TextDecoder knows only utf-8 here, not "${String(label)}"`);
    }
    this.fatal = fatal;
    this.ignoreBOM = ignoreBOM;
  }
  decode(value: BytesLike = new ArrayBuffer(0), { stream = false } = {}): string {
    if (stream) throw new TypeError("TextDecoder does not decode streams here; decode all bytes at once");
    const text = host.decode(bytesOf(value), this.fatal);
    if (text === undefined) throw new TypeError("the bytes are not valid UTF-8");
    return !this.ignoreBOM && text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text;
  }
}
