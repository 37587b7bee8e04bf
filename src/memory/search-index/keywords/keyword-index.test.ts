import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { B, STOP_WORDS, K1 } from "./bm25.ts";
import { KeywordIndex } from "./keyword-index.ts";

// verifies("memory.bm25")

type Text = { readonly row: number; readonly scope: string; readonly words: readonly string[] };

/**
 * Textbook BM25 over the texts of some scopes, without stemming. Texts that match only stop words, or words of more than half of the
 * texts, are left out, unless the query has no other words.
 */
function plainScores(texts: readonly Text[], scopes: readonly string[], query: readonly string[]) {
  const seen = texts.filter(({ scope }) => scopes.includes(scope));
  const meanLength = Math.max(1, seen.reduce((sum, { words }) => sum + words.length, 0) / seen.length);
  const textsWith = (word: string) => seen.filter(({ words }) => words.includes(word)).length;
  const weight = (word: string) => {
    const having = textsWith(word) + (STOP_WORDS.has(word) ? 30 : 0);
    return Math.log(1 + (seen.length + 50 - having + 0.5) / (having + 0.5));
  };
  const distinct = [...new Set(query)];
  const rare = distinct.filter((word) => !STOP_WORDS.has(word) && textsWith(word) <= (seen.length + 10) / 2);
  const discriminative = rare.length > 0 ? rare : distinct;
  const most = distinct.reduce((sum, word) => sum + weight(word), 0) * (K1 + 1);
  return seen
    .filter(({ words }) => discriminative.some((word) => words.includes(word)))
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

// Words that the stemmer does not change, some of them stop words.
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

test("of many texts that have a word those with the best scores are found, however long they are", () => {
  const index = new KeywordIndex();
  const chance = numbersFrom(1);
  const rows = Array.from({ length: 6_000 }, (_none, row) => row);
  for (const row of rows) {
    const words = Array.from({ length: 1 + chance(30) }, () => WORDS[Math.min(chance(12), chance(12), chance(12))]);
    index.put(row, "a", words.join(" "));
  }
  for (const when of ["as they came", "in order"]) {
    for (const query of ["kazoo plinth", "vow sphinx onyx and", "the gnu of quartz", WORDS.join(" ")]) {
      const found = index.search(query, { scopes: ["a"], limit: 20 });
      const best = [...index.scoresOf(query, rows).entries()].toSorted(
        ([one, its], [other, others]) => others - its || one - other,
      );
      expect(
        found.map(({ row }) => row),
        `${query}, ${when}`,
      ).toEqual(best.slice(0, 20).map(([row]) => row));
    }
    index.compact();
  }
});

/** Pseudo-random numbers from a seed. */
const numbersFrom = (seed: number) => {
  let state = seed;
  return (count: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 8) % count;
  };
};

const unreadable = () => {
  throw new Error("the file cannot be read");
};

describe("of texts for several windows", () => {
  const chance = numbersFrom(7);
  const index = new KeywordIndex();
  const scopeOf: (string | undefined)[] = [];
  const put = (row: number, where: string) => {
    scopeOf[row] = where;
    const words = Array.from({ length: 1 + chance(8) }, () => WORDS[Math.min(chance(12), chance(12), chance(12))]);
    index.put(row, where, words.join(" "));
  };
  const SCOPES = Array.from({ length: 120 }, (_none, at) => `s${at}`);
  for (let row = 0; row < 20_000; row += 1) put(row, chance(9) === 0 ? `s${chance(120)}` : "s0");
  index.compact();
  for (let gone = 0; gone < 1_000; gone += 1) {
    const row = chance(20_000);
    index.remove(row);
    scopeOf[row] = undefined;
  }
  for (let again = 0; again < 500; again += 1) put(chance(20_000), "s0");

  test.each([
    ["one scope", ["s0"]],
    ["some scopes", SCOPES.slice(0, 9)],
    ["scopes that are not neighbours", SCOPES.filter((_scope, at) => at % 2 === 0)],
    ["all", SCOPES],
  ])("the best are those of a full scan: %s", (_which, scopes) => {
    const seen = new Set<string | undefined>(scopes);
    const rows = [...scopeOf.keys()].filter((row) => seen.has(scopeOf[row]));
    for (const query of ["kazoo plinth", WORDS.join(" ")]) {
      const scores = index.scoresOf(query, rows, { scopes });
      const all = rows.map((row, at) => ({ row, score: scores[at] ?? 0 })).filter(({ score }) => score > 0);
      const best = all.toSorted((one, other) => other.score - one.score || one.row - other.row);
      for (const keep of [undefined, (row: number) => row % 5 > 0]) {
        const found = index.search(query, { scopes, limit: 40, keep }).map(({ row, score }) => ({ row, score }));
        expect(found).toEqual(best.filter(({ row }) => keep?.(row) ?? true).slice(0, 40));
      }
    }
  });

  test("a filter that throws does not affect later searches", () => {
    const search = { scopes: SCOPES, limit: 40 };
    const before = index.search("kazoo plinth", search);
    expect(() => index.search("kazoo plinth", { ...search, keep: unreadable })).toThrow("cannot be read");
    expect(index.search("kazoo plinth", search)).toEqual(before);
  });
});

