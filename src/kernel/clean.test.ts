import * as fc from "fast-check";
import { expect, test } from "vitest";
import { cleanSchema, cleanText, isDeeperThan } from "./clean.ts";

const HIDDEN = /[\p{Cc}\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/u;

test("whatever a server says, what is left is no longer than allowed and hides nothing", () => {
  const mean = fc.array(
    fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("\u202e", "\u0000", "\u200b", "\u{e0041}", "\r\n", "a")),
  );
  fc.assert(
    fc.property(mean, fc.nat(50), (pieces, max) => {
      const clean = cleanText(pieces.join(""), max);
      expect(clean.length).toBeLessThanOrEqual(max);
      expect(HIDDEN.test(clean.replaceAll(/[\t\n]/g, ""))).toBe(false);
    }),
  );
});

test("text that hides nothing stays as it is", () => {
  expect(cleanText("Füge\tzwei Zahlen hinzu.\n漢字 🎉", 100)).toBe("Füge\tzwei Zahlen hinzu.\n漢字 🎉");
});

test("only the words of a schema are cleaned, at any depth", () => {
  const schema = {
    const: "a\u200b",
    items: [{ description: "b\u202ec" }],
    properties: { title: { title: "d\u0000" } },
  };
  expect(cleanSchema(schema)).toEqual({
    const: "a\u200b",
    items: [{ description: "bc" }],
    properties: { title: { title: "d" } },
  });
});

/** Arrays and objects in turn, so many levels of them. */
const nested = (depth: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { value };
  return value;
};

test("depth is counted without recursion", () => {
  expect(isDeeperThan(nested(10), 10)).toBe(false);
  expect(isDeeperThan(nested(11), 10)).toBe(true);
  expect(isDeeperThan(nested(200_000), 128)).toBe(true);
});
