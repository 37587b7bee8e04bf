import * as fc from "fast-check";
import { expect, test } from "vitest";
import * as z from "zod";
import { call, failure, jsonValue, World } from "./harness.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.built-in-json");

const STORE = {
  store: {
    book: [
      { category: "reference", author: "Nigel Rees", title: "Sayings of the Century", price: 8.95 },
      { category: "fiction", author: "Evelyn Waugh", title: "Sword of Honour", price: 12.99 },
      { category: "fiction", author: "Herman Melville", title: "Moby Dick", isbn: "0-553-21311-3", price: 8.99 },
      { category: "fiction", author: "J. R. R. Tolkien", title: "The Lord", isbn: "0-395-19395-8", price: 22.99 },
    ],
    bicycle: { color: "red", price: 399 },
  },
};

const get = (json: unknown, path: string) => call("json_tools", "get", { json, path }).structured["values"];

test.for([
  ["$.store.book[*].author", ["Nigel Rees", "Evelyn Waugh", "Herman Melville", "J. R. R. Tolkien"]],
  ["$..price", [8.95, 12.99, 8.99, 22.99, 399]],
  ["$..book[2].title", ["Moby Dick"]],
  ["$..book[-1].title", ["The Lord"]],
  ["$..book[0,1].price", [8.95, 12.99]],
  ["$..book[:2].price", [8.95, 12.99]],
  ["$.store.book[::-2].price", [22.99, 12.99]],
  ["$..book[?@.isbn].price", [8.99, 22.99]],
  ["$..book[?@.price<10].title", ["Sayings of the Century", "Moby Dick"]],
  ["$..book[?@.price < 10 && @.category == 'fiction'].title", ["Moby Dick"]],
  ["$..book[?!(@.price < 10) || @.isbn].price", [12.99, 8.99, 22.99]],
  ["$..book[?match(@.author, 'J.*')].price", [22.99]],
  ["$..book[?search(@.title, 'of')].price", [8.95, 12.99]],
  ["$..book[?length(@.title) == 9].title", ["Moby Dick"]],
  ["$.store[?count(@.*) == 2].color", ["red"]],
  ["$..book[?@.price == value($..bicycle.price)].title", []],
  ["$.store['bicycle']['color']", ["red"]],
  ["$.nowhere", []],
] as const)("the path %s finds what RFC 9535 says", ([path, wanted]) => {
  expect(get(STORE, path)).toEqual(wanted);
});

test.for([
  ["store.book", "a JSONPath begins with $"],
  ["$.store.book[?@.price = 1]", "expected ',' or ']'"],
  ["$[?@.a.* == 1]", "a path that is compared must lead to one value"],
  ["$[?length(@.a, 1) == 1]", "length() takes 1 argument"],
  ["$[01]", "without leading zeros"],
  ["$[?foo(@.a)]", "this function is not known"],
  ["$.a ", "white space may not stand at the end"],
  [`$[?${"(".repeat(200)}`, "nested too deep"],
] as const)("the path %s is refused with where and why", ([path, wanted]) => {
  expect(failure("json_tools", "get", { json: STORE, path })).toContain(wanted);
});

const Found = z.object({ paths: z.array(z.string()), values: z.array(z.unknown()) });

test("normalized paths lead back to the values", () => {
  fc.assert(
    fc.property(jsonValue({ maxDepth: 4 }), (json) => {
      fc.pre(json !== null);
      const { structured } = call("json_tools", "get", { text: JSON.stringify(json), path: "$..*", limit: 50 });
      const { paths, values } = Found.parse(structured);
      for (const [at, path] of paths.slice(0, 5).entries()) {
        const again = call("json_tools", "get", { text: JSON.stringify(json), path }).structured["values"];
        expect(again).toEqual([values[at]]);
      }
    }),
    { numRuns: 40 },
  );
});

test("numbers keep every digit", () => {
  const text = `{"big":12345678901234567890123,"price":1.10,"tiny":1e-400}`;
  expect(call("json_tools", "format", { text, style: "compact" }).structured["text"]).toBe(text);
  const sum = { items: "$[*]", aggregate: [{ op: "sum", of: "@", as: "total" }] };
  const { structured } = call("json_tools", "transform", { text: "[0.1,0.2,12345678901234567890]", ...sum });
  expect(structured["exact"]).toBe(`[{"total":12345678901234567890.3}]`);
});

test("a diff as a patch turns one document into the other", () => {
  fc.assert(
    fc.property(jsonValue({ maxDepth: 3 }), jsonValue({ maxDepth: 3 }), (from, to) => {
      const texts = { text: JSON.stringify(from), other_text: JSON.stringify(to) };
      const { patch, merge_patch: merge, equal } = call("json_tools", "diff", texts).structured;
      const patched = call("json_tools", "patch", { text: texts.text, patch });
      expect(patched.structured["result"]).toEqual(JSON.parse(texts.other_text));
      expect(equal).toBe(Array.isArray(patch) && patch.length === 0);
      const isObject = typeof merge === "object" && merge !== null && !Array.isArray(merge);
      const merged = call("json_tools", "patch", { text: texts.text, patch: isObject ? merge : patch });
      expect(merged.structured["result"]).toEqual(JSON.parse(texts.other_text));
    }),
    { numRuns: 60 },
  );
});