// search-index.segments.G1
test("scores equal those of a plain BM25 after any insertions, changes, moves and deletions", () => {
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
        const singly = index.scoresOf(query.join(" "), [...plain.map(({ row }) => row), 99], { scopes });
        for (const [at, { score }] of plain.entries()) expect(singly[at]).toBeCloseTo(score, 5);
        expect(singly.at(-1)).toBe(0);
        return true;
      },
    ),
  );
});

const scores = (hits: readonly { readonly score: number }[]) => hits.map(({ score }) => score.toFixed(4));

/** A text of random words, in which early words are frequent. */
function textOf(number: number, length: number): string {
  let state = Math.imul(number + 1, 0x9e37_79b9);
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return `w${Math.floor(2_000 ** ((state >>> 8) / 2 ** 24)).toString(36)}x`;
  }).join(" ");
}

// search-index.segments.G2, search-index.segments.G3
test("thousands of texts in many segments are found as in one segment, while merges are running", () => {
  const [inPieces, inOne] = [new KeywordIndex(), new KeywordIndex()];
  for (let row = 0; row < 4_500; row += 1) inPieces.put(row % 4_000, `s${row % 5}`, textOf(row, 20));
  for (let row = 4_499; row >= 500; row -= 1) inOne.put(row % 4_000, `s${row % 5}`, textOf(row, 20));
  for (let row = 0; row < 4_000; row += 9) {
    inPieces.remove(row);
    inOne.remove(row);
  }
  inPieces.compact();
  inOne.compact();
  expect(inPieces.size).toBe(inOne.size);
  for (let row = 20_000; row < 20_900; row += 1) {
    inPieces.put(row, `s${row % 5}`, textOf(row, 20));
    inOne.put(row, `s${row % 5}`, textOf(row, 20));
  }
  inOne.compact();
  for (let asked = 0; asked < 14; asked += 1) {
    const query = textOf(asked * 31, 1 + (asked % 14));
    for (const scopes of [["s1"], ["s0", "s3", "s4"], ["s0", "s1", "s2", "s3", "s4"]]) {
      const one = inOne.search(query, { scopes, limit: 7 });
      const all = inOne.search(query, { scopes, limit: 10_000 });
      const pieces = inPieces.search(query, { scopes, limit: 7 });
      // Parts skipped in long queries cannot be among the best.
      expect(scores(one)).toEqual(scores(all.slice(0, 7)));
      expect(scores(pieces)).toEqual(scores(one));
      const kept = inOne.search(query, { scopes, limit: 7, keep: (row) => row % 10 === 1 });
      expect(scores(kept)).toEqual(scores(all.filter(({ row }) => row % 10 === 1).slice(0, 7)));
    }
  }
});

