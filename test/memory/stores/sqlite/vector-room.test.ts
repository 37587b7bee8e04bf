import { afterEach, expect, test, vi } from "vitest";
import { SqliteMemoryStore } from "../../../../src/memory/stores/sqlite/index.ts";
import { CapacityMonitor } from "../../../../src/memory/stores/sqlite/indexing/vector-capacity.ts";
import { systemClock } from "../../../../src/kernel/clock.ts";
import { log } from "../../../../src/kernel/log.ts";
import { Memory, scopeKey, SEARCH_DEFAULTS } from "../../../../src/memory/knowledge/index.ts";
import { tempDirectory } from "../../../helpers/temp.ts";
import { WordEmbedder } from "../../../helpers/word-embedder.ts";

const SCOPE = scopeKey({ type: "workspace", workspace: "default" });
const GLOBAL = scopeKey({ type: "global" });
const BY = { source: "user", sourceId: undefined, agent: undefined } as const;
/** Room for that many vectors of 64 parts. */
const ROOM = 4_096;
const BYTES = 1_000_000;
const BATCH = 512;
const LONG = { timeout: 60_000 };

const opened = async (directory: string): Promise<Memory> => {
  const store = new SqliteMemoryStore({ directory, synchronous: "normal", vectorBytesMax: BYTES });
  const memory = new Memory({ store, embedder: new WordEmbedder(), clock: systemClock, defaults: SEARCH_DEFAULTS });
  await memory.open();
  return memory;
};
const found = async (memory: Memory, text: string, scope = SCOPE) => {
  const { hits, notices } = await memory.search({ scopes: [scope], text, similarityMin: 0.9, limit: 1 });
  return { name: hits[0]?.entity.name, similarity: hits[0]?.score.similarity, notices };
};

const room = (taken: number, hasRefused = false) => ({ taken, max: 10, held: taken, hasRefused });

afterEach(() => vi.restoreAllMocks());

test(
  "a memory without room for more vectors continues, finds the rest by words, reports it and can be repaired",
  LONG,
  async () => {
    using directory = tempDirectory();
    {
      await using memory = await opened(directory.path);
      for (let at = 0; at < ROOM; at += BATCH) {
        const names = Array.from({ length: BATCH }, (_none, more) => ({ name: `number ${at + more}` }));
        await memory.changes.remember(SCOPE, names, BY);
      }
      expect((await found(memory, "number 4095")).notices).toEqual([]);
      expect((await memory.figures()).vectorRoom).toEqual({ used: ROOM, max: ROOM, refused: 0 });
      expect(await memory.capacity.limits()).toEqual([{ what: "vectors", used: ROOM, max: ROOM, near: true }]);
      expect(await memory.check(false)).toEqual([]);
      await memory.changes.remember(GLOBAL, [{ name: "zeppelin" }, { name: "airship" }], BY);
      await memory.changes.relate(GLOBAL, [{ from: "zeppelin", to: "airship", type: "is_a" }], BY);
      const alone = { name: "zeppelin", similarity: undefined, notices: ["vectors-full"] };
      expect(await found(memory, "zeppelin", GLOBAL)).toEqual(alone);
      expect((await memory.search({ scopes: [SCOPE], text: "zeppelin", mode: "keyword" })).notices).toEqual([]);
    }
    // Indexes that were kept know it too, when they are read: a search waits for that.
    await using memory = await opened(directory.path);
    expect((await found(memory, "number 7")).notices).toEqual(["vectors-full"]);
    expect((await memory.figures()).vectorRoom).toEqual({ used: ROOM, max: ROOM, refused: 2 });
    expect(await memory.check(true)).toMatchObject([{ what: expect.stringMatching(/^2 passages/), isRepaired: false }]);
    const { entries } = await memory.list({ scopes: [SCOPE] }, { limit: 1_000, cursor: undefined });
    await memory.forget({ type: "entities", ids: entries.map(({ id }) => id) }, BY);
    await memory.store.reindex(() => undefined);
    expect(await found(memory, "zeppelin", GLOBAL)).toMatchObject({ similarity: expect.any(Number), notices: [] });
    expect((await memory.figures()).vectorRoom).toMatchObject({ refused: 0 });
    expect(await memory.check(false)).toEqual([]);
  },
);

test("the log says once that there is room for few more vectors, and once that there is none", () => {
  const warned = vi.spyOn(log, "warn").mockImplementation(() => undefined);
  const watch = new CapacityMonitor();
  for (const taken of [0, 7, 8, 9, 10]) watch.look(room(taken));
  expect(warned).toHaveBeenCalledExactlyOnceWith({ vectors: 8, max: 10 }, expect.stringContaining("room for few more"));
  watch.look(room(10, true));
  watch.look(room(10, true));
  expect(warned).toHaveBeenCalledTimes(2);
  expect(warned).toHaveBeenLastCalledWith({ vectors: 10, max: 10 }, expect.stringContaining("words alone"));
  watch.look(room(1));
  watch.look(room(9));
  expect(warned).toHaveBeenCalledTimes(3);
});
