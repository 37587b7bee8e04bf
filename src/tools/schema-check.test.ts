import { expect, test } from "vitest";
import { schemaCheck } from "./schema-check.ts";

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

test("a hostile pattern or reference in a schema throws nothing", () => {
  expect(schemaCheck({ $ref: "#/$defs/missing" })({ a: 1 })).toEqual([]);
  expect(schemaCheck({ type: "string", pattern: "(" })("a")).toEqual([]);
});