test("words are found in other forms, in identifiers, without accents, in scripts without spaces", () => {
  const index = new KeywordIndex();
  const texts = [
    "The policies were cached while processes retried",
    "getUserName calls user_id from HTTPServer E1042",
    "Café in Ångström, l'été",
    "東京都に住む人々",
    "Привет, мир! Ελλάδα हिन्दी 한국어를",
    "don't stop the user's database",
  ];
  for (const [row, text] of texts.entries()) index.put(row, "a", text);
  const found = (text: string) => index.search(text, { scopes: ["a"], limit: 9 }).map(({ row }) => row);
  for (const [query, row] of [
    ["policy", 0],
    ["caching retries", 0],
    ["processing", 0],
    ["user name", 1],
    ["getusername", 1],
    ["get_user_name", 1],
    ["http", 1],
    ["e1042", 1],
    ["1042", 1],
    ["cafe", 2],
    ["ETE", 2],
    ["angstrom", 2],
    ["東京", 3],
    ["привет", 4],
    ["ΕΛΛΑΔΑ", 4],
    ["한국어", 4],
    ["databases", 5],
  ] as const)
    expect([query, found(query)[0]]).toEqual([query, row]);
  expect(found("user")).toEqual(expect.arrayContaining([1, 5]));
  const [hit] = index.search("Which HTTPServer is cached?", { scopes: ["a"], limit: 1 });
  expect(hit?.matched.toSorted()).toEqual(["http", "httpserver", "server"]);
});

test("a scope of three rows knows rare words from common ones, and learns nothing of other scopes", () => {
  const index = new KeywordIndex();
  index.put(1, "mine", "the cat of the house");
  index.put(2, "mine", "the and of for the");
  index.put(3, "mine", "a dog");
  const ask = () => index.search("the cat of zanzibar", { scopes: ["mine"], limit: 3 });
  const before = ask();
  expect(before[0]?.row).toBe(1);
  for (let row = 10; row < 3_000; row += 1) index.put(row, "theirs", "cat zanzibar");
  index.compact();
  expect(ask()).toEqual(before);
});

test("odd texts and queries are bounded: empty, huge, one word a million times, no words at all", () => {
  const index = new KeywordIndex();
  index.put(1, "a", "");
  index.put(2, "a", "again ".repeat(1_000_000));
  index.put(3, "a", "x".repeat(3_000_000));
  index.put(4, "a", "😀 !!! \ud800 \u0000 ...");
  index.put(5, "a", "aB3".repeat(200_000));
  expect(index.size).toBe(5);
  expect(index.bytes).toBeLessThan(4_000_000);
  const all = { scopes: ["a"], limit: 10 };
  expect(index.search("again", all).map(({ row }) => row)).toEqual([2]);
  expect(index.search("", all)).toEqual([]);
  expect(index.search("  ?! ", all)).toEqual([]);
  expect(index.search("again", { scopes: [], limit: 10 })).toEqual([]);
  expect(index.search("again", { scopes: ["a"], limit: 0 })).toEqual([]);
  expect(index.search("zebra ".concat(textOf(1, 5_000)), all).length).toBeLessThan(6);
  expect(index.search("again ".repeat(100_000), all).length).toBe(1);
  expect([...index.scoresOf("again", [])]).toEqual([]);
  for (const row of [1, 2, 3, 4, 5]) expect(index.remove(row)).toBe(true);
  expect(index.search("again", all)).toEqual([]);
});

test("thousands of scopes of a few rows take little memory, and searches of many scopes find all", () => {
  const index = new KeywordIndex();
  for (let row = 0; row < 15_000; row += 1) index.put(row, `s${row % 5_000}`, `note ${row} of kazoo`);
  index.compact();
  expect(index.bytes / 15_000).toBeLessThan(400);
  const scopes = Array.from({ length: 2_500 }, (_none, at) => `s${at * 2}`);
  const found = index.search("kazoo", { scopes, limit: 10_000 });
  expect(found.length).toBe(7_500);
  expect(found.every(({ row }) => (row % 5_000) % 2 === 0)).toBe(true);
  expect(index.search("kazoo", { scopes: ["s77"], limit: 10 }).length).toBe(3);
});

test("an identifier of single letters that no text has scores nothing", () => {
  const index = new KeywordIndex();
  index.put(1, "a", "kazoo plinth");
  expect(index.search("x_y", { scopes: ["a"], limit: 5 })).toEqual([]);
  expect([...index.scoresOf("x_y", [1, 2], { scopes: ["a"] })]).toEqual([0, 0]);
});
