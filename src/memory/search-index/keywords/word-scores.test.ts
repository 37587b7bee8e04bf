import { expect, test } from "vitest";
import { KeywordIndex } from "./keyword-index.ts";
import { type QueriedWord, wordFactor, queriedWords, wordsOf, wordWeights } from "./word-scores.ts";

const TEXTS = [
  "Ada (person)\ndrives a red car to the harbour, and the car is old",
  "Bo (person)\nsails from the harbours",
  "getUserName (function)\nreads user_name of E1042",
  "東京 (city)\n東京タワー",
];
const QUESTIONS = [
  "the red cars",
  "harbour",
  "getUserName and the harbour",
  "userName",
  "zanzibar knows",
  "東京",
  "what",
];

/** The score of each text, put together from the parts. */
function scoresOf(question: string): readonly number[] {
  const [texts, asked] = [TEXTS.map(wordsOf), queriedWords(question)];
  const having = ({ stem }: QueriedWord) => texts.filter(({ counts }) => counts.has(stem)).length;
  const { weights, discriminative, scoreMax } = wordWeights(asked, {
    texts: texts.length,
    frequencies: asked.map(having),
  });
  const mean = texts.reduce((sum, { length }) => sum + length, 0) / texts.length;
  return texts.map(({ counts, length }) => {
    if (!asked.some(({ stem }, index) => discriminative[index] === true && counts.has(stem))) return 0;
    const parts = asked.map(
      ({ stem }, index) => (weights[index] ?? 0) * wordFactor(counts.get(stem) ?? 0, length, mean),
    );
    return parts.reduce((sum, part) => sum + part, 0) / scoreMax;
  });
}

test.each(QUESTIONS)("words kept elsewhere score as in the index: %s", (question) => {
  const index = new KeywordIndex();
  for (const [row, text] of TEXTS.entries()) index.put(row, "all", text);
  const expected = [...index.scoresOf(question, [0, 1, 2, 3], { scopes: ["all"] })];
  for (const [row, score] of scoresOf(question).entries()) expect(score).toBeCloseTo(expected[row] ?? Number.NaN, 5);
});

test("words are returned as they were written", () => {
  expect(queriedWords("Cars carS Über").map(({ stem, written }) => [stem, written])).toEqual([
    ["car", "cars"],
    ["uber", "uber"],
  ]);
});
