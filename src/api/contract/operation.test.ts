import * as fc from "fast-check";
import { expect, test } from "vitest";
import * as z from "zod";
import { operation } from "./operation.ts";
import { operations } from "./index.ts";
import { PathValueError, requestPath, segmentsOf, split } from "./request.ts";

// verifies("api.operations")

const DECLARED = {
  name: "thing.get",
  summary: "Get a thing",
  tags: ["things"],
  http: { method: "GET", path: "/things/:id" },
  permission: "usage:read",
  effect: "read",
  surfaces: ["rest"],
  params: z.object({ id: z.string() }),
  output: z.null(),
} as const;

test("an operation's path and params name the same fields, and no field is sent in two places", () => {
  expect(() => operation({ ...DECLARED, params: z.object({ name: z.string() }) })).toThrow(
    "operation thing.get: the segments of /things/:id differ from its params",
  );
  const query = z.object({ id: z.string() });
  expect(() => operation({ ...DECLARED, query })).toThrow("operation thing.get declares twice: id");
});

test("a POST says how it is retried, and other methods are safe", () => {
  const http = { method: "POST", path: "/things/:id" } as const;
  expect(() => operation({ ...DECLARED, http })).toThrow("a POST is retried by key or never");
  expect(() => operation({ ...DECLARED, retry: "never" })).toThrow("every other method is safe");
  expect(operation({ ...DECLARED, http, retry: "by-key" }).http.status).toBe(200);
});

test("a GET has no effects, because a page of another site can send one", () => {
  expect(() => operation({ ...DECLARED, effect: "write" })).toThrow("operation thing.get: a GET has no effects");
});

test("a client sends each field where the operation declares it, escaped, and leaves out what has no value", () => {
  const http = { method: "POST", path: "/things/:id" } as const;
  const declared = operation({
    ...DECLARED,
    http,
    retry: "never",
    query: z.object({ limit: z.int(), at: z.string().optional() }),
  });
  const { params, query, body } = split(declared, { id: "a/b ü", limit: 2, at: undefined, note: "x" });
  expect([params, query, body]).toEqual([{ id: "a/b ü" }, { limit: 2 }, { note: "x" }]);
  expect(requestPath(declared, params)).toBe("/things/a%2Fb%20%C3%BC");
});

test("every operation is named noun.verb, once, as its place in the contract says", () => {
  const named = Object.entries(operations).flatMap(([noun, verbs]) =>
    Object.entries(verbs).map(([verb, { name }]) => [`${noun}.${verb}`, name] as const),
  );
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter(([place, name]) => place !== name)).toEqual([]);
});

const paths = Object.values(operations).flatMap((verbs) =>
  Object.values(verbs).flatMap(({ name, http, queryNames }) => {
    const segments = segmentsOf(http.path);
    return segments.length === 0 ? [] : [{ name, segments, row: { http, queryNames } }];
  }),
);

test.each(paths)("$name refuses values that would lead its request to another operation", ({ segments, row }) => {
  for (const segment of segments)
    for (const value of ["", ".", ".."]) {
      const params = { ...Object.fromEntries(segments.map((name) => [name, "x"])), [segment]: value };
      expect(() => requestPath(row, params)).toThrow(PathValueError);
    }
});

test("a value that is accepted reaches the segment of its operation, unchanged", () => {
  const text = fc.oneof(fc.string({ minLength: 1, unit: "grapheme" }), fc.stringMatching(/^[./\\%2eE?#;]{1,6}$/));
  const value = text.filter((each) => ![".", ".."].includes(each) && each.isWellFormed());
  fc.assert(
    fc.property(
      fc.constantFrom(...paths),
      fc.array(value, { minLength: 4, maxLength: 4 }),
      ({ segments, row }, values) => {
        const params = Object.fromEntries(segments.map((name, index) => [name, values[index] ?? "x"]));
        const { pathname, search, hash } = new URL(requestPath(row, params), "http://127.0.0.1");
        const expected = row.http.path
          .split("/")
          .map((part: string) => (part.startsWith(":") ? params[part.slice(1)] : part));
        expect([pathname.split("/").map(decodeURIComponent), search, hash]).toEqual([expected, "", ""]);
      },
    ),
  );
});
