import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import { parseFields, parseFrontMatter, parseToml, parseYaml } from "./index.ts";

// As every reader of files decodes them: what is not UTF-8 becomes U+FFFD.
const latin1 = (text: string): string => Buffer.from(text, "latin1").toString("utf8");

test.each([
  ["TOML", parseToml, 'a = 1\nname = "Gr\u00fc\u00dfe"\n', "2:11"],
  ["YAML", parseYaml, "a: 1\nname: Gr\u00fc\u00dfe\n", "2:9"],
  ["fields of YAML", parseFields, "a: 1\nname: Gr\u00fc\u00dfe\n", "2:9"],
  ["front matter", parseFrontMatter, "---\nname: Gr\u00fc\u00dfe\n---\nText.\n", "2:9"],
  ["text after front matter", parseFrontMatter, "---\nname: a\n---\nGr\u00fc\u00dfe.\n", "4:3"],
])("%s that is not UTF-8 is refused, with the place", (_, parse, text, place) => {
  expect(parse(text, "x").type).toBe("parsed");
  const { type, problems } = parse(latin1(text), "x");
  expect(type).toBe("malformed");
  expect(problems.map(({ line, column, message, fix }) => `${line}:${column} ${message} ${fix}`)).toEqual([
    `${place} this is not valid UTF-8, or the replacement character U+FFFD Save the file as UTF-8.`,
  ]);
});
