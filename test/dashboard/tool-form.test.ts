import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Draft, FormField } from "../../dashboard/src/pages/tools/call/form-field.ts";
import { readForm, readObject } from "../../dashboard/src/pages/tools/call/form-reading.ts";
import { formExamples, formFields, initialValues, valuesOf } from "../../dashboard/src/pages/tools/call/schema-form.ts";

const schema = {
  type: "object",
  properties: {
    path: { type: "string", title: "Path", description: "A file", "x-caxton": { role: "file-path" } },
    limit: { type: "integer", default: 20 },
    share: { type: ["number", "null"], examples: [0.5] },
    header: { type: "boolean" },
    order: { enum: ["up", "down", 3] },
    by: { type: "array", items: { type: "string" } },
    where: { type: "object", properties: { column: { type: "string" }, value: { type: ["string", "number"] } } },
    any: {},
  },
  required: ["path"],
};
const fields = formFields(schema) ?? [];
const read = (typed: { readonly [name: string]: Draft }) => readForm(fields, { ...initialValues(fields), ...typed });
const one = (property: object, root: object = {}): FormField | undefined =>
  formFields({ type: "object", properties: { it: property }, ...root })?.[0];

describe("a form made of a JSON schema", () => {
  test("has an input of the fitting kind for each property", () => {
    expect(fields.map(({ name, label, kind, required }) => [name, label, kind, required])).toEqual([
      ["path", "Path", "text", true],
      ["limit", "limit", "integer", false],
      ["share", "share", "number", false],
      ["header", "header", "boolean", false],
      ["order", "order", "choice", false],
      ["by", "by", "list", false],
      ["where", "where", "group", false],
      ["any", "any", "json", false],
    ]);
    expect(fields[0]).toMatchObject({ role: "file-path", note: "A file" });
    expect(fields[2]).toMatchObject({ example: "0.5" });
  });

  test("gives what was typed as the kinds of the schema, and leaves out what was not", () => {
    const typed = { path: "a.csv", share: "0.5", header: "false", order: "3", by: ["x", ""], any: '{"a":1}' };
    expect(read({ ...typed, where: { column: "y", value: "7" } })).toEqual({
      type: "read",
      arguments: {
        path: "a.csv",
        limit: 20,
        share: 0.5,
        header: false,
        order: 3,
        by: ["x", ""],
        where: { column: "y", value: 7 },
        any: { a: 1 },
      },
    });
    expect(read({ path: "a.csv", limit: "" })).toEqual({ type: "read", arguments: { path: "a.csv" } });
  });

  test("names the input that is not of its kind, however deep it is", () => {
    expect(read({ limit: "2.5" })).toEqual({ type: "wrong", field: "limit", expected: "integer" });
    expect(read({ limit: " " })).toEqual({ type: "wrong", field: "limit", expected: "integer" });
    expect(read({ any: "[" })).toEqual({ type: "wrong", field: "any", expected: "json" });
    const deep = formFields({
      type: "object",
      properties: { list: { type: "array", items: { type: "object", properties: { x: { type: "number" } } } } },
    });
    expect(readForm(deep ?? [], { list: [{ x: "1" }, { x: "one" }] })).toEqual({
      type: "wrong",
      field: "list.1.x",
      expected: "number",
    });
  });

  test("follows references, and takes for optional what may be null", () => {
    const $defs = { Place: { type: "object", properties: { town: { type: "string" } } } };
    expect(one({ $ref: "#/$defs/Place" }, { $defs })).toMatchObject({ kind: "group", fields: [{ name: "town" }] });
    expect(one({ anyOf: [{ $ref: "#/$defs/Place" }, { type: "null" }] }, { $defs })).toMatchObject({ kind: "group" });
    expect(one({ oneOf: [{ const: "r", title: "Red" }, { const: 2 }] })).toMatchObject({
      kind: "choice",
      choices: new Map<string, unknown>([
        ["Red", "r"],
        ["2", 2],
      ]),
    });
    const endless = { Self: { $ref: "#/$defs/Self" } };
    expect(one({ $ref: "#/$defs/Self" }, { $defs: endless })).toMatchObject({ kind: "json" });
    expect(one({ $ref: "https://elsewhere.test/x" })).toMatchObject({ kind: "json" });
  });

  test("of a schema that contains itself is as deep as it can be shown, and JSON below", () => {
    const $defs = { Node: { type: "object", properties: { next: { $ref: "#/$defs/Node" } } } };
    const kinds: string[] = [];
    let field = one({ $ref: "#/$defs/Node" }, { $defs });
    while (field !== undefined) {
      kinds.push(field.kind);
      field = field.kind === "group" ? field.fields[0] : undefined;
    }
    expect(kinds).toEqual(["group", "group", "group", "group", "json"]);
  });

  test("does not send an object that may be left out for the sake of the defaults within it", () => {
    const inner = { type: "object", properties: { a: { type: "integer", default: 1 } } };
    const optional = formFields({ type: "object", properties: { inner } }) ?? [];
    expect(readForm(optional, initialValues(optional))).toEqual({ type: "read", arguments: {} });
    const needed = formFields({ type: "object", properties: { inner }, required: ["inner"] }) ?? [];
    expect(readForm(needed, initialValues(needed))).toEqual({ type: "read", arguments: { inner: { a: 1 } } });
  });

  test("is not made of a schema that says more than properties", () => {
    expect(formFields({ type: "object", oneOf: [] })).toBeUndefined();
    expect(formFields({ type: "string", properties: 7 })).toBeUndefined();
    expect(formFields({ type: "object", additionalProperties: { type: "string" } })).toBeUndefined();
  });

  test("shows whole arguments again, unless it has no input for some of them", () => {
    expect(valuesOf(fields, { path: "a", unknown: 1 })).toBeUndefined();
    expect(valuesOf(fields, { path: 7 })).toBeUndefined();
    const [example] = formExamples({ examples: [{ path: "a" }, 5] });
    expect(valuesOf(fields, example ?? {})).toMatchObject({ path: "a", limit: "", by: [] });
    expect(formExamples({ examples: "none" })).toEqual([]);
  });

  test("gives back the arguments it was filled with", () => {
    const text = fc.string({ minLength: 1 }).filter((word) => !Number.isFinite(Number(word)) && word.trim() !== "");
    const values = fc.record(
      {
        path: text,
        limit: fc.integer(),
        share: fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (number === 0 ? 0 : number)),
        header: fc.boolean(),
        order: fc.constantFrom<unknown>("up", "down", 3),
        by: fc.array(text, { minLength: 1 }),
        where: fc.record({ column: text, value: fc.oneof(text, fc.integer()) }),
        any: fc.oneof(fc.integer(), fc.array(fc.boolean()), fc.constant({ a: null })),
      },
      { requiredKeys: ["path"] },
    );
    fc.assert(
      fc.property(values, (given) => {
        expect(readForm(fields, valuesOf(fields, given) ?? {})).toEqual({ type: "read", arguments: given });
      }),
    );
  });

  test("written as JSON it is an object or nothing", () => {
    expect(readObject("")).toEqual({});
    expect(readObject('{"a":1}')).toEqual({ a: 1 });
    expect(readObject("[1]")).toBeUndefined();
    expect(readObject("{")).toBeUndefined();
  });
});
