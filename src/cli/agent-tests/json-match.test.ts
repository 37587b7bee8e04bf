import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Json } from "../../kernel/json.ts";
import { holds, jsonIn, valueAt } from "./json-match.ts";

const json = fc.jsonValue().map((value): Json => JSON.parse(JSON.stringify(value)));

test("every value holds itself, and an object holds itself with members left out", () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(holds(value, value)).toBe(true);
    }),
  );
  fc.assert(
    fc.property(fc.dictionary(fc.string(), json), fc.string(), (value, name) => {
      const { [name]: _left, ...rest } = value;
      expect(holds(value, rest)).toBe(true);
    }),
  );
});

test("lists are compared whole, and what is not there holds nothing", () => {
  expect(holds([1, 2], [1])).toBe(false);
  expect(holds(undefined, null)).toBe(false);
  expect(holds({ a: 1 }, { a: 1, b: 2 })).toBe(false);
});

test("every member is found by its pointer", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), json), (value) => {
      for (const [name, member] of Object.entries(value)) {
        const pointer = `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
        expect(valueAt(value, pointer)).toEqual(member);
      }
    }),
  );
});

test.each([
  ["$", { a: [{ "b c": 1 }] }],
  ["$.a[0]", { "b c": 1 }],
  ['$.a[0]["b c"]', 1],
  ["$.a[1]", undefined],
  ["$.a.b", undefined],
  ["$..a", undefined],
] as const)("a path leads to a value: %s", (path, value) => {
  expect(valueAt({ a: [{ "b c": 1 }] }, path)).toEqual(value);
});

test("JSON is read from a text that is it, or that has it in a block", () => {
  expect([jsonIn('{"a":1}'), jsonIn("So:\n```json\n[1]\n```\n"), jsonIn("no"), jsonIn("")]).toEqual([
    { a: 1 },
    [1],
    undefined,
    undefined,
  ]);
});
