import { afterAll, beforeAll, expect, test } from "vitest";
import { Neo4jMemoryStore } from "../../src/memory/stores/neo4j/index.ts";
import { PostgresqlMemoryStore } from "../../src/memory/stores/postgresql/index.ts";
import { QdrantMemoryStore } from "../../src/memory/stores/qdrant/index.ts";
import { SqliteMemoryStore } from "../../src/memory/stores/sqlite/index.ts";
import type { MigrationProgress } from "../../src/memory/transfer/index.ts";
import { type Memory, type MemoryPage, type MemoryStore, type PageOf } from "../../src/memory/knowledge/index.ts";
import { Neo4jServer } from "../helpers/neo4j.ts";
import { PASSWORD, Postgresql } from "../helpers/postgresql.ts";
import { QdrantServer } from "../helpers/qdrant/qdrant-server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { BY, GLOBAL, migrationsOf, openMemory, type Places, remember, SCOPE } from "../memory/transfer/within.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("memory.migration");

const SCOPES = [SCOPE, GLOBAL];
const servers = new AsyncDisposableStack();
let postgresql: Postgresql;
let neo4j: Neo4jServer;
let qdrant: QdrantServer;
beforeAll(async () => {
  postgresql = servers.use(await Postgresql.start());
  qdrant = servers.use(await QdrantServer.start());
  neo4j = servers.use(await Neo4jServer.start());
}, 120_000);
afterAll(() => servers.disposeAsync(), 120_000);

const inPostgresql = (schema: string) =>
  new PostgresqlMemoryStore({ url: postgresql.url, password: () => PASSWORD, schema, connections: 4 });

async function all<Entry>(page: (of: PageOf) => Promise<MemoryPage<Entry>>): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  let cursor: string | undefined;
  do {
    const { entries: some, next } = await page({ limit: 100, cursor });
    entries.push(...some);
    cursor = next;
  } while (cursor !== undefined);
  return entries;
}

const byId = (one: { readonly id: string }, other: { readonly id: string }) => (one.id < other.id ? -1 : 1);

/** All that a place has, but for the numbers that are its own. */
async function contentsOf(store: MemoryStore) {
  const entities = (await all((page) => store.list({ scopes: SCOPES }, page))).toSorted(byId);
  const histories = [];
  for (let at = 0; at < entities.length; at += 50) {
    const some = await Promise.all(entities.slice(at, at + 50).map(({ id }) => store.history(id)));
    for (const history of some) {
      histories.push(history && { ...history, changes: history.changes.map(({ seq: _seq, ...change }) => change) });
    }
  }
  const relations = (await all((page) => store.relations({ scopes: SCOPES, entities: undefined }, page))).toSorted(
    byId,
  );
  const { passagesByModel, passagesWithoutVector } = await store.stats();
  return { entities, histories, relations, vectors: { passagesByModel, passagesWithoutVector } };
}

const names = Array.from({ length: 200 }, (_none, at) => `entity ${at}`);

/** Two hundred entities with relations, withdrawn observations, versions, and some that were forgotten. */
async function fill(memory: Memory): Promise<void> {
  for (let at = 0; at < names.length; at += 100) {
    await remember(
      memory,
      names.slice(at, at + 100).map((name, index) => ({
        name,
        type: index % 2 === 0 ? "person" : "place",
        confidence: 0.8,
        strength: 0.3,
        validity: index % 5 === 0 ? { fromMs: 1_000, toMs: 9_000_000_000_000 } : {},
        metadata: index % 7 === 0 ? { rank: index, tags: ["a", "ü"], deep: { is: null } } : {},
        observations: [
          { text: `says ${name} and 'quotes' "it" \\ 100 %`, confidence: 0.7 },
          { text: "is one", validity: { fromMs: 5 } },
        ],
      })),
    );
  }
  await remember(
    memory,
    [
      { name: "Ada", observations: [{ text: "is known everywhere, 🚗 and ñ" }] },
      {
        name: "Long",
        observations: Array.from({ length: 40 }, (_none, at) => ({ text: `${at} ${"long ".repeat(80)}` })),
      },
    ],
    GLOBAL,
  );
  for (const name of names.slice(0, 20)) await memory.changes.withdraw(SCOPE, name, ["is one"], BY);
  await remember(
    memory,
    names.slice(10, 40).map((name) => ({ name, observations: [{ text: `more of ${name}` }] })),
  );
  await memory.changes.revise(SCOPE, "entity 30", { name: "renamed", metadata: { other: true } }, BY);
  await memory.changes.relate(
    SCOPE,
    names.slice(40, 120).map((from, at) => ({
      from,
      to: names[41 + at] ?? "",
      type: "leads_to",
      strength: 0.9,
      confidence: 0.6,
      isBidirectional: at % 2 === 0,
      metadata: at % 3 === 0 ? { at } : {},
    })),
    BY,
  );
  await memory.changes.relate(SCOPE, [{ from: "entity 50", to: "entity 50", type: "knows" }], BY);
  const [edge] = (
    await memory.store.relations({ scopes: SCOPES, entities: undefined }, { limit: 1, cursor: undefined })
  ).entries;
  if (edge) await memory.changes.unrelate(edge.id, BY);
  const gone = await Promise.all(["entity 60", "entity 150"].map((name) => memory.get(SCOPE, name)));
  await memory.forget({ type: "entities", ids: gone.map(({ id }) => id) }, BY);
  const part = await memory.get(SCOPE, "entity 70");
  await memory.forget(
    { type: "observations", entity: part.id, ids: part.observations.slice(0, 1).map(({ id }) => id) },
    BY,
  );
  await memory.embeddings.caughtUp();
}

