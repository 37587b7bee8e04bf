import { join } from "node:path";
import { expect, test } from "vitest";
import { ModelFileInvalidError } from "../../../src/memory/embeddings/errors.ts";
import { kernel } from "../../../src/memory/embeddings/load-model.ts";
import { StaticTable } from "../../../src/memory/embeddings/static-table.ts";
import { tableOf } from "./small-table.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("memory.offline");

const KERNELS = join(import.meta.dirname, "../../../engines/built");
const LINES = ["[UNK]", "cat", "dog", "play", "##ing", "playing"];
const file = tableOf([
  [0, 0, 0, 1],
  [1, 0, 0, 0],
  [0, 1, 0, 0],
  [0, 0, 1, 0],
  [0, 0, 0.5, 0.5],
  [0.6, 0.8, 0, 0],
]);
const tableFrom = (bytes: Uint8Array, lines: readonly string[] = LINES): StaticTable =>
  new StaticTable({ bytes, name: "t" }, { lines, pieces: 5 }, kernel(KERNELS));
const table = tableFrom(file);
const vector = (text: string, max = 100): number[] =>
  [...table.embed([text], max)].slice(0, 4).map((value) => Math.round(value * 100) / 100);

test("a text is the sum of its words, of length 1", () => {
  expect(vector(" Cat\t")).toEqual(vector("cat"));
  expect(vector("cat dog")).toEqual([0.71, 0.71, 0, 0]);
  expect(vector("cat cat dog").map((value) => value > 0)).toEqual([true, true, false, false]);
});

test("a word that the table has is taken whole, another by its pieces", () => {
  expect(vector("playing")).toEqual([0.6, 0.8, 0, 0]);
  expect(vector("plays")).not.toEqual(vector("play"));
  expect(vector("playinging").slice(0, 2)).toEqual([0, 0]);
});

test("unknown words are distinguished from one another", () => {
  const [one, again, other] = ["zzz", "zzz", "yyy"].map((text) => table.embed([text], 10));
  expect(one).toEqual(again);
  expect(one).not.toEqual(other);
  expect(Math.hypot(...(one ?? []))).toBeCloseTo(1, 5);
});

test("texts without a word are all alike, and have length 1 too", () => {
  expect(vector("")).toEqual([1, 0, 0, 0]);
  expect(vector(" \n\t ")).toEqual(vector(""));
});

test("of a text only the first words count", () => {
  expect(vector("cat dog dog dog", 1)).toEqual(vector("cat"));
});

test("a file that is not a table of these words is refused", () => {
  expect(() => tableFrom(file, LINES.slice(1))).toThrow(ModelFileInvalidError);
  expect(() => tableFrom(file.subarray(1))).toThrow("t is not a table of 6 words");
  expect(() => tableFrom(Buffer.alloc(0))).toThrow(ModelFileInvalidError);
});
