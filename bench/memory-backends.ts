// Memory in other places than the embedded file, with the entities of `bench/memory.ts`: remembered, found, walked, put in
// from another memory. `node bench/memory-backends.ts [backend …] [entities …]`; each database runs on this machine, in a
// temporary directory, as the tests start it (without waiting for the disk). Qdrant is not among them: no whole server of it
// is in a registry, and its engine behind the tests' server would not represent it.
import { loadavg } from "node:os";
import { Neo4jMemoryStore } from "../src/memory/stores/neo4j/index.ts";
import { PostgresqlMemoryStore } from "../src/memory/stores/postgresql/index.ts";
import type { EntityHistory, EntityRestore, MemoryStore } from "../src/memory/knowledge/index.ts";
import { Neo4jServer, SERVER_JAVA } from "../test/helpers/neo4j.ts";
import { PASSWORD, Postgresql } from "../test/helpers/postgresql.ts";
import { asked, both, BY, entityOf, fill, memoryOver, RELATIONS, SCOPE, timed } from "./memory-data.ts";
import { ms, perSecond, type Row, table } from "./table.ts";

/** A place that is started for the benchmark. Each call of `open` gives a store over a fresh part of it. */
type Place = AsyncDisposable & { readonly open: (name: string) => MemoryStore };

/** A line for each backend. */
const PLACES: { readonly [backend: string]: () => Promise<Place> } = {
  postgresql: startPostgresql,
  neo4j: startNeo4j,
};

async function startPostgresql(): Promise<Place> {
  const server = await Postgresql.start();
  return {
    open: (schema) => new PostgresqlMemoryStore({ url: server.url, password: () => PASSWORD, schema, connections: 4 }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** The community edition has one database: what is copied goes to a second server, and there is one number of entities a run. */
async function startNeo4j(): Promise<Place> {
  const [server, copy] = await Promise.all([Neo4jServer.start(SERVER_JAVA), Neo4jServer.start(SERVER_JAVA)]);
  return {
    open: (name) => new Neo4jMemoryStore((name.endsWith("_copy") ? copy : server).place),
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await copy[Symbol.asyncDispose]();
    },
  };
}

const QUERIES = 100;

const spent = async (act: () => Promise<void>): Promise<number> => {
  const from = performance.now();
  await act();
  return performance.now() - from;
};

/** Some entities with all their history, under new ids' own scope of another memory. */
async function copied(from: MemoryStore, count: number): Promise<readonly EntityRestore[]> {
  const { entries } = await from.list({ scopes: [SCOPE] }, { limit: Math.min(count, 1_000), cursor: undefined });
  const histories: (EntityHistory | undefined)[] = [];
  // As migrations do: a thousand at once would wait for the few connections longer than a connection is waited for.
  for (let at = 0; at < entries.length; at += 50) {
    histories.push(...(await Promise.all(entries.slice(at, at + 50).map(({ id }) => from.history(id)))));
  }
  return histories.filter((one) => one !== undefined).map((one) => ({ ...one, passages: [], model: undefined }));
}

async function measured(backend: string, place: Place, count: number): Promise<readonly Row[]> {
  await using memory = memoryOver(place.open(`bench_${count}`));
  await using other = memoryOver(place.open(`bench_${count}_copy`));
  await memory.open();
  const { entitiesMs, relationsMs } = await fill(memory, count);
  const indexedMs = await spent(() => memory.store.reindex(() => undefined));
  const { long, short, keyword, walks, entries } = await asked(memory, QUERIES);
  const stores = await timed(QUERIES, (at) => memory.changes.remember(SCOPE, [entityOf(count + at)], BY));
  const copies = await copied(memory.store, count);
  const restoredMs = await spent(() => other.store.restore(copies, []));
  const forgets = await timed(3, (at) => {
    const one = entries[at];
    return memory.forget({ type: "entities", ids: one ? [one.id] : [] }, BY);
  });
  // PostgreSQL overwrites pages once for several forgets; this waits for that.
  const checkedMs = await spent(async () => void (await memory.store.check(true)));
  const { bytes } = await memory.store.stats();
  const named = (what: string, caxton: string): Row => ({
    what: `${backend}: ${what}, ${count.toLocaleString("en")} entities`,
    caxton,
    peer: "",
    ratio: "",
    target: "",
    met: undefined,
  });
  return [
    named("hybrid search, 10 words, p50 / p99", both(long)),
    named("hybrid search, 4 words, p50 / p99", both(short)),
    named("search by 4 words alone, p50 / p99", both(keyword)),
    named("graph, 3 steps out, p50 / p99", both(walks)),
    named("one entity remembered, p50 / p99", both(stores)),
    named("entities remembered in batches of 100", perSecond((count / entitiesMs) * 1_000)),
    named("relations in batches of 500", perSecond(((count * RELATIONS) / relationsMs) * 1_000)),
    named("entities put in with their history", perSecond((copies.length / restoredMs) * 1_000)),
    named("one entity forgotten, p50 / p99", both(forgets)),
    named("all checked after that, and repaired", ms(checkedMs)),
    named("all reindexed", ms(indexedMs)),
    named(
      "on disk, each with 2 observations, 5 relations, history",
      bytes === undefined ? "unknown" : `${Math.round(bytes / count)} B`,
    ),
  ];
}

/** All figures of the backends that can be started here. */
export async function run(
  backends: readonly string[] = Object.keys(PLACES),
  counts: readonly number[] = [10_000],
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const backend of backends) {
    let place: Place | undefined;
    try {
      place = await PLACES[backend]?.();
    } catch (error) {
      process.stdout.write(`${backend} does not run here: ${error instanceof Error ? error.message : ""}\n`);
    }
    if (!place) continue;
    await using started = place;
    for (const count of counts) rows.push(...(await measured(backend, started, count)));
  }
  return rows;
}

if (import.meta.main) {
  const wanted = process.argv.slice(2);
  const counts = wanted.filter((each) => /^\d+$/.test(each)).map(Number);
  const backends = wanted.filter((each) => each in PLACES);
  const rows = await run(backends.length > 0 ? backends : undefined, counts.length > 0 ? counts : undefined);
  process.stdout.write(`${table(rows)}\n\nload ${loadavg()[0]?.toFixed(1)}\n`);
}
