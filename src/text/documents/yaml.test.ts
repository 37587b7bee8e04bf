import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseYaml } from "./yaml.ts";

// verifies("definition.hostile-text")

test("values are found by path", () => {
  const result = parseYaml("name: a\nmodel:\n  temperature: hot\ntools:\n  - one\n  - two: 2\n", "x.yaml");
  if (result.type === "malformed") throw new Error("malformed");
  const { locate, data } = result.document;
  expect(data).toEqual({ name: "a", model: { temperature: "hot" }, tools: ["one", { two: 2 }] });
  expect(locate(["model", "temperature"])).toEqual({ line: 3, column: 16, length: 3 });
  expect(locate(["model", "temperature"], "key")).toEqual({ line: 3, column: 3, length: 11 });
  expect(locate(["tools", 0])).toMatchObject({ line: 5, column: 5 });
  expect(locate(["tools", 1, "two"])).toMatchObject({ line: 6, column: 10 });
  expect(locate(["tools", 7])).toBeUndefined();
});

const complaint = (text: string): string => {
  const result = parseYaml(text, "x.yaml");
  return result.problems.map(({ line, message }) => `${line} ${message}`).join("\n");
};

test("every syntax error is reported in plain words", () => {
  expect(complaint("a: b: c\n")).toContain("1 a colon and a space inside text start a new key");
  expect(complaint("a:\n\t- x\n")).toContain("2 tabs cannot indent YAML");
  expect(complaint("a: 1\na: 2\n")).toContain("2 this key is already defined");
  expect(complaint("a: @x\nb: `y`\n").split("\n")).toHaveLength(2);
  expect(complaint("- a\n")).toContain("expected keys with values, got a list");
  expect(complaint("a: *missing\n")).toContain("unresolved alias");
  expect(complaint("a: !tag x\n")).toContain("tags (!name) are not supported");
});

test("a bomb of aliases and a circle are refused", () => {
  const bomb = [
    "a: &a [x,x,x,x,x,x,x,x,x,x]",
    ...["b", "c", "d", "e", "f", "g"].map(
      (name, index) =>
        `${name}: &${name} [${Array(10)
          .fill(`*${"abcdef"[index] ?? ""}`)
          .join(",")}]`,
    ),
  ];
  expect(complaint(bomb.join("\n"))).toContain("alias");
  expect(complaint("a: &a [*a]\n")).not.toBe("");
});

test("no text makes the reader throw", () => {
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.constantFrom(
          "a",
          ":",
          "-",
          "[",
          "]",
          '"',
          "'",
          "\n",
          "{",
          "}",
          ",",
          " ",
          "#",
          "&",
          "*",
          "!",
          "|",
          "?",
          "\t",
        ),
      }),
      (text) => {
        const result = parseYaml(text, "x.yaml");
        expect(["parsed", "malformed"]).toContain(result.type);
      },
    ),
    { numRuns: 500 },
  );
});

const places = (text: string): string =>
  parseYaml(text, "x.yaml")
    .problems.map(({ line, column, message }) => `${line}:${column} ${message}`)
    .join("\n");

test("what is too much is refused before it is parsed, with its place", () => {
  expect(places(`a: ${"[".repeat(65)}${"]".repeat(65)}\n`)).toBe("1:68 nested deeper than 64 levels");
  expect(places(`a:\n  ${"- ".repeat(65)}1\n`)).toBe("2:131 nested deeper than 64 levels");
  expect(places(`a:\n${" ".repeat(201)}b: 1\n`)).toBe("2:1 indented by more than 200 columns");
  expect(places(`a: &a 1\nb:\n${"- *a\n".repeat(101)}`)).toBe("103:3 more than 100 aliases");
  expect(places("a: 1\n".repeat(3_000))).toContain("more than 12000 words, signs and line ends");
  expect(places(`a: ${"]".repeat(70)}\n`)).toContain("too many closing brackets");
});

test("a key given twice is found in every table, whatever it looks like", () => {
  const result = parseYaml('a: 1\nb: {c: 1, d: 2, c: 3}\nx:\n  - 1: y\n    "1": z\na: 2\n', "x.yaml");
  expect(result.type).toBe("malformed");
  expect(result.problems.map(({ line, message }) => `${line} ${message}`)).toEqual([
    "2 this key is already defined on line 2",
    "5 this key is already defined on line 4",
    "6 this key is already defined on line 1",
  ]);
});
