import { join } from "node:path";
import { expect, test } from "vitest";
import { EmbeddedMemory } from "../../../../src/memory/stores/sqlite/embedded-memory.ts";
import { SqliteMemoryStore } from "../../../../src/memory/stores/sqlite/index.ts";
import { entityOf } from "../../../../src/memory/stores/sqlite/rows.ts";
import { systemClock } from "../../../../src/kernel/clock.ts";
import { type EntityFilter, Memory, SEARCH_DEFAULTS } from "../../../../src/memory/knowledge/index.ts";
import { tempDirectory } from "../../../helpers/temp.ts";
import { remember, SCOPE } from "../../transfer/within.ts";

/** More than are indexed while memory is opened. */
const NAMES = Array.from({ length: 300 }, (_none, at) => `number ${String(at).padStart(3, "0")}`);

test("a list asks its filter right while nothing is indexed yet", async () => {
  using directory = tempDirectory();
  {
    const store = new SqliteMemoryStore({ directory: directory.path, synchronous: "normal" });
    await using memory = new Memory({ store, embedder: undefined, clock: systemClock, defaults: SEARCH_DEFAULTS });
    await remember(memory, [
      ...NAMES.map((name) => ({ name })),
      { name: "Ada", type: "person", validity: { fromMs: 1_000, toMs: 2_000 } },
    ]);
  }
  const listed = (filter: Omit<EntityFilter, "scopes">) => {
    const memory = EmbeddedMemory.open({ file: join(directory.path, "memory.db"), synchronous: "normal" });
    try {
      expect(memory.indexed).toBe(0);
      const page = memory.reading.list({ scopes: [SCOPE], ...filter }, { limit: 1_000, cursor: undefined });
      return page.entries.map((entry) => entityOf(entry).name);
    } finally {
      memory.close();
    }
  };
  expect(listed({ types: ["person"] })).toEqual(["Ada"]);
  expect(listed({ types: ["unknown"] })).toEqual([]);
  expect(listed({ validFromMs: 3_000 })).toEqual(NAMES);
});

test("pages of a list whose filter looks into the file leave no entity out", async () => {
  using directory = tempDirectory();
  const store = new SqliteMemoryStore({ directory: directory.path, synchronous: "normal" });
  await using memory = new Memory({ store, embedder: undefined, clock: systemClock, defaults: SEARCH_DEFAULTS });
  const names = Array.from({ length: 5_200 }, (_none, at) => `number ${String(at).padStart(4, "0")}`);
  const rare = ["number 0007", "number 5050"];
  for (let at = 0; at < names.length; at += 1_000)
    await remember(
      memory,
      names.slice(at, at + 1_000).map((name) => ({ name, ...(rare.includes(name) && { metadata: { kind: "rare" } }) })),
    );
  const filter = { scopes: [SCOPE], metadata: { kind: "rare" } };
  const found: string[] = [];
  for (let cursor: string | undefined, isMore = true; isMore;) {
    const { entries, next } = await store.list(filter, { limit: 100, cursor });
    found.push(...entries.map(({ name }) => name));
    isMore = next !== undefined;
    cursor = next;
  }
  expect(found).toEqual(rare);
}, 60_000);
