import * as fc from "fast-check";
import { expect, test } from "vitest";
import { B, COMMON_WORDS, K1 } from "./bm25.ts";
import { KeywordIndex } from "./keyword-index.ts";

type Text = { readonly row: number; readonly scope: string; readonly words: readonly string[] };

/** BM25 as the books have it, over the texts of some scopes; words are compared as they are. */
function plainScores(texts: readonly Text[], scopes: readonly string[], query: readonly string[]) {
  const seen = texts.filter(({ scope }) => scopes.includes(scope));
  const meanLength = Math.max(1, seen.reduce((sum, { words }) => sum + words.length, 0) / seen.length);
  const weight = (word: string) => {
    const having = seen.filter(({ words }) => words.includes(word)).length + (COMMON_WORDS.has(word) ? 30 : 0);
    return Math.log(1 + (seen.length + 50 - having + 0.5) / (having + 0.5));
  };
  const distinct = [...new Set(query)];
  const most = distinct.reduce((sum, word) => sum + weight(word), 0) * (K1 + 1);
  return seen
    .map(({ row, words }) => {
      const parts = distinct.map((word) => {
        const count = words.filter((other) => other === word).length;
        return (weight(word) * count * (K1 + 1)) / (count + K1 * (1 - B + (B * words.length) / meanLength));
      });
      return { row, score: parts.reduce((sum, part) => sum + part, 0) / most };
    })
    .filter(({ score }) => score > 0)
    .toSorted((one, other) => other.score - one.score || one.row - other.row);
}

// Words that the stemmer leaves alone, some of them common.
const WORDS = [
  "kazoo",
  "plinth",
  "the",
  "and",
  "onyx",
  "fjord",
  "gnu",
  "lynx",
  "of",
  "quartz",
  "sphinx",
  "vow",
] as const;
const word = fc.integer({ min: 0, max: 143 }).map((chance) => WORDS[Math.floor(Math.sqrt(chance))] ?? "vow");
const scope = fc.constantFrom("a", "b", "c");
const change = fc.oneof(
  { weight: 5, arbitrary: fc.record({ row: fc.nat(40), scope, words: fc.array(word, { maxLength: 30 }) }) },
  { weight: 1, arbitrary: fc.record({ gone: fc.nat(40) }) },
);

test("scores are those of a plain BM25, however rows came, changed, moved and went", () => {
  fc.assert(
    fc.property(
      fc.array(change, { maxLength: 120 }),
      fc.array(word, { minLength: 1, maxLength: 8 }),
      fc.uniqueArray(scope, { minLength: 1 }),
      (changes, query, scopes) => {
        const index = new KeywordIndex();
        const texts = new Map<number, Text>();
        for (const [at, next] of changes.entries()) {
          if ("gone" in next) {
            if (index.remove(next.gone) !== texts.delete(next.gone)) return false;
            continue;
          }
          index.put(next.row, next.scope, next.words.join(" "));
          texts.set(next.row, next);
          if (at % 50 === 49) index.compact();
        }
        expect(index.size).toBe(texts.size);
        const before = index.search(query.join(" "), { scopes, limit: 100 });
        index.compact();
        const found = index.search(query.join(" "), { scopes, limit: 100 });
        const plain = plainScores([...texts.values()], scopes, query);
        expect(new Set(before.map(({ row }) => row))).toEqual(new Set(plain.map(({ row }) => row)));
        expect(new Set(found.map(({ row }) => row))).toEqual(new Set(plain.map(({ row }) => row)));
        for (const [at, { score }] of found.entries()) expect(score).toBeCloseTo(plain[at]?.score ?? -1, 5);
        const scores = index.scoresOf(query.join(" "), [...plain.map(({ row }) => row), 99], { scopes });
        for (const [at, { score }] of plain.entries()) expect(scores[at]).toBeCloseTo(score, 5);
        expect(scores.at(-1)).toBe(0);
        return true;
      },
    ),
  );
});
