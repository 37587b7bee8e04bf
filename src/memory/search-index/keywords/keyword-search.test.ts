import { expect, test } from "vitest";
import { weightWords } from "./keyword-search.ts";
import { COUNT_BITS } from "./segment.ts";

const TEXTS = 100;
const HAVING = 70;

/** What is known of a word that seventy of a hundred texts have, the first of which are gone, and how often it was asked whether a text is still there. */
function asked(gone: number) {
  let looks = 0;
  const postings = Int32Array.from({ length: HAVING }, (_none, text) => text << COUNT_BITS);
  const part = {
    texts: Int32Array.from({ length: TEXTS }, (_none, text) => text),
    seen: TEXTS,
    lengths: new Uint8Array(TEXTS),
    pieces: () => [{ postings, low: 0, high: HAVING }],
    shortest: undefined,
    countCodes: () => undefined,
  };
  const isAlive = (text: number) => {
    looks += 1;
    return text >= gone;
  };
  const seen = { parts: [part], texts: TEXTS - gone, meanLength: 1 };
  const scene = { ...seen, isAlive, rowOf: (text: number) => text, placeOf: () => undefined };
  const [word] = weightWords([{ term: 0, written: "most", isCommon: false, isWhole: false }], scene);
  return { frequency: word?.frequency, looks };
}

test("texts with a word that most have are not counted while it does not matter which of them are gone", () => {
  expect(asked(0)).toEqual({ frequency: HAVING, looks: 0 });
  expect(asked(10)).toEqual({ frequency: HAVING, looks: 0 });
  expect(asked(40)).toEqual({ frequency: HAVING, looks: HAVING });
});
