import { stripVTControlCharacters } from "node:util";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Problem } from "./problem.ts";
import { renderProblem } from "./render.ts";

// verifies("definition.unknown-key")

const problem: Problem = {
  severity: "error",
  code: "WRONG_TYPE",
  path: "model.temperature",
  message: 'expected a number, got "hot"',
  fix: "Write for example: temperature = 0.2",
  file: "writer.toml",
  line: 4,
  column: 15,
  length: 5,
};
const text = 'a = 1\n\n[model]\ntemperature = "hot"\n';

test("a problem shows where, what, the line with carets, and the fix", () => {
  expect(renderProblem(problem, text, { colour: false })).toBe(
    [
      'writer.toml:4:15  model.temperature: expected a number, got "hot"',
      '  4 | temperature = "hot"',
      "    |               ^^^^^",
      "  fix: Write for example: temperature = 0.2",
    ].join("\n"),
  );
});

test("colour adds only colour", () => {
  const coloured = renderProblem(problem, text, { colour: true });
  expect(coloured).not.toBe(renderProblem(problem, text, { colour: false }));
  expect(stripVTControlCharacters(coloured)).toBe(renderProblem(problem, text, { colour: false }));
});

test("carets stand under what they mean, after tabs and in long lines", () => {
  const tabbed = renderProblem({ ...problem, line: 1, column: 3 }, "\t\tx = 1", { colour: false });
  expect(tabbed).toContain("  1 | \t\tx = 1\n    | \t\t^^^^^");
  const long = renderProblem(
    { ...problem, line: 1, column: 901, length: 3 },
    `${"a".repeat(900)}BAD${"a".repeat(900)}`,
    { colour: false },
  );
  const [, shown = "", carets = ""] = long.split("\n");
  expect(shown.slice(carets.indexOf("^"), carets.lastIndexOf("^") + 1)).toBe("BAD");
});

test("a place outside the text is still shown", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary" }),
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 500 }),
      (any, line, column) => {
        expect(renderProblem({ ...problem, line, column }, any, { colour: false })).toContain(
          `writer.toml:${line}:${column}`,
        );
      },
    ),
  );
});

test("a line that holds a secret is not shown", () => {
  const rendered = renderProblem({ ...problem, secret: true }, text, { colour: false });
  expect(rendered).not.toContain('temperature = "hot"');
  expect(rendered).toContain("writer.toml:4:15");
  const misspelt = renderProblem({ ...problem, line: 1, column: 1 }, 'apikey = "sk-1234"', { colour: false });
  expect(misspelt).not.toContain("sk-1234");
});
