import { expect, test } from "vitest";
import { openEmbedder } from "../../src/backends/embeddings/index.ts";
import { SqliteMemoryStore } from "../../src/backends/sqlite/memory/index.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { Memory, SEARCH_DEFAULTS } from "../../src/memory/index.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { remember, SCOPE } from "../memory-transfer/within.ts";

const ENTITIES = 900;
const DAY_MS = 86_400_000;
const WORDS = `river stone window engine letter garden market winter signal copper bridge harvest sailor lantern
  mirror thunder orchard velvet compass anchor meadow chimney barrel canyon ribbon falcon marble tunnel saddle pepper`.split(
  /\s+/,
);

/** Numbers by chance, the same ones each time; small ones are more frequent. */
function numbers(): (count: number) => number {
  let state = 5;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 8) / 2 ** 24;
  };
  return (count) => Math.floor(next() * next() * count);
}

test("the best few of a hybrid search are the first of all that a search finds, whatever weighs how much", async () => {
  using directory = tempDirectory();
  const embedder = openEmbedder({ type: "static" }, systemClock);
  const store = new SqliteMemoryStore({ directory: directory.path, synchronous: "normal" });
  await using memory = new Memory({ store, embedder, clock: systemClock, defaults: SEARCH_DEFAULTS });
  const number = numbers();
  const sentence = (length: number) => Array.from({ length }, () => WORDS[number(WORDS.length)]).join(" ");
  const nowMs = Date.UTC(2030, 0, 1);
  await remember(
    memory,
    Array.from({ length: ENTITIES }, (_none, at) => {
      const atMs = nowMs - number(20) * DAY_MS;
      const origin = { id: undefined, createdAtMs: atMs, updatedAtMs: atMs };
      return { name: `entity ${at}`, origin, observations: [{ text: sentence(6) }, { text: sentence(3) }] };
    }),
  );
  for (const [at, recencyBoost] of [1, 1.2, 3, 1, 1.2, 3].entries()) {
    const text = sentence(2 + at);
    const [vector] = await embedder.embed([text]);
    for (const [keywordWeight, similarityMin] of [
      [0.3, 0.3],
      [1, 0],
      [0.05, 0.2],
    ] as const) {
      const search = { filter: { scopes: [SCOPE] }, text, vector, model: embedder.id, expand: 0, nowMs };
      const found = async (limit: number) => {
        const { hits } = await store.search({ ...search, recencyBoost, keywordWeight, similarityMin, limit });
        return hits.map(({ entity, score }) => ({ name: entity.name, total: score.total }));
      };
      // So many are wanted that none is left out.
      const all = await found(ENTITIES);
      expect(all.length).toBeGreaterThan(20);
      for (const limit of [1, 3, 20]) expect(await found(limit)).toEqual(all.slice(0, limit));
    }
  }
});
