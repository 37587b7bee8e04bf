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
