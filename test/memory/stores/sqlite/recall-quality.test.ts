import { expect, test } from "vitest";
import { BY } from "../../../../bench/memory-data.ts";
import { HELD_OUT, recalledShare, withFacts } from "../../../../bench/recall-data.ts";
import { openEmbedder } from "../../../../src/memory/embeddings/index.ts";
import { SqliteMemoryStore } from "../../../../src/memory/stores/sqlite/index.ts";
import { systemClock } from "../../../../src/kernel/clock.ts";
import { Memory, SEARCH_DEFAULTS } from "../../../../src/memory/knowledge/index.ts";
import { tempDirectory } from "../../../helpers/temp.ts";
import { WordEmbedder } from "../../../helpers/word-embedder.ts";
import { verifies } from "../../../helpers/verifies.ts";

verifies("memory.recall-quality");

test("of entities with a hundred facts, what a run is given has the right one for at least 85 % of questions", async () => {
  await withFacts(false, async (memory) => {
    expect(await recalledShare(memory, HELD_OUT)).toBeGreaterThanOrEqual(0.85);
  });
});

test("where the embedder of the vectors is slow, another one ranks the facts by meaning", async () => {
  using directory = tempDirectory();
  const store = new SqliteMemoryStore({ directory: directory.path, synchronous: "normal" });
  const ranker = openEmbedder({ type: "static" }, systemClock);
  const deps = { store, embedder: new WordEmbedder(), ranker, clock: systemClock, defaults: SEARCH_DEFAULTS };
  await using memory = new Memory(deps);
  await memory.open();
  const observations = ["keeps two parrots", "was born in 1980", "sells used books"].map((text) => ({ text }));
  await memory.changes.remember("global", [{ name: "Mr Fenwick", observations }], BY);
  for (const mode of ["hybrid", "semantic"] as const) {
    const { hits } = await memory.search({ scopes: ["global"], text: "Which birds does Mr Fenwick have?", mode });
    expect(hits[0]?.ranked[0]).toMatchObject({ fact: { text: "keeps two parrots" } });
  }
});
