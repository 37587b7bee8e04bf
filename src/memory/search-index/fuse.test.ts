import { expect, test } from "vitest";
import { fuse } from "./fuse.ts";

// verifies("memory.hybrid", "memory.similarity")

const HOUR_MS = 3_600_000;
const recencyOf = (ageMs: number) => fuse([{ row: 1, similarity: 1, ageMs }], { limit: 1 })[0]?.parts.recency ?? 0;

test("a score is the cosine, a share of the keywords and of relations, and more for what is new; each part is returned", () => {
  const [newer, nearer] = fuse(
    [
      { row: 1, similarity: 0.5, keyword: 0.5, graph: 1, ageMs: 24 * HOUR_MS },
      { row: 2, similarity: 0.8 },
    ],
    { limit: 10 },
  );
  expect(newer?.parts).toEqual({ similarity: 0.5, keyword: 0.15, graph: 0.1, recency: 1.1 });
  expect(newer?.score).toBeCloseTo(0.75 * 1.1, 10);
  expect(nearer).toEqual({
    row: 2,
    score: 0.8,
    similarity: 0.8,
    parts: { similarity: 0.8, keyword: 0, graph: 0, recency: 1 },
  });
});

test("what was changed just now gains a fifth, and after some days nothing", () => {
  expect(recencyOf(0)).toBe(1.2);
  expect(recencyOf(-5)).toBe(1.2);
  expect(recencyOf(24 * HOUR_MS)).toBeCloseTo(1.1, 10);
  expect(recencyOf(240 * HOUR_MS)).toBeLessThan(1.001);
  const [newer] = fuse(
    [
      { row: 1, similarity: -0.5 },
      { row: 2, similarity: -0.5, ageMs: 0 },
    ],
    { limit: 2 },
  );
  expect(newer?.row).toBe(2);
});

test("the threshold is a cosine, to which what has words of the question or is related is not held; equal scores are in the order of rows", () => {
  const hits = [
    { row: 9, similarity: 0.6 },
    { row: 3, similarity: 0.6 },
    { row: 4, similarity: 0.59, keyword: 1 },
    { row: 5, keyword: 0.4 },
    { row: 6, similarity: 0.59 },
    { row: 7, similarity: 0.1, graph: 1 },
    { row: 8 },
  ];
  expect(fuse(hits, { limit: 10, similarityMin: 0.6 }).map(({ row }) => row)).toEqual([4, 3, 9, 7, 5]);
  expect(fuse(hits, { limit: 2, keywordWeight: 0 }).map(({ row }) => row)).toEqual([3, 9]);
  expect(fuse(hits, { limit: 0 })).toEqual([]);
});
