import type * as z from "zod";

const RADIX = 36;

const writePart = (part: number | string): string =>
  typeof part === "number" ? part.toString(RADIX) : `-${Buffer.from(part).toString("base64url")}`;

const readPart = (text: string): number | string =>
  text.startsWith("-") ? Buffer.from(text.slice(1), "base64url").toString() : Number.parseInt(text, RADIX);

/**
 * Codec of one kind of opaque handle: a position, a cursor or an id that a client only passes back. The text is URL-safe, begins with
 * the kind, and stays valid after a restart. Numbers are integers from 0.
 */
export class HandleCodec<const Parts extends readonly (number | string)[]> {
  /** Two letters, different for each codec. */
  readonly kind: string;
  readonly #shape: z.ZodType<Parts>;

  constructor(kind: string, shape: z.ZodType<Parts>) {
    this.kind = kind;
    this.#shape = shape;
  }

  encode(...parts: Parts): string {
    return this.kind + parts.map(writePart).join(".");
  }

  /** Returns undefined for a text that `encode` did not return. */
  decode(text: string): Parts | undefined {
    if (!text.startsWith(this.kind)) return undefined;
    const read = this.#shape.safeParse(text.slice(this.kind.length).split(".").map(readPart));
    return read.success && this.encode(...read.data) === text ? read.data : undefined;
  }
}
