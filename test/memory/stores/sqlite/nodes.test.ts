import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { graphOf } from "../../../../src/runs/remembering/nodes.ts";
import { SqliteMemoryStore } from "../../../../src/memory/stores/sqlite/index.ts";
import { systemClock } from "../../../../src/kernel/clock.ts";
import { Memory, scopeKey, SEARCH_DEFAULTS } from "../../../../src/memory/knowledge/index.ts";

const SCOPE = scopeKey({ type: "workspace", workspace: "default" });
const BY = { source: "user", sourceId: undefined, agent: undefined } as const;
const MANY = 5_200;

test("an entity with thousands of incoming relations still returns its few outgoing ones", async () => {
  const directory = mkdtempSync(join(tmpdir(), "caxton-nodes-"));
  try {
    await using memory = new Memory({
      store: new SqliteMemoryStore({ directory, synchronous: "normal" }),
      embedder: undefined,
      clock: systemClock,
      defaults: SEARCH_DEFAULTS,
    });
    await memory.open();
    const others = Array.from({ length: MANY }, (_none, at) => ({ name: `other ${at}`, type: "thing" }));
    await memory.changes.remember(SCOPE, [{ name: "hub", type: "thing" }, ...others], BY);
    const toHub = others.map(({ name }) => ({ from: name, to: "hub", type: "knows" }));
    await memory.changes.relate(SCOPE, [...toHub, { from: "hub", to: "other 7", type: "owns" }], BY);
    const hub = await memory.get(SCOPE, "hub");
    const of = { entities: [hub], withObservations: false } as const;
    const own = await graphOf(memory, [SCOPE], { ...of, ends: "from" });
    expect(own).toEqual({
      entities: [{ name: "hub", entityType: "thing" }],
      relations: [{ from: "hub", to: "other 7", relationType: "owns" }],
    });
    expect(await graphOf(memory, [SCOPE], { ...of, ends: "either" })).toMatchObject({ relationsCut: true });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
