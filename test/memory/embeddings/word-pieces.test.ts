import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as z from "zod";
import { WordPieces } from "../../../src/memory/embeddings/word-pieces.ts";

const root = join(import.meta.dirname, "../../..");
const lines = readFileSync(join(root, "models/static-minilm/vocabulary.txt"), "utf8").trimEnd().split("\n");
const pieces = new WordPieces(new Map(lines.map((piece, id) => [piece, id])), 30_522);
const reference = readFileSync(join(root, "tools/distil/reference/tokens.jsonl"), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => z.tuple([z.string(), z.array(z.int())]).parse(JSON.parse(line)));

test("texts have the tokens that the reference tokenizer gives them, odd ones too", () => {
  expect(reference.length).toBeGreaterThan(1_200);
  for (const [text, ids] of reference) expect(pieces.encode(text, 254), JSON.stringify(text)).toEqual(ids);
});

test("words that stand for special tokens are only words", () => {
  expect(pieces.encode("[CLS]", 10)).toEqual([1031, 18856, 2015, 1033]);
});

test("a text is cut at the number of tokens asked for", () => {
  expect(pieces.encode("one two three four", 2)).toEqual(pieces.encode("one two", 10));
  expect(pieces.encode("unbelievablyoverlongcompound", 2)).toHaveLength(2);
});

test.each([
  ["control characters", "\u0001a".repeat(100_000)],
  ["one endless word", "a".repeat(200_000)],
  ["accents", "e\u0301".repeat(100_000)],
  ["punctuation", "?!".repeat(100_000)],
])("%s without end are read in one pass", (_, text) => {
  expect(pieces.encode(text, 254).length).toBeLessThanOrEqual(254);
});
