import { expect, test } from "vitest";
import { schemaFault } from "./schema-fault.ts";

const place = (schema: Parameters<typeof schemaFault>[0]) => schemaFault(schema)?.path.join(".");

test("accepts a JSON Schema with unknown keywords", () => {
  const item = { type: ["integer", "null"], minimum: 0, pattern: "^a+$", "x-own": 1 };
  const schema = { type: "object", properties: { a: item, b: true }, $defs: { c: { anyOf: [item, false] } } };
  expect(schemaFault({})).toBeUndefined();
  expect(schemaFault({ ...schema, required: ["a"], additionalProperties: false, examples: [{ type: "no" }] })).toBe(
    undefined,
  );
});

test("names an invalid schema with its location", () => {
  expect(place({ type: "text" })).toBe("type");
  expect(place({ type: [] })).toBe("type");
  expect(place({ properties: { score: { type: "number", minimum: "0" } } })).toBe("properties.score.minimum");
  expect(place({ properties: ["score"] })).toBe("properties");
  expect(place({ properties: { score: "number" } })).toBe("properties.score");
  expect(place({ required: "score" })).toBe("required");
  expect(place({ items: { anyOf: [{}, { minItems: -1 }] } })).toBe("items.anyOf.1.minItems");
  expect(place({ oneOf: [] })).toBe("oneOf");
  expect(place({ $defs: { a: { pattern: "(" } } })).toBe("$defs.a.pattern");
});
