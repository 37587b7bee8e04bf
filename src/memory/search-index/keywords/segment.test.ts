import * as fc from "fast-check";
import { expect, test } from "vitest";
import { lowerBound, interpolationSearch } from "./segment.ts";

test("a value is found at the same place wherever one begins to look for it, however unevenly values are spread", () => {
  const value = fc.oneof(fc.nat(100), fc.nat(10_000), fc.nat(1_000_000));
  fc.assert(
    fc.property(fc.array(value, { maxLength: 400 }), value, fc.nat(400), fc.nat(400), (values, wanted, one, other) => {
      const sorted = Int32Array.from(values).toSorted();
      const [low, high] = [Math.min(one, other, sorted.length), Math.min(Math.max(one, other), sorted.length)];
      expect(interpolationSearch(sorted, wanted, { low, high })).toBe(lowerBound(sorted, wanted, { low, high }));
    }),
  );
});
