import { expect, test } from "vitest";
import { queriedWords } from "../../search-index/index.ts";
import type { Parameters, Row } from "./connection.ts";
import { NEO4J_LIMITS } from "./limits.ts";
import { queryOf, Statistics } from "./words.ts";

const LARGE = NEO4J_LIMITS.freshPassagesMax * 2;

/** A connection with controlled responses that records the requests. */
class Place {
  readonly asked: Parameters[] = [];
  readonly passages = new Map<string, number>();
  readonly words = new Map<string, number>();
  gate: Promise<void> = Promise.resolve();

  read = async (_statement: string, parameters: Parameters = {}): Promise<readonly Row[]> => {
    this.asked.push(parameters);
    const { scopes, counted } = parameters;
    await this.gate;
    if (Array.isArray(scopes)) {
      return scopes.flatMap((scope: unknown) => {
        const passages = this.passages.get(String(scope));
        return passages === undefined ? [] : [{ scope, passages, words: passages * 5 }];
      });
    }
    if (!Array.isArray(counted)) return [];
    return counted.map(({ at, query }: { at: number; query: string }) => ({ at, n: this.words.get(query) ?? 0 }));
  };
}

test("a search knows how large its scopes are, while others find what was known too old", async () => {
  const place = new Place();
  place.passages.set("large", LARGE).set("small", 3);
  let nowMs = 1;
  const statistics = new Statistics(place, () => nowMs);
  expect(await statistics.of(["large"])).toEqual({ passages: LARGE, words: LARGE * 5 });
  const gate = Promise.withResolvers<void>();
  place.gate = gate.promise;
  const both = statistics.of(["large", "small"]);
  nowMs += NEO4J_LIMITS.statisticsMs + 1;
  const late = statistics.of(["large"]);
  gate.resolve();
  expect((await both).passages).toBe(LARGE + 3);
  expect((await late).passages).toBe(LARGE);
  place.passages.set("small", 4);
  expect((await statistics.of(["small"])).passages).toBe(4);
});

test("an unknown word is counted again at the next query", async () => {
  const place = new Place();
  const statistics = new Statistics(place, () => 1);
  const of = { scopes: ["large"], statistics: { passages: LARGE, words: LARGE * 5 } };
  const asked = queriedWords("kestrel plinth");
  place.words.set(queryOf(["plinth"], of.scopes), 7);
  expect(await statistics.frequencies(asked, of)).toEqual([0, 7]);
  place.words.set(queryOf(["kestrel"], of.scopes), 1).set(queryOf(["plinth"], of.scopes), 8);
  expect(await statistics.frequencies(asked, of)).toEqual([1, 7]);
});

test("of a question of many words the same ones are counted each time", async () => {
  const place = new Place();
  const statistics = new Statistics(place, () => 1);
  const of = { scopes: ["large"], statistics: { passages: LARGE, words: LARGE * 5 } };
  const letters = "a b c d e f g h i j k l m n o p q r s t u v w x y z".split(" ");
  const asked = queriedWords(letters.flatMap((one) => [`${one}vk`, `${one}vkq`]).join(" "));
  expect(asked.length).toBeGreaterThan(NEO4J_LIMITS.wordsCountedMax);
  for (const { stem } of asked) place.words.set(queryOf([stem], of.scopes), 9);
  const first = await statistics.frequencies(asked, of);
  expect(first.filter((count) => count > 0)).toHaveLength(NEO4J_LIMITS.wordsCountedMax);
  expect(await statistics.frequencies(asked, of)).toEqual(first);
});
