import { describe, expect, test } from "vitest";
import { growthFault, type Reader } from "./growth.ts";
import { READERS } from "./growth-readers.ts";

// Tests share their machine with others, and read everything for the first time.
const SLOWNESS = 2;
/** Other programs can change what a text costs between two measurements; a fault of the reader stays. */
const ATTEMPTS = 3;

function lastingFault(reader: Reader, family: string): string | undefined {
  for (let attempt = 1; ; attempt += 1) {
    const fault = growthFault(reader, family, { slowness: SLOWNESS });
    if (fault === undefined || attempt === ATTEMPTS) return fault;
  }
}

describe.each(READERS)("$name", (reader) => {
  test("takes time in proportion to the text, and never holds up the server, whatever grows", () => {
    const faults = Object.keys(reader.families).flatMap((family) => lastingFault(reader, family) ?? []);
    expect(faults).toEqual([]);
  });
});

/** A reader whose texts take some milliseconds of processor time by their length. */
const readerOf = (msOf: (chars: number) => number): Reader => ({
  name: "reader",
  charsMax: 6_000,
  families: { letters: (chars) => "a".repeat(chars) },
  read: ({ length }) => {
    const before = process.threadCpuUsage();
    for (let ms = 0; ms < msOf(length);) {
      const { user, system } = process.threadCpuUsage(before);
      ms = (user + system) / 1_000;
    }
  },
});

const faultOf = (msOf: (chars: number) => number): string | undefined =>
  growthFault(readerOf(msOf), "letters", { slowness: SLOWNESS });

test("the measure finds time that grows as the square, and time that is too long, and nothing else", () => {
  expect(faultOf((chars) => (chars / 1_000) ** 2)).toContain("5700 characters");
  expect(faultOf((chars) => (chars > 6_000 ? 400 : 0))).toContain("11700 characters");
  expect(faultOf((chars) => chars / 250)).toBeUndefined();
});
