import * as fc from "fast-check";
import { expect, test } from "vitest";
import { locate } from "./json-position.ts";

test("a path leads to the line and column where its value begins", () => {
  const text = '[\n  {"a": 1},\n  {"b\\"x": [true,  {"c": null}]}\n]';
  expect(locate(text, [])).toEqual({ line: 1, column: 1 });
  expect(locate(text, [0, "a"])).toEqual({ line: 2, column: 9 });
  expect(locate(text, [1, 'b"x', 1, "c"])).toEqual({ line: 3, column: 26 });
});

test("a path that leads nowhere ends at the nearest parent", () => {
  expect(locate('{"a": [1]}', ["a", 7, "b"])).toEqual({ line: 1, column: 7 });
});

const pathsOf = (value: unknown): readonly (readonly (string | number)[])[] => {
  if (Array.isArray(value)) return [[], ...value.flatMap((item, at) => pathsOf(item).map((path) => [at, ...path]))];
  if (typeof value === "object" && value !== null) {
    return [[], ...Object.entries(value).flatMap(([key, item]) => pathsOf(item).map((path) => [key, ...path]))];
  }
  return [[]];
};

const at = (value: unknown, path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((parent, key) => {
    if (typeof parent !== "object" || parent === null) return undefined;
    return Object.entries(parent).find(([name]) => name === String(key))?.[1];
  }, value);

test("every path of every JSON value is found at the text of its value", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 3 }), fc.constantFrom(0, 2), (compact, indent) => {
      const value: unknown = JSON.parse(compact);
      const text = JSON.stringify(value, null, indent);
      for (const path of pathsOf(value)) {
        const { line, column } = locate(text, path);
        const rest = text
          .split("\n")
          .slice(line - 1)
          .join("\n")
          .slice(column - 1);
        const own = JSON.stringify(at(value, path), null, indent);
        expect(rest.startsWith(own.split("\n")[0] ?? "")).toBe(true);
      }
    }),
  );
});
