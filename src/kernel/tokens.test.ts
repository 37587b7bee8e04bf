import { expect, test } from "vitest";
import { estimateTokens } from "./tokens.ts";

test("English text takes a quarter of its letters, rounded up", () => {
  expect(estimateTokens("")).toBe(0);
  expect(estimateTokens("abcde")).toBe(2);
  expect(estimateTokens("a".repeat(400))).toBe(100);
});

test("a script that tokenisers know less of takes more than a token a letter", () => {
  expect(estimateTokens("统计数据")).toBe(5);
  expect(estimateTokens("naïve")).toBe(2);
});
