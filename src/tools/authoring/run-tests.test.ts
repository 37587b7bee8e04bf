import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Json } from "../../kernel/json.ts";
import { failedCall, type ToolResult } from "../catalogue/index.ts";
import { judge } from "./run-tests.ts";
import { holds } from "./tests-file.ts";

const json = fc.jsonValue().map((value): Json => JSON.parse(JSON.stringify(value)));

test("every value holds itself, and an object holds itself with members left out", () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(holds(value, value)).toBe(true);
    }),
  );
  fc.assert(
    fc.property(fc.dictionary(fc.string(), json), fc.string(), (value, name) => {
      const { [name]: left, ...rest } = value;
      expect(holds(value, rest)).toBe(true);
      expect(left === undefined || !Object.hasOwn(value, name) || !holds(rest, value)).toBe(true);
    }),
  );
});

const done: ToolResult = {
  type: "done",
  content: [
    { type: "text", text: "one two" },
    { type: "file", name: "a.csv", mediaType: "text/csv", text: "x,y" },
  ],
  structured: { a: { b: 1, c: 2 } },
  usage: { fuel: 100, durationMs: 5, memoryBytes: 1 },
};

test("what fits every expectation has no failures", () => {
  const expected = {
    text: "one two",
    contains: ["two"],
    matches: "^one",
    structured: { a: { b: 1 } },
    equals: { a: { c: 2, b: 1 } },
    files: { "a.csv": "x," },
    fuel_max: 100,
    ms_max: 5,
  };
  expect(judge(done, expected)).toEqual([]);
  expect(judge(failedCall("tool-error", "not on Sundays"), { error: "Sundays" })).toEqual([]);
  expect(judge(failedCall("fuel", "used all"), { outcome: "fuel" })).toEqual([]);
});

test.each([
  [{ text: "one" }, "text"],
  [{ contains: ["three"] }, "text without the part"],
  [{ matches: "two.+" }, "text"],
  [{ structured: { a: { b: 2 } } }, "structured"],
  [{ equals: { a: { b: 1 } } }, "structured"],
  [{ files: { "b.csv": "" } }, "it gave no file b.csv"],
  [{ files: { "a.csv": "z" } }, "file a.csv"],
  [{ fuel_max: 99 }, "fuel"],
  [{ ms_max: 4 }, "time"],
  [{ error: "no" }, "it ended with done, expected tool-error"],
] as const)("reports a failed expectation: %j", (expected, problem) => {
  const given = "contains" in expected ? { contains: [...expected.contains] } : expected;
  expect(judge(done, given)).toEqual([expect.stringContaining(problem)]);
});
