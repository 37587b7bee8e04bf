import { MemoryImportInvalidError } from "../errors.ts";
import { Utf8StreamDecoder } from "./utf8-stream-decoder.ts";

/** A part of the input, with the line on which it begins, from 1. */
export type RawRecord = {
  readonly line: number;
  /** `line`: one of several documents, one per line; `head`: the members of a document besides its lists. */
  readonly kind: "line" | "entity" | "relation" | "head";
  readonly text: string;
};

/** Maximum characters of one entity or relation with all its texts. */
const RECORD_CHARS_MAX = 32 * 1024 * 1024;
const STREAMED = /^"(entities|relations)"\s*:\s*$/;
const isBlank = (character: string): boolean =>
  character === " " || character === "\n" || character === "\r" || character === "\t";

/**
 * Streaming reader of the first JSON object of a text. Returns the elements of its `entities` and `relations` one by one, so that the
 * object is never whole in memory. The other members follow at its end, as `head`; as `line` if it has no such lists: then it was the
 * first of several documents.
 */
export class StreamingJsonReader {
  #text = "";
  #at = 0;
  #line = 1;
  #depth = 0;
  #quoted = false;
  #member = -1;
  readonly #members: string[] = [];
  #kind: "entity" | "relation" | undefined;
  #hasLists = false;
  #element: { readonly at: number; readonly line: number } | undefined;
  #isBare = false;
  #out: RawRecord[] = [];
  #isEnded = false;

