import { expect, test } from "vitest";
import { expressionIn } from "./expression.ts";

test.each([
  ["What is 12% of 80?", "12/100*80"],
  ["Calculate 3 plus 4 times 2", "3+4*2"],
  ["What is (1,200 - 300) / 2?", "(1200 - 300) / 2"],
  ["the square root of 16", "sqrt(16)"],
  ["2 to the power of 10", "2^10"],
  ["5 squared", "5^2"],
  ["How many days from 2024-01-01 to 2024-03-01", undefined],
  ["top 5 cities", undefined],
  ["Hello - how are you?", undefined],
])("%s is %s", (text, expected) => {
  expect(expressionIn(text)).toBe(expected);
});
