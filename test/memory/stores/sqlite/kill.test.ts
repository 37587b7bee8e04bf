import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { SqliteMemoryStore } from "../../../../src/memory/stores/sqlite/index.ts";
import { systemClock } from "../../../../src/kernel/clock.ts";
import { Memory, scopeKey, SEARCH_DEFAULTS } from "../../../../src/memory/knowledge/index.ts";
import { Chance } from "../../../fuzz/chance.ts";
import { tempDirectory } from "../../../helpers/temp.ts";
import { WordEmbedder } from "../../../helpers/word-embedder.ts";
import { verifies } from "../../../helpers/verifies.ts";

verifies("memory.kill");

const KILLS = 5;
const SCOPE = scopeKey({ type: "workspace", workspace: "default" });

/** Names that a process said were kept, until it was killed after so many. */
async function killedAfter(directory: string, names: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "driver.ts"), directory], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const heard: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    heard.push(line.slice("N ".length));
    if (heard.length === names) child.kill("SIGKILL");
  }
  return heard;
}

// knowledge.memory-store.S2
test("remembered facts are complete after each kill -9 during a write, and are found", async () => {
  using directory = tempDirectory();
  const chance = new Chance(7);
  const kept: string[] = [];
  for (let kill = 0; kill < KILLS; kill += 1) kept.push(...(await killedAfter(directory.path, 40 + chance.below(400))));
  const store = new SqliteMemoryStore({ directory: directory.path, synchronous: "full" });
  await using memory = new Memory({
    store,
    embedder: new WordEmbedder(),
    clock: systemClock,
    defaults: SEARCH_DEFAULTS,
  });
  await memory.open();
  expect(await store.check(false)).toEqual([]);
  const found = await store.find(kept.map((name) => ({ scope: SCOPE, name })));
  expect(kept.filter((_name, at) => found[at]?.observations.length !== 2)).toEqual([]);
  await expect.poll(async () => (await store.stats()).indexed).toBe(1);
  // Nothing is there by halves, also of what was not answered any more.
  const { scopes, passagesWithoutVector } = await store.stats();
  expect(scopes[0]?.observations).toBe(2 * (scopes[0]?.entities ?? 0));
  expect([scopes[0]?.entities ?? 0, passagesWithoutVector]).toEqual([expect.any(Number), 0]);
  expect(scopes[0]?.entities).toBeGreaterThanOrEqual(kept.length);
  const last = kept.at(-1) ?? "";
  const { hits } = await memory.search({ scopes: [SCOPE], text: `second of ${last}` });
  expect(hits[0]?.entity.name).toBe(last);
}, 120_000);
