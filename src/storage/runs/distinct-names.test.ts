import * as fc from "fast-check";
import { expect, test } from "vitest";
import { distinctNames } from "./distinct-names.ts";

test("the first of a name keeps it, later ones get an unused number", () => {
  expect(distinctNames(["a.csv", "a.csv", "a-2.csv", "b", "a.csv", "b"])).toEqual([
    "a.csv",
    "a-3.csv",
    "a-2.csv",
    "b",
    "a-4.csv",
    "b-2",
  ]);
});

test("whatever the names, none is there twice, and the first of each stays", () => {
  const name: fc.Arbitrary<string> = fc.constantFrom("a.csv", "a-2.csv", "a-2-2.csv", "a", "a-2", ".a", "b.tar.gz");
  fc.assert(
    fc.property(fc.array(name, { maxLength: 30 }), (names) => {
      const distinct = distinctNames(names);
      expect(new Set(distinct).size).toBe(names.length);
      const isFirst = (original: string, index: number): boolean => names.indexOf(original) === index;
      expect(distinct.filter((_name, index) => isFirst(names[index] ?? "", index))).toEqual(names.filter(isFirst));
    }),
  );
});
