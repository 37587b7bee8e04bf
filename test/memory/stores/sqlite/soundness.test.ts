import { rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { SqliteMemoryStore } from "../../../../src/memory/stores/sqlite/index.ts";
import { systemClock } from "../../../../src/kernel/clock.ts";
import { Memory, scopeKey, SEARCH_DEFAULTS } from "../../../../src/memory/knowledge/index.ts";
import { tempDirectory } from "../../../helpers/temp.ts";
import { WordEmbedder } from "../../../helpers/word-embedder.ts";
import { verifies } from "../../../helpers/verifies.ts";

verifies("memory.derived-indexes");

const SCOPE = scopeKey({ type: "workspace", workspace: "default" });
const BY = { source: "user", sourceId: undefined, agent: undefined } as const;

const opened = async (directory: string): Promise<Memory> => {
  const store = new SqliteMemoryStore({ directory, synchronous: "normal" });
  const memory = new Memory({ store, embedder: new WordEmbedder(), clock: systemClock, defaults: SEARCH_DEFAULTS });
  await memory.open();
  return memory;
};

test("what searches miss is found, named and repaired, with its vectors; what only a snapshot has is said to be so", async () => {
  using directory = tempDirectory();
  {
    await using memory = await opened(directory.path);
    const inputs = ["drives an automobile", "lives in Rome", "plays chess"].map((text, at) => ({
      name: `number ${at}`,
      observations: [{ text }],
    }));
    await memory.changes.remember(SCOPE, inputs, BY);
    await memory.changes.relate(SCOPE, [{ from: "number 0", to: "number 1", type: "knows" }], BY);
    expect(await memory.check(true)).toEqual([]);
  }
  const file = new DatabaseSync(join(directory.path, "memory.db"));
  file.exec("DELETE FROM passage; UPDATE relation SET dst = 999");
  file.close();
  rmSync(join(directory.path, "memory.index"), { force: true });
  await using memory = await opened(directory.path);
  const lost = { what: "one row refers to what is gone", hint: expect.stringContaining("snapshot"), isRepaired: false };
  const bare = { what: "3 entities cannot be found by searches", hint: expect.stringContaining("--repair") };
  expect((await memory.search({ scopes: [SCOPE], text: "car" })).hits).toEqual([]);
  expect(await memory.check(false)).toEqual([lost, { ...bare, isRepaired: false }]);
  expect(await memory.check(true)).toEqual([lost, { ...bare, isRepaired: true }]);
  await memory.embeddings.caughtUp();
  expect(await memory.figures()).toMatchObject({ passagesWithoutVector: 0, passagesByModel: { "words-64@1": 3 } });
  expect((await memory.search({ scopes: [SCOPE], text: "car" })).hits[0]?.entity.name).toBe("number 0");
  expect(await memory.check(false)).toEqual([lost]);
});
