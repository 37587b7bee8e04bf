import { expect, test } from "vitest";
import * as z from "zod";
import { operation } from "./operation.ts";
import { operations } from "./index.ts";
import { requestPath, split } from "./request.ts";

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
  const declared = operation({ ...DECLARED, query: z.object({ limit: z.int(), at: z.string().optional() }) });
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
