import { expect, test } from "vitest";
import { cutAtWords } from "./matched-words.ts";

test("words are marked where a word begins with them, whatever their case, and nothing of the text is lost", () => {
  const pieces = cutAtWords("Tea, steak and TEAPOTS (C++)", ["tea", "c++"]);
  expect(pieces.filter(({ isMatch }) => isMatch).map(({ text }) => text)).toEqual(["Tea", "TEA", "C++"]);
  expect(pieces.map(({ text }) => text).join("")).toBe("Tea, steak and TEAPOTS (C++)");
  const short = cutAtWords("An ant, a", ["a"]).filter(({ isMatch }) => isMatch);
  expect(cutAtWords("an automobile to go", ["to"])).toEqual([
    { text: "an automobile ", isMatch: false },
    { text: "to", isMatch: true },
    { text: " go", isMatch: false },
  ]);
  expect(short, "a word of a letter or two is no beginning of others").toHaveLength(1);
});

const matches = (text: string, ...words: string[]) =>
  cutAtWords(text, words).flatMap(({ text: piece, isMatch }) => (isMatch ? [piece] : []));

test("words stand where searches found them: whatever their accents, and within scripts that are written without spaces", () => {
  expect(matches("Müller trinkt im Café", "muller", "cafe")).toEqual(["Müller", "Café"]);
  expect(matches("深圳的办公室很大", "办公", "公室")).toEqual(["办公室"]);
  expect(matches("나는 서울에서 산다", "서울")).toEqual(["서울"]);
  expect(matches("办了公事", "办公", "公室"), "a pair is no pair of two that stand apart").toEqual([]);
});
