import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseYaml } from "./yaml.ts";

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
