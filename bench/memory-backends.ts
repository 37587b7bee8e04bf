// Memory in other places than the embedded file, with the entities of `bench/memory.ts`: remembered, found, walked, put in
// from another memory. `node bench/memory-backends.ts [backend …] [entities …]`; each database runs on this machine, in a
// temporary directory, as the tests start it (without waiting for the disk).
import { readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { openEmbedder } from "../src/backends/embeddings/index.ts";
import { Neo4jMemoryStore } from "../src/backends/neo4j/index.ts";
import { PostgresqlMemoryStore } from "../src/backends/postgresql/index.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { PACKAGE_DIRECTORY } from "../src/kernel/package.ts";
import {
  type EntityInput,
  type EntityRestore,
  Memory,
  type MemoryStore,
  scopeKey,
  SEARCH_DEFAULTS,
} from "../src/memory/index.ts";
import { Neo4jServer, SERVER_JAVA } from "../test/helpers/neo4j.ts";
import { PASSWORD, Postgresql } from "../test/helpers/postgresql.ts";
import { ms, perSecond, quantile, type Row, table } from "./table.ts";

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

const SCOPE = scopeKey({ type: "workspace", workspace: "bench" });
const BY = { source: "import", sourceId: undefined, agent: undefined } as const;
const BATCH = 100;
const RELATIONS = 5;
const QUERIES = 100;

let state = 1;
function chance(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
  return (state >>> 8) / 2 ** 24;
}

/** Words as often as words are: the second half as often as the first, and so on. */
const words = readFileSync(join(PACKAGE_DIRECTORY, "models", "static-minilm", "vocabulary.txt"), "utf8")
  .split("\n")
  .filter((word) => /^[a-z]{3,}$/.test(word))
  .slice(0, 20_000);
const word = (): string => words[Math.floor(words.length ** chance())] ?? "";
const sentence = (length: number): string => Array.from({ length }, word).join(" ");

const entityOf = (at: number): EntityInput => ({
  name: `entity ${at}`,
  type: "note",
  observations: [{ text: sentence(12) }, { text: sentence(12) }],
});

const sorted = (times: readonly number[]): readonly number[] => times.toSorted((one, other) => one - other);
const both = (times: readonly number[]): string =>
  `${ms(quantile(sorted(times), 0.5))} / ${ms(quantile(sorted(times), 0.99))}`;

async function timed(count: number, act: (at: number) => Promise<unknown>): Promise<readonly number[]> {
  const times: number[] = [];
  for (let at = 0; at < count; at += 1) {
    const from = performance.now();
    await act(at);
    times.push(performance.now() - from);
  }
  return times;
}

const spent = async (act: () => Promise<void>): Promise<number> => {
  const from = performance.now();
  await act();
  return performance.now() - from;
};

async function fill(memory: Memory, count: number): Promise<void> {
  for (let at = 0; at < count; at += BATCH) {
    const inputs = Array.from({ length: BATCH }, (_none, more) => entityOf(at + more));
    await memory.changes.remember(SCOPE, inputs, BY);
  }
}

async function relate(memory: Memory, count: number): Promise<void> {
  for (let at = 0; at < count; at += BATCH) {
    const inputs = Array.from({ length: BATCH * RELATIONS }, (_none, more) => ({
      from: `entity ${at + Math.floor(more / RELATIONS)}`,
      to: `entity ${Math.floor(chance() * count)}`,
      type: `kind_${more % RELATIONS}`,
    }));
    await memory.changes.relate(SCOPE, inputs, BY);
  }
}

const memoryOver = (store: MemoryStore): Memory =>
  new Memory({
    store,
    embedder: openEmbedder({ type: "static" }, systemClock),
    clock: systemClock,
    defaults: SEARCH_DEFAULTS,
  });

/** Some entities with all their history, under new ids' own scope of another memory. */
async function copied(from: MemoryStore, count: number): Promise<readonly EntityRestore[]> {
  const { entries } = await from.list({ scopes: [SCOPE] }, { limit: Math.min(count, 1_000), cursor: undefined });
  const histories = await Promise.all(entries.map(({ id }) => from.history(id)));
  return histories.filter((one) => one !== undefined).map((one) => ({ ...one, passages: [], model: undefined }));
}

async function measured(backend: string, place: Place, count: number): Promise<readonly Row[]> {
  await using memory = memoryOver(place.open(`bench_${count}`));
  await using other = memoryOver(place.open(`bench_${count}_copy`));
  await memory.open();
  const filledMs = await spent(() => fill(memory, count));
  const relatedMs = await spent(() => relate(memory, count));
  const search = (length: number, mode: "hybrid" | "keyword") => () =>
    memory.search({ scopes: [SCOPE], text: sentence(length), mode });
  const indexedMs = await spent(() => memory.store.reindex(() => undefined));
  await timed(20, search(10, "hybrid"));
  const long = await timed(QUERIES, search(10, "hybrid"));
  const short = await timed(QUERIES, search(4, "hybrid"));
  const keyword = await timed(QUERIES, search(4, "keyword"));
  const { entries } = await memory.list({ scopes: [SCOPE] }, { limit: 100, cursor: undefined });
  const walk = { scopes: [SCOPE], depth: 3, direction: "outgoing", order: "breadth", strengthMin: 0 } as const;
  const walks = await timed(QUERIES, (at) => {
    const start = entries[at % entries.length];
    return memory.store.walk({ ...walk, start: start ? [start.id] : [], visitsMax: 1_000 });
  });
  const stores = await timed(QUERIES, (at) => memory.changes.remember(SCOPE, [entityOf(count + at)], BY));
  const copies = await copied(memory.store, count);
  const restoredMs = await spent(() => other.store.restore(copies, []));
  const forgets = await timed(3, (at) => {
    const one = entries[at];
    return memory.forget({ type: "entities", ids: one ? [one.id] : [] }, BY);
  });
  const { bytes } = await memory.store.figures();
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
    named("entities remembered in batches of 100", perSecond((count / filledMs) * 1_000)),
    named("relations in batches of 500", perSecond(((count * RELATIONS) / relatedMs) * 1_000)),
    named("entities put in with their history", perSecond((copies.length / restoredMs) * 1_000)),
    named("one entity forgotten, pages overwritten, p50 / p99", both(forgets)),
    named("all indexed anew", ms(indexedMs)),
    named(
      "on disk, each with 2 observations, 5 relations, history",
      bytes === undefined ? "not told" : `${Math.round(bytes / count)} B`,
    ),
  ];
}

const asked = process.argv.slice(2);
const counts = asked.filter((each) => /^\d+$/.test(each)).map(Number);
const backends = asked.filter((each) => each in PLACES);
const rows: Row[] = [];
for (const backend of backends.length > 0 ? backends : Object.keys(PLACES)) {
  const place = await PLACES[backend]?.();
  if (!place) continue;
  for (const count of counts.length > 0 ? counts : [10_000]) rows.push(...(await measured(backend, place, count)));
  await place[Symbol.asyncDispose]();
}
process.stdout.write(`${table(rows)}\n\nload ${loadavg()[0]?.toFixed(1)}\n`);