async function within<Value>(store: MemoryStore, use: (store: MemoryStore) => Promise<Value>): Promise<Value> {
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

test("memory migrates from the embedded backend through each of the others and back unchanged", async () => {
  await using opened = await openMemory();
  using elsewhere = tempDirectory();
  await fill(opened.memory);
  const places: Places = {
    postgresql: () => inPostgresql("round"),
    neo4j: () => new Neo4jMemoryStore(neo4j.place),
    qdrant: () => new QdrantMemoryStore({ url: qdrant.url, collection: "round" }),
    again: () => new SqliteMemoryStore({ directory: elsewhere.path, synchronous: "full" }),
  };
  const { migrate } = migrationsOf(opened, places);
  const first = await contentsOf(opened.memory.store);
  expect([first.entities.length, first.relations.length]).toEqual([200, 78]);
  let from = "embedded";
  for (const [to, open] of Object.entries(places)) {
    const { progress, comparison } = await migrate(from, to);
    expect(progress, to).toMatchObject({ entities: 200, relations: 78, followed: 0 });
    expect(comparison, to).toMatchObject({ scopes: { same: 2, all: 2 }, samples: { same: 100, all: 100 } });
    expect(comparison.consistency, to).toBeGreaterThan(0.95);
    expect(await within(open(), contentsOf), to).toEqual(first);
    expect(await within(open(), (store) => store.check(false)), to).toEqual([]);
    from = to;
  }
}, 300_000);

test("an interrupted migration resumes without duplicates", async () => {
  await using opened = await openMemory();
  await fill(opened.memory);
  const { memory } = opened;
  const { migrate } = migrationsOf(opened, { postgresql: () => inPostgresql("resumed") });
  for (const phase of ["entities", "relations"]) {
    const stop = new AbortController();
    const onProgress = (now: MigrationProgress) => {
      if (now.phase === phase && (phase === "relations" || now.entities > 80)) stop.abort();
    };
    await expect(
      migrate("embedded", "postgresql", { isResumed: phase === "relations", onProgress, signal: stop.signal }),
    ).rejects.toMatchObject({ code: "CANCELLED" });
  }
  // Names go to others meanwhile.
  const old = await memory.get(SCOPE, "entity 0");
  await memory.forget({ type: "entities", ids: [old.id] }, BY);
  await remember(memory, [{ name: "entity 0", observations: [{ text: "is another of the name" }] }]);
  await memory.changes.revise(SCOPE, "entity 41", { name: "free" }, BY);
  await memory.changes.revise(SCOPE, "entity 42", { name: "entity 41" }, BY);
  await memory.changes.revise(SCOPE, "free", { name: "entity 42" }, BY);
  const { comparison } = await migrate("embedded", "postgresql", { isResumed: true });
  expect(comparison).toMatchObject({ scopes: { same: 2, all: 2 }, samples: { same: 100, all: 100 } });
  expect(comparison.consistency).toBeGreaterThan(0.95);
  const there = await within(inPostgresql("resumed"), contentsOf);
  expect(there).toEqual(await contentsOf(memory.store));
  await migrate("embedded", "postgresql", { isResumed: true });
  expect(await within(inPostgresql("resumed"), contentsOf)).toEqual(there);
  // The way back is the configuration: what comes would be mixed with what is there still.
  await expect(migrate("postgresql", "embedded", { isResumed: true })).rejects.toMatchObject({
    code: "MIGRATION_REFUSED",
    hint: expect.stringContaining("set memory.backend to it"),
  });
}, 60_000);
