import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseFrontMatter } from "./front-matter.ts";
import { parseToml } from "./toml.ts";
import { writeFrontMatter, writeToml } from "./write.ts";

test("text of several lines is written as it reads", () => {
  expect(writeToml({ model: { name: "x" }, name: "a", prompt: "one\ntwo\n", tags: ["a", "b"] })).toBe(
    'name = "a"\nprompt = \'\'\'\none\ntwo\n\'\'\'\ntags = [ "a", "b" ]\n\n[model]\nname = "x"\n',
  );
  expect(writeToml({ prompt: 'a \'\'\' b\n""" \\ "' })).toBe('prompt = """\na \'\'\' b\n""\\" \\\\ \\""""\n');
});

test("blank lines at the end of the last text are kept", () => {
  const parsed = parseFrontMatter(writeFrontMatter({ a: "x\n\n" }, "Body"), "x.md");
  expect(parsed.type === "parsed" ? parsed.document.data : parsed.problems).toEqual({ a: "x\n\n" });
});

const text = fc.oneof(
  fc.string({
    unit: fc.constantFrom("a", "\n", "'", '"', "\\", " ", "-", "#", ":", "{", "\t", "\u0001", "é"),
    maxLength: 30,
  }),
  fc.string({ unit: "binary", maxLength: 20 }).map((value) => value.replaceAll("\r", "")),
);
const key = fc.stringMatching(/^[a-z][a-z_-]{0,6}$/);
const scalar = fc.oneof(
  text,
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
  fc.boolean(),
);
const value = fc.oneof(
  scalar,
  fc.array(text, { maxLength: 3 }),
  fc.dictionary(key, scalar, { noNullPrototype: true, maxKeys: 3 }),
);
const data = fc.dictionary(key, value, { noNullPrototype: true, maxKeys: 6 });

test("what is written as TOML reads back the same", () => {
  fc.assert(
    fc.property(data, (written) => {
      const parsed = parseToml(writeToml(written), "x.toml");
      expect(parsed.type === "parsed" ? parsed.document.data : parsed.problems).toEqual(written);
    }),
    { numRuns: 150 },
  );
});

test("what is written as front matter reads back the same", () => {
  fc.assert(
    fc.property(data, (written) => {
      const parsed = parseFrontMatter(writeFrontMatter(written, "Body\n---\nmore"), "x.md");
      expect(parsed.type === "parsed" ? parsed.document.data : parsed.problems).toEqual(written);
      expect(parsed.type === "parsed" ? parsed.document.body : "").toBe("\nBody\n---\nmore\n");
    }),
    { numRuns: 150 },
  );
});
