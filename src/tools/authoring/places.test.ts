import { expect, test } from "vitest";
import { placesOf } from "./places.ts";

test("lines that follow each other in bundle and source are one run", () => {
  // Lines 2 to 4 are lines 1 to 3 of the first source, line 6 is line 10 of the second.
  const map = { version: 3, sources: ["../a.ts", "b.ts"], mappings: ";AAAA;AACA,IAAI;AACA;;ACOA" };
  const places: unknown = JSON.parse(placesOf(JSON.stringify(map), (source) => source.toUpperCase()));
  expect(places).toEqual({
    sources: ["../A.TS", "B.TS"],
    runs: [
      [2, 0, 1],
      [6, 1, 10],
    ],
  });
});

test("what is no source map gives no places", () => {
  expect(placesOf("", String)).toBe('{"sources":[],"runs":[]}');
  expect(placesOf('{"mappings":5}', String)).toBe('{"sources":[],"runs":[]}');
});
