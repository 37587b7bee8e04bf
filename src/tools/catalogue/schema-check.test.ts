import { expect, test } from "vitest";
import { schemaCheck } from "./schema-check.ts";

// verifies("tool.arguments-checked")

const schema = {
  type: "object",
  properties: { path: { type: "string" }, limit: { type: "integer", minimum: 1 }, order: { enum: ["asc", "desc"] } },
  required: ["path"],
  additionalProperties: false,
} as const;

test("a value that fits has no findings", () => {
  expect(schemaCheck(schema)({ path: "a.csv", limit: 3 })).toEqual([]);
});

test("each wrong member is named with its place", () => {
  const findings = schemaCheck(schema)({ path: 1, limit: 0, order: "up" });
  expect(findings.some((text) => text.startsWith("path:"))).toBe(true);
  expect(findings.some((text) => text.startsWith("limit:"))).toBe(true);
  expect(findings.some((text) => text.startsWith("order:"))).toBe(true);
});

test("a missing member is named", () => {
  expect(schemaCheck(schema)({}).join(" ")).toContain("path");
});

test("an unknown member is refused where the schema forbids more", () => {
  expect(schemaCheck(schema)({ path: "a", colour: "red" }).join(" ")).toContain("colour");
});

test("each finding is a sentence in a model's words: what is expected, what is missing, what is not known", () => {
  expect(schemaCheck(schema)({ path: 1, limit: 0, order: "up" })).toEqual([
    'path: expected "string", not number',
    "limit: 0 is less than 1",
    'order: expected one of ["asc","desc"]',
  ]);
  expect(schemaCheck(schema)({ colour: "red" })).toEqual(['"path" is missing', '"colour" is not known here']);
  expect(schemaCheck({ type: ["integer", "null"] })("3")).toEqual(['expected "integer", "null", not string']);
  expect(schemaCheck({ type: "string", pattern: "^a" })("b")).toEqual(["it does not match pattern"]);
});

test("a member that is known only by its kind is reported with its fault, not as unknown", () => {
  const numbers = { type: "object", additionalProperties: { type: "number" } };
  expect(schemaCheck(numbers)({ a: "x" })).toEqual(['a: expected "number", not string']);
  const closed = { type: "object", properties: { in: numbers }, additionalProperties: false };
  expect(schemaCheck(closed)({ in: { a: "x" }, out: 1 })).toEqual([
    'in.a: expected "number", not string',
    '"out" is not known here',
  ]);
});

test("a hostile pattern or reference in a schema throws nothing", () => {
  expect(schemaCheck({ $ref: "#/$defs/missing" })({ a: 1 })).toEqual([]);
  expect(schemaCheck({ type: "string", pattern: "(" })("a")).toEqual([]);
});

const never = "a".repeat(60) + "!";
const items = Array.from({ length: 20_000 }, (_, index) => ({ index }));
/** Thirty references, each of which doubles what is below it. */
const doubling = {
  $ref: "#/$defs/d0",
  $defs: Object.fromEntries(
    Array.from({ length: 30 }, (_, depth) => [
      `d${depth}`,
      depth === 29
        ? { type: "string" }
        : { allOf: [{ $ref: `#/$defs/d${depth + 1}` }, { $ref: `#/$defs/d${depth + 1}` }] },
    ]),
  ),
};

test.each([
  ["a pattern that tries everything", { type: "string", pattern: "^(a+)+$" }, never],
  ["many items, each compared with each", { type: "array", uniqueItems: true }, items],
  ["references that double at each step", doubling, 1],
  [
    "the same rules ten thousand times over",
    { allOf: Array.from({ length: 10_000 }, () => ({ items: { type: "object" } })) },
    items,
  ],
])("%s is ended, and the finding says whose fault it is", (_what, hostile, value) => {
  expect(schemaCheck(hostile)(value)).toEqual([expect.stringContaining("a fault of the tool")]);
});

test("a schema that cannot be checked in time is not retried permanently", () => {
  const check = schemaCheck({ type: "string", pattern: "^(a+)+$" });
  for (let tries = 0; tries < 3; tries += 1) expect(check(never)).toHaveLength(1);
  expect(check("aaa")).toHaveLength(1);
});

test("a costly schema that is checked in time says what it always said", () => {
  const check = schemaCheck({ type: "object", properties: { id: { type: "string", pattern: "^[a-z]+$" } } });
  expect(check({ id: "abc" })).toEqual([]);
  expect(check({ id: "123" })[0]).toContain("id:");
});