test.for([
  [{ a: [1, 2] }, [{ op: "add", path: "/a/1", value: 9 }], { a: [1, 9, 2] }],
  [{ a: 1 }, [{ op: "move", from: "/a", path: "/b" }], { b: 1 }],
  [{ a: { x: 1 } }, [{ op: "copy", from: "/a", path: "/c" }], { a: { x: 1 }, c: { x: 1 } }],
  [{ "a/b": { "~": 1 } }, [{ op: "replace", path: "/a~1b/~0", value: 2 }], { "a/b": { "~": 2 } }],
  [{ a: 1 }, { a: null, b: { c: 1 } }, { b: { c: 1 } }],
] as const)("%j patched with %j is %j", ([json, patch, wanted]) => {
  expect(call("json_tools", "patch", { json, patch }).structured["result"]).toEqual(wanted);
});

test("a patch that fails names its operation, and what is there instead", () => {
  const patch = [
    { op: "add", path: "/b", value: 1 },
    { op: "remove", path: "/c" },
  ];
  const text = failure("json_tools", "patch", { json: { a: 1 }, patch });
  expect(text).toContain("operation 1 of the patch");
  expect(text).toContain("an object with the members a, b");
});

const PERSON = {
  type: "object",
  properties: {
    name: { type: "string", minLength: 1 },
    age: { type: "integer", minimum: 0 },
    tags: { $ref: "#/$defs/tags" },
  },
  required: ["name"],
  additionalProperties: false,
  $defs: { tags: { type: "array", items: { type: "string" }, uniqueItems: true } },
};

test.for([
  [{ name: "Ada", age: 36, tags: ["x"] }, []],
  [{ age: 1 }, ["required"]],
  [{ name: "", age: -1 }, ["minLength", "minimum"]],
  [{ name: "a", tags: ["x", "x"] }, ["uniqueItems"]],
  [{ name: "a", agee: 1 }, ["additionalProperties"]],
  [{ name: "a", age: 1.5 }, ["type"]],
] as const)("%j has the problems %j", ([json, wanted]) => {
  const { structured } = call("json_tools", "validate", { json, schema: PERSON });
  const problems = structured["problems"];
  const keywords = Array.isArray(problems) ? problems.map((problem) => Object(problem)["keyword"]) : [];
  expect(keywords).toEqual(wanted);
  expect(structured["valid"]).toBe(wanted.length === 0);
});

test.for([
  [{ anyOf: [{ type: "string" }, { minimum: 5 }] }, 3, false],
  [{ oneOf: [{ multipleOf: 3 }, { multipleOf: 5 }] }, 15, false],
  [{ not: { const: 1 } }, 1.0, false],
  [{ if: { type: "string" }, else: false }, 3, false],
  [{ prefixItems: [{ type: "string" }], items: { type: "number" } }, ["a", 1, 2], true],
  [{ prefixItems: [{ type: "string" }], unevaluatedItems: false }, ["a", 1], false],
  [{ allOf: [{ properties: { a: true } }], unevaluatedProperties: false }, { a: 1, b: 2 }, false],
  [{ contains: { const: 1 }, maxContains: 1 }, [1, 1], false],
  [{ multipleOf: 0.01 }, 4.35, true],
  [{ format: "date" }, "2023-02-29", false],
  [{ patternProperties: { "^x-": { type: "number" } } }, { "x-a": "b" }, false],
  [{ dependentRequired: { a: ["b"] } }, { a: 1 }, false],
  [{ allOf: [{ properties: { foo: true } }, { unevaluatedProperties: false }] }, { foo: 1 }, false],
  [{ allOf: [{ prefixItems: [true] }, { unevaluatedItems: false }] }, [1], false],
  [{ anyOf: [{ properties: { a: { type: "string" } } }, true], unevaluatedProperties: false }, { a: 1 }, false],
  [{ $ref: "#/$defs/a", $defs: { a: { properties: { a: true } } }, unevaluatedProperties: false }, { a: 1 }, true],
] as const)("the schema %j judges %j: %s", ([schema, json, wanted]) => {
  expect(call("json_tools", "validate", { text: JSON.stringify(json), schema }).structured["valid"]).toBe(wanted);
});

const SCOPED = {
  $id: "https://example.com/a/root.json",
  properties: {
    inner: { $ref: "b/inner.json" },
    anchored: { $ref: "b/inner.json#word" },
    within: { $ref: "#/$defs/inner/$defs/kind" },
    enum: { enum: [{ $id: "https://example.com/a/b/inner.json", type: "null" }, 1] },
  },
  $defs: {
    kind: { type: "string" },
    inner: {
      $id: "b/inner.json",
      $ref: "#/$defs/kind",
      $defs: { kind: { type: "number" }, w: { $anchor: "word", const: 1 } },
    },
  },
};

