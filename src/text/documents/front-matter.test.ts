import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseFields, parseFrontMatter } from "./front-matter.ts";

// verifies("definition.tolerant-front-matter")

const read = (text: string) => {
  const result = parseFrontMatter(text, "x.md");
  if (result.type === "malformed") throw new Error(JSON.stringify(result.problems));
  return { ...result.document, warnings: result.problems };
};

test("fields and body are separated, and places are those of the whole file", () => {
  const { data, body, bodyLine, locate } = read("---\nname: a\ntools: [x]\n---\n\nYou are a.\n---\nrest\n");
  expect(data).toEqual({ name: "a", tools: ["x"] });
  expect(body).toBe("\nYou are a.\n---\nrest\n");
  expect(bodyLine).toBe(5);
  expect(locate(["tools", 0])).toEqual({ line: 3, column: 9, length: 1 });
});

test("Windows line ends, a byte order mark and blank lines before the fields are fine", () => {
  const { data, body } = read("\uFEFF\r\n---\r\nname: a\r\n---\r\nBody\r\n");
  expect(data).toEqual({ name: "a" });
  expect(body).toBe("Body\n");
});

test("a rule inside an indented block does not end the front matter", () => {
  const { data } = read("---\nname: a\nsystem_prompt: |\n  one\n  ---\n  two\n---\nbody");
  expect(data).toEqual({ name: "a", system_prompt: "one\n---\ntwo\n" });
});

test("an unquoted colon in a description is read as it stands, with a warning at the place", () => {
  const text = "---\nname: reviewer\ndescription: Use this. Examples: user: 'it's \"x\"' # 1\nmodel: opus\n---\nBody";
  const { data, warnings, locate } = read(text);
  expect(data).toEqual({ name: "reviewer", description: "Use this. Examples: user: 'it's \"x\"' # 1", model: "opus" });
  expect(warnings).toMatchObject([{ severity: "warning", code: "FRONT_MATTER_REPAIRED", line: 3, column: 14 }]);
  expect(locate(["description"])).toMatchObject({ line: 3, column: 14 });
  expect(locate(["model"])).toMatchObject({ line: 4, column: 8 });
});

test("a description that continues over indented lines is repaired as one text", () => {
  const { data } = read("---\nname: a\ndescription: Use it when: x\n  and then: y\ncolor: red\n---\n");
  expect(data).toEqual({ name: "a", description: "Use it when: x and then: y", color: "red" });
});

test("indented front matter is read, evenly indented or not", () => {
  expect(read("  ---\n  name: a\n  tools: x, y\n  ---\nB").data).toEqual({ name: "a", tools: "x, y" });
  const uneven = read("---\n   name: a\ndescription: b: c\n---\nB");
  expect(uneven.data).toEqual({ name: "a", description: "b: c" });
  expect(uneven.locate(["name"])).toMatchObject({ line: 2, column: 10 });
});

test("front matter that is missing, unclosed or beyond repair is refused with its own complaint", () => {
  expect(parseFrontMatter("# Title\n", "x.md").problems[0]?.message).toBe("the file does not begin with front matter");
  expect(parseFrontMatter("", "x.md").type).toBe("malformed");
  expect(parseFrontMatter("---\nname: a\n", "x.md").problems[0]?.message).toBe("the front matter is not closed");
  expect(parseFrontMatter("---\na: 1\na: 2\n---\n", "x.md").problems[0]?.message).toBe(
    "this key is already defined on line 2",
  );
});

test.each(["tools: [calculator", "tools: [a,\nb: c", "parameters: { a: [1, 2]", "x: ["])(
  "a flow collection that is not closed is an error, and is not read as text: %s",
  (field) => {
    const results = [
      parseFrontMatter(`---\nname: a\n${field}\n---\nBody`, "x.md"),
      parseFields(`name: a\n${field}\nversion: 1.0.0\n`, "x.yaml"),
    ];
    for (const { type, problems } of results) {
      expect([type, problems[0]]).toMatchObject(["malformed", { severity: "error", code: "SYNTAX" }]);
      expect(problems[0]?.fix).toMatch(/Close what was opened|close every bracket/);
    }
  },
);

test("text that begins with a closed bracket is read as it stands", () => {
  expect(read("---\nname: a\ndescription: [draft] writes: text\n---\nB").data["description"]).toBe(
    "[draft] writes: text",
  );
});

const line = fc
  .string({
    unit: fc.constantFrom(
      "a",
      "b",
      " ",
      ":",
      "'",
      '"',
      "#",
      "-",
      "[",
      "{",
      "&",
      "*",
      "|",
      ">",
      "%",
      "@",
      "!",
      "?",
      ",",
    ),
    minLength: 1,
    maxLength: 24,
  })
  .map((text) => `x${text}`.trim());

test("any one-line description is read as it stands or as YAML reads it", () => {
  fc.assert(
    fc.property(line, (description) => {
      const result = parseFrontMatter(`---\nname: a\ndescription: ${description}\ntools: t\n---\nBody`, "x.md");
      if (result.type === "malformed") throw new Error(JSON.stringify(result.problems));
      expect(result.document.data["tools"]).toBe("t");
      const repaired = result.problems.length > 0;
      expect(repaired ? result.document.data["description"] : description).toBe(description);
    }),
    { numRuns: 500 },
  );
});