  /** Whether the object has ended. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** The text after the object, and the line that begins there. */
  get rest(): { readonly text: string; readonly line: number } {
    return { text: this.#text.slice(this.#at), line: this.#line };
  }

  get line(): number {
    return this.#line;
  }

  get hasBegun(): boolean {
    return this.#depth > 0;
  }

  /** Returns the parts that are complete. Throws MemoryImportInvalidError. */
  feed(piece: string): readonly RawRecord[] {
    this.#forget();
    this.#text += piece;
    if (this.#text.length > RECORD_CHARS_MAX + piece.length) {
      throw new MemoryImportInvalidError(
        `a record that begins before line ${this.#line} is longer than ${RECORD_CHARS_MAX} characters`,
        "Split the entity or relation into smaller ones.",
        { line: this.#line },
      );
    }
    this.#out = [];
    while (this.#at < this.#text.length && !this.#isEnded) this.#step();
    return this.#out;
  }

  /** Drops text that was read. */
  #forget(): void {
    const keep = this.#element?.at ?? (this.#member === -1 ? this.#at : this.#member);
    this.#text = this.#text.slice(keep);
    this.#at -= keep;
    if (this.#member !== -1) this.#member -= keep;
    if (this.#element) this.#element = { ...this.#element, at: this.#element.at - keep };
  }

  #step(): void {
    const character = this.#text[this.#at] ?? "";
    if (character === "\n") this.#line += 1;
    if (this.#quoted) {
      if (character === "\\") this.#at += 1;
      else if (character === '"') this.#quoted = false;
    } else if (!isBlank(character)) {
      this.#sign(character);
    }
    this.#at += 1;
  }

  #sign(character: string): void {
    if (this.#depth === 0 && !character.isWellFormed()) {
      throw new MemoryImportInvalidError(
        `line ${this.#line} does not begin with UTF-8 text`,
        "Use UTF-8 text, for example from `caxton memory export`. Decompress a compressed export first.",
        { line: this.#line },
      );
    }
    if (this.#depth === 0 && character !== "{") {
      throw new MemoryImportInvalidError(
        `line ${this.#line} begins with ${JSON.stringify(character)}, not with a JSON object`,
        'Use a document {"entities":[…],"relations":[…]}, or lines of JSON, as `caxton memory export` and the reference memory server write them.',
        { line: this.#line },
      );
    }
    if (character === "{" || character === "[") return this.#opens(character);
    if (character === "}" || character === "]") return this.#closes();
    if (character === '"') this.#quoted = true;
    if (this.#depth === 1) this.#inObject(character);
    else if (this.#isBetweenElements) this.#bare(character);
  }

  get #isBetweenElements(): boolean {
    return this.#depth === 2 && this.#kind !== undefined && this.#element === undefined;
  }

  #inObject(character: string): void {
    if (character === '"' && this.#member === -1) this.#member = this.#at;
    if (character === ",") this.#endMember();
  }

  #opens(character: string): void {
    if (this.#depth === 1 && character === "[" && this.#member !== -1) {
      const list = STREAMED.exec(this.#text.slice(this.#member, this.#at))?.[1];
      if (list !== undefined) {
        this.#kind = list === "entities" ? "entity" : "relation";
        this.#hasLists = true;
        this.#member = -1;
      }
    } else if (this.#isBetweenElements) {
      this.#element = { at: this.#at, line: this.#line };
    }
    this.#depth += 1;
  }

  #closes(): void {
    this.#depth -= 1;
    if (this.#kind && this.#element && this.#depth === 2) {
      const { at, line } = this.#element;
      this.#out.push({ kind: this.#kind, line, text: this.#text.slice(at, this.#at + 1) });
      this.#element = undefined;
    } else if (this.#kind && this.#depth === 1) {
      this.#isBare = false;
      this.#kind = undefined;
    } else if (this.#depth === 0) {
      this.#endMember();
      const text = `{${this.#members.join(",")}}`;
      this.#out.push({ kind: this.#hasLists ? "head" : "line", line: this.#hasLists ? 1 : this.#line, text });
      this.#isEnded = true;
    }
  }

  #endMember(): void {
    if (this.#member === -1) return;
    const text = this.#text.slice(this.#member, this.#at);
    this.#member = -1;
    this.#members.push(text);
    // The version is checked before any record is read.
    if (text.startsWith('"version"')) this.#out.push({ kind: "head", line: this.#line, text: `{${text}}` });
  }

  /** An element that is not an object, reported once whatever its length. */
  #bare(character: string): void {
    if (character === ",") this.#isBare = false;
    else if (!this.#isBare && this.#kind) {
      this.#isBare = true;
      this.#out.push({ kind: this.#kind, line: this.#line, text: "null" });
    }
  }
}

/** Yields the records of an import in any format. Throws MemoryImportInvalidError. */
export async function* readRecords(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<RawRecord, void, undefined> {
  const decoder = new Utf8StreamDecoder();
  const first = new StreamingJsonReader();
  let lines: Lines | undefined;
  for await (const bytes of pieces) {
    const text = decoder.feed(bytes);
    if (lines) yield* lines.feed(text);
    else {
      yield* first.feed(text);
      if (first.isEnded) {
        lines = new Lines(first.rest.line);
        yield* lines.feed(first.rest.text);
      }
    }
  }
  if (lines) {
    yield* lines.feed(decoder.end());
    yield* lines.end();
  } else if (first.hasBegun) throw isCut(first.line);
}

const isCut = (line: number): MemoryImportInvalidError =>
  new MemoryImportInvalidError(
    `the document ends on line ${line} before it is complete`,
    "Was the export or the copy interrupted? The complete records were imported; the same import resumes after them.",
    { line },
  );

class Lines {
  #text = "";
  #line: number;

  constructor(line: number) {
    this.#line = line;
  }

  *feed(piece: string): Iterable<RawRecord> {
    const lines = (this.#text + piece).split("\n");
    this.#text = lines.pop() ?? "";
    for (const text of lines) {
      if (text.trim() !== "") yield { kind: "line", line: this.#line, text };
      this.#line += 1;
    }
    if (this.#text.length > RECORD_CHARS_MAX) {
      throw new MemoryImportInvalidError(
        `line ${this.#line} is longer than ${RECORD_CHARS_MAX} characters`,
        "Split the entity or relation into smaller ones.",
        { line: this.#line },
      );
    }
  }

  *end(): Iterable<RawRecord> {
    if (this.#text.trim() !== "") yield { kind: "line", line: this.#line, text: this.#text };
  }
}
