import * as fc from "fast-check";
import { expect, test } from "vitest";
import { compileRegex } from "./linear-regex.ts";
import { RegexSet } from "./regex-set.ts";
import type { Member, RegexStream } from "./regex-stream.ts";

const words = (parts: readonly string[]): string => parts.join("");
const atom = fc.constantFrom("a", "b", "1", " ", "é", "😀", ".", "\\w", "\\D", "[^a]", "[ab]", "(a|b1)");
const repeated = fc.tuple(atom, fc.constantFrom("", "", "*", "+", "?", "{2,3}")).map(words);
const pattern = fc
  .tuple(
    fc.constantFrom("", "", "^", "\\b", "\\B"),
    fc.array(repeated, { minLength: 1, maxLength: 4 }).map(words),
    // Most are open for long: what they end with is rare.
    fc.constantFrom("", "$", "\\b", "\\B", "c", "c", "!c", "!\\b"),
  )
  .map(words);
const text = fc
  .array(fc.constantFrom("a", "b", "ab1", "1", " ", "-", "é", "😀", "\ud83d", "aaaa", "abab", "!", "!c"), {
    minLength: 10,
    maxLength: 40,
  })
  .map(words);

/** A text that comes in pieces, of which no more is held than a stream asks for. */
class Reading {
  readonly reported: string[] = [];
  /** Most units that were held at a time, and how far before them a match began. */
  heldMax = 0;
  goneMax = 0;
  readonly #stream: RegexStream;
  #text = "";
  #from = 0;

  constructor(stream: RegexStream) {
    this.#stream = stream;
  }

  push(piece: string): void {
    this.#text += piece;
    const last = this.#text.charCodeAt(this.#text.length - 1);
    this.#look(this.#from + this.#text.length - (last >= 0xd8_00 && last <= 0xdb_ff ? 1 : 0));
  }

  end(): readonly string[] {
    this.#look(this.#from + this.#text.length);
    this.#stream.end({ text: this.#text, from: this.#from }, this.#found);
    return this.reported;
  }

  #look(end: number): void {
    this.#stream.look({ text: this.#text, from: this.#from }, end, this.#found);
    const open = this.#stream.openFrom ?? end;
    this.heldMax = Math.max(this.heldMax, end - open);
    this.#text = this.#text.slice(open - this.#from);
    this.#from = open;
  }

  readonly #found = (index: number, from: number, to: number): void => {
    this.goneMax = Math.max(this.goneMax, this.#from - from);
    this.reported.push(`${index}: ${from} to ${to}`);
  };
}

function membersOf(patterns: readonly string[], options: Member["options"]): readonly Member[] {
  return patterns.flatMap((source) => {
    const made = compileRegex(source);
    return made.type === "compiled" ? [{ regex: made.regex, options }] : [];
  });
}

test("streams that share a table too small for them report what each pattern alone does, and hold no more than one can match", () => {
  const sizes = fc.record({ statesMax: fc.integer({ min: 4, max: 12 }), kindBits: fc.constantFrom(3, 4, 6) });
  const options = fc.record({
    lengthMax: fc.integer({ min: 2, max: 30 }),
    mode: fc.constantFrom("earliest" as const, "every" as const),
  });
  fc.assert(
    fc.property(
      fc.array(pattern, { minLength: 1, maxLength: 3 }),
      fc.tuple(sizes, options),
      fc.array(text, { minLength: 2, maxLength: 3 }),
      fc.integer({ min: 1, max: 4 }),
      (patterns, [size, option], texts, units) => {
        const set = new RegexSet(membersOf(patterns, option), size);
        const readings = texts.map(() => new Reading(set.stream()));
        const longest = Math.max(...texts.map(({ length }) => length));
        // In turns, so that each finds the table as another one left it.
        for (let at = 0; at < longest; at += units)
          for (const [index, reading] of readings.entries()) reading.push(texts[index]?.slice(at, at + units) ?? "");
        for (const [index, reading] of readings.entries()) {
          const alone = new Reading(set.stream("slowly"));
          alone.push(texts[index] ?? "");
          expect(reading.end()).toEqual(alone.end());
          // A character may be two units.
          expect(reading.heldMax).toBeLessThanOrEqual(option.lengthMax + 2);
          expect(reading.goneMax).toBe(0);
        }
      },
    ),
    { numRuns: 1_000 },
  );
});
