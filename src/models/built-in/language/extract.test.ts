import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { extract } from "./extract.ts";

const files = (text: string) => extract(text).files.map((span) => span.text);

test.each([
  ["Describe data/a.csv, please.", ["data/a.csv"]],
  ["Compare a.csv with b.TSV.", ["a.csv", "b.TSV"]],
  ['Open "my data/big file.csv" now', ["my data/big file.csv"]],
  ["`notes.md`?", ["notes.md"]],
  ["See ./x/../y.json and ~/z.txt", ["./x/../y.json", "~/z.txt"]],
  ["E.g. version 1.5 costs 2.50, i.e. more, at example.com", []],
  ["https://example.com/a.csv", []],
])("the files in %s are %j", (text, expected) => {
  expect(files(text)).toEqual(expected);
});

test("attached files are known by their whole paths", () => {
  const text =
    "Which is it?\n\nAttached files:\n- uploads/a b.csv (text/csv, 12 KB)\n- uploads/c.json (application/json, 3 B)\n";
  expect(extract(text).attached).toEqual(["uploads/a b.csv", "uploads/c.json"]);
  expect(extract(text).rest).not.toContain("Attached");
});

describe("a table in the text", () => {
  test.each([
    ["a,b\n1,2", "a,b\n1,2"],
    ["Which is most?\n\nname;price\nx;1,5\ny;2\n\nThanks", "name;price\nx;1,5\ny;2"],
    ["```csv\na\tb\n1\t2\n```", "a\tb\n1\t2"],
  ])("of %j is %j", (text, expected) => {
    expect(extract(text).csv?.trim()).toBe(expected);
  });

  test.each(["First, look at it.\nThen, draw it.", "one line, no table", "Hello,\nworld", "```\njust code\n```"])(
    "is not seen in %j",
    (text) => {
      expect(extract(text).csv).toBeUndefined();
    },
  );
});

test("what is lifted out leaves every other character where it was", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme" }),
      fc.constantFrom("a.csv", "https://x.example/y", "x,y\n1,2", '"q"'),
      (text, part) => {
        const whole = `${text}\n${part}\n${text}`;
        const { rest } = extract(whole);
        expect(rest).toHaveLength(whole.length);
        const kept = Array.from(rest.split(""), (character, at) => (character === "\u0000" ? whole[at] : character));
        expect(kept.join("")).toBe(whole);
      },
    ),
  );
});

test("a table of many lines and a text of many words are read in a moment", () => {
  const lines = Array.from({ length: 60_000 }, (_, at) => `row ${at},${at},x`);
  const text = `Which is the largest?\n\nname,size,kind\n${lines.join("\n")}\n\nThanks, and see b.csv`;
  const { csv, files: found } = extract(text);
  expect(csv?.split("\n")).toHaveLength(60_001);
  expect(found.map((span) => span.text)).toEqual(["b.csv"]);
  const words = "write a, b to x/ - (".repeat(100_000);
  expect(extract(`${words}\nDescribe c.csv`).files.at(-1)?.text).toBe("c.csv");
}, 5_000);