test.for([
  [{ inner: 1, anchored: 1, within: 1, enum: 1 }, true],
  [{ inner: "a" }, false],
  [{ anchored: 2 }, false],
  [{ within: "a" }, false],
] as const)("references are resolved within the $id that they stand in: %j fits: %s", ([json, wanted]) => {
  expect(call("json_tools", "validate", { json, schema: SCOPED }).structured["valid"]).toBe(wanted);
});

test("$dynamicRef leads to the outermost schema with its anchor, and other documents are refused", () => {
  const schema = {
    $id: "https://example.com/strings",
    $ref: "list",
    $defs: {
      item: { $dynamicAnchor: "item", type: "string" },
      list: {
        $id: "list",
        items: { $dynamicRef: "#item" },
        $defs: { any: { $dynamicAnchor: "item" } },
      },
    },
  };
  const isValid = (json: unknown) =>
    call("json_tools", "validate", { text: JSON.stringify(json), schema }).structured["valid"];
  expect([isValid(["a"]), isValid(["a", 1])]).toEqual([true, false]);
  const elsewhere = { $ref: "https://json-schema.org/draft/2020-12/schema" };
  expect(failure("json_tools", "validate", { json: 1, schema: elsewhere })).toContain("which is not in it");
});

test("a schema that refers to itself endlessly is refused, and nothing traps", () => {
  const schema = { $ref: "#" };
  expect(failure("json_tools", "validate", { json: 1, schema })).toContain("does a $ref lead back to itself?");
  const deep = `${"[".repeat(120)}${"]".repeat(120)}`;
  const nested = { $ref: "#/$defs/n", $defs: { n: { items: { $ref: "#/$defs/n" } } } };
  expect(call("json_tools", "validate", { text: deep, schema: nested }).text).not.toBe("");
});

test("a table and back again is what it was", () => {
  const cell = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(fc.integer(), { maxLength: 3 }),
  );
  const name = fc.string({ minLength: 1 }).filter((text) => text !== "__proto__");
  const row = fc.dictionary(name, cell, { minKeys: 1, maxKeys: 4, noNullPrototype: true });
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 8 }), (rows) => {
      const { structured } = call("json_tools", "to_table", { text: JSON.stringify(rows) });
      const back = call("json_tools", "from_table", { csv: structured["csv"] });
      expect(back.structured["rows"]).toEqual(rows);
    }),
    { numRuns: 60 },
  );
});

test("groups are counted and summed as a plain computation does", () => {
  const row = fc.record({ k: fc.constantFrom("a", "b", "c"), v: fc.integer({ min: -1000, max: 1000 }) });
  fc.assert(
    fc.property(fc.array(row, { maxLength: 40 }), (rows) => {
      const { structured } = call("json_tools", "transform", {
        json: rows,
        where: "@.v != 0",
        group_by: ["k"],
        aggregate: [{ op: "sum", of: "v" }, { op: "count" }, { op: "max", of: "v" }],
        sort_by: [{ key: "k" }],
      });
      const groups = [
        ...Map.groupBy(
          rows.filter(({ v }) => v !== 0),
          ({ k }) => k,
        ),
      ].toSorted(([left], [right]) => left.localeCompare(right));
      expect(structured["rows"]).toEqual(
        groups.map(([k, all]) => ({
          k,
          sum_v: all.reduce((sum, { v }) => sum + v, 0),
          count: all.length,
          max_v: Math.max(...all.map(({ v }) => v)),
        })),
      );
    }),
    { numRuns: 60 },
  );
});

test("files are read, and large results become files", () => {
  const world = new World({
    "data/a.json": JSON.stringify(Array.from({ length: 30_000 }, (_, id) => ({ id, name: `n${id}` }))),
  });
  const { structured, files } = call(
    "json_tools",
    "get",
    { file: "data/a.json", path: "$[*].name", limit: 10_000 },
    world,
  );
  expect(structured["matched"]).toBe(30_000);
  expect(files).toEqual([]);
  const { files: large } = call("json_tools", "transform", { file: "data/a.json", limit: 20_000 }, world);
  expect(large[0]?.uri).toBe("artifact:///rows.json");
  expect(failure("json_tools", "get", { file: "gone.json", path: "$" })).toContain("there is no file 'gone.json'");
});

test("no text whatever makes it trap, and what is no JSON is reported by line and column", () => {
  expect(failure("json_tools", "stats", { text: '{"a": 1,\n "b": tru}' })).toContain("at line 2 column 7");
  fc.assert(
    fc.property(fc.string(), fc.string(), (text, path) => {
      expect(call("json_tools", "get", { text, path }).text).not.toBe("");
      expect(call("json_tools", "transform", { text: "[1]", where: path }).text).not.toBe("");
      expect(call("json_tools", "from_table", { csv: text }).text).not.toBe("");
    }),
    { numRuns: 150 },
  );
});
