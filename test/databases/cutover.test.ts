import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Neo4jMemoryStore } from "../../src/memory/stores/neo4j/index.ts";
import { QdrantMemoryStore } from "../../src/memory/stores/qdrant/index.ts";
import type { MemoryStore } from "../../src/memory/knowledge/index.ts";
import { MemoryMigrations } from "../../src/memory/transfer/index.ts";
import { Neo4jServer } from "../helpers/neo4j.ts";
import { Postgresql } from "../helpers/postgresql.ts";
import { QdrantServer } from "../helpers/qdrant/qdrant-server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { changeConcurrently, expectAcknowledged, type Acknowledged } from "../memory/transfer/concurrent-changes.ts";
import { inFile, inPlace, migrationsOf, notesOf, openMemory, remember } from "../memory/transfer/within.ts";
import { postgresqlAt } from "./postgresql-at.ts";

const servers = new AsyncDisposableStack();
let server: Postgresql;
let neo4j: Neo4jServer;
let qdrant: QdrantServer;
beforeAll(async () => {
  server = servers.use(await Postgresql.start());
  qdrant = servers.use(await QdrantServer.start());
  neo4j = servers.use(await Neo4jServer.start());
}, 120_000);
afterAll(() => servers.disposeAsync(), 120_000);

const facts = Array.from({ length: 120 }, (_none, at) => ({
  name: `entity ${at}`,
  observations: [{ text: `says ${at}` }],
}));
const acknowledged = new Map<string, Acknowledged>(
  facts.map(({ name, observations }) => [name, { name, texts: observations.map(({ text }) => text) }]),
);

const opening: { readonly [name: string]: () => MemoryStore } = {
  postgresql: () => postgresqlAt(server.url, "round_trip"),
  neo4j: () => new Neo4jMemoryStore(neo4j.place),
  qdrant: () => new QdrantMemoryStore({ url: qdrant.url, collection: "round_trip" }),
};

for (const [name, elsewhere] of Object.entries(opening)) {
  test(`memory moves to ${name} and back during continuous changes without loss`, async () => {
    await using opened = await openMemory();
    const { memory, place, directory } = opened;
    for (const at of [0, 60]) await remember(memory, facts.slice(at, at + 60));
    const { migrate } = migrationsOf(opened, {
      [name]: elsewhere,
      embedded: () => inFile(directory),
    });
    const all = new Map(acknowledged);
    let isOver = false;
    // A server in Python, and one that has just started on a JVM, are slow: one writer is enough to outrun them.
    const writers = (name === "postgresql" ? ["one", "two", "three"] : ["one"]).map((writer) =>
      changeConcurrently(memory, {
        writer,
        isOver: () => isOver,
        begins: () => undefined,
        done: (one) => void all.set(one.name, one),
      }),
    );
    const there = await migrate("embedded", name, { isCutover: true });
    expect(there).toMatchObject({ hasCutOver: true, comparison: { scopes: { same: 1, all: 1 } } });
    expect(there.comparison.samples).toEqual({ same: 100, all: 100 });
    expect(place.name).toBe(name);
    const back = await migrate(name, "embedded", { isCutover: true });
    expect(back).toMatchObject({ hasCutOver: true, progress: { entities: 0 } });
    isOver = true;
    await Promise.all(writers);
    expect(place.name).toBe("embedded");
    await expectAcknowledged(memory, all.values());
    expect(await memory.store.check(false)).toEqual([]);
  }, 300_000);
}

/** Runs until a line begins so, is killed there, and records what was acknowledged and what is unknown. */
async function killedAt(
  directory: string,
  { writer, line: wanted }: { readonly writer: string; readonly line: string },
): Promise<string> {
  const driver = join(import.meta.dirname, "cutover-driver.ts");
  const child = spawn(process.execPath, [driver, directory, server.url, writer], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const unknown = new Set<string>();
  let last = "";
  for await (const line of createInterface({ input: child.stdout })) {
    last = line;
    if (line.startsWith("B ")) unknown.add(line.slice(2));
    if (line.startsWith("D ")) {
      const one = JSON.parse(line.slice(2));
      acknowledged.set(one.name, one);
      unknown.delete(one.name);
    }
    if (line === wanted) child.kill("SIGKILL");
  }
  for (const name of unknown) acknowledged.delete(name);
  return last;
}

test("a server that is killed during a cutover has every acknowledged change in one of the two backends", async () => {
  using directory = tempDirectory();
  {
    await using opened = await openMemory(directory.path);
    for (const at of [0, 60]) await remember(opened.memory, facts.slice(at, at + 60));
  }
  const used: string[] = [];
  for (const [at, line] of ["P entities", "N", "M", "E"].entries()) {
    await killedAt(directory.path, { writer: `${at}`, line });
    const place = await MemoryMigrations.settle("embedded", notesOf(directory.path));
    used.push(place);
    const store = inPlace(place, directory.path, { postgresql: () => postgresqlAt(server.url) });
    await using opened = await openMemory(directory.path, store);
    await expectAcknowledged(opened.memory, acknowledged.values());
  }
  // Before the note it is the old one; where exactly the note fell between the two lines is chance.
  expect(used[0]).toBe("embedded");
  expect(used.slice(2)).toEqual(["postgresql", "postgresql"]);
}, 300_000);
