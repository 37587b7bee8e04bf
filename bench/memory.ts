// Memory whole: entities with two observations and five relations each, remembered, found, walked and opened again, beside the
// reference memory server with the same entities. `node bench/memory.ts [entities …]`; the peer is installed in a temporary
// directory and gets 10,000 at most, since it writes its whole file for each call.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { openEmbedder } from "../src/backends/embeddings/index.ts";
import { SqliteMemoryStore } from "../src/backends/sqlite/memory/index.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { PACKAGE_DIRECTORY } from "../src/kernel/package.ts";
import { type EntityInput, Memory, scopeKey, SEARCH_DEFAULTS } from "../src/memory/index.ts";
import { mib, ms, perSecond, quantile, type Row, table } from "./table.ts";

const SCOPE = scopeKey({ type: "workspace", workspace: "bench" });
const BY = { source: "import", sourceId: undefined, agent: undefined } as const;
const PEER = "@modelcontextprotocol/server-memory@2026.8.31";
const PEER_ENTITIES_MAX = 10_000;
const BATCH = 100;
const RELATIONS = 5;
const QUERIES = 300;

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

type Peer = { readonly searchMs: number; readonly storeMs: number };
type Named = Partial<Pick<Row, "target" | "met" | "peer" | "ratio">>;

const sorted = (times: readonly number[]): readonly number[] => times.toSorted((one, other) => one - other);
const p50 = (times: readonly number[]): number => quantile(sorted(times), 0.5);
const both = (times: readonly number[]): string => `${ms(p50(times))} / ${ms(quantile(sorted(times), 0.99))}`;
const atMost = (value: number, most: number, target: string): Named => ({ target, met: value <= most });
const beside = (value: number, peer: number | undefined): Named =>
  peer === undefined ? {} : { peer: `${ms(peer)} reference memory server`, ratio: (peer / value).toFixed(1) };

async function timed(count: number, act: (at: number) => Promise<unknown>): Promise<readonly number[]> {
  const times: number[] = [];
  for (let at = 0; at < count; at += 1) {
    const from = performance.now();
    await act(at);
    times.push(performance.now() - from);
  }
  return times;
}

function open(directory: string): Memory {
  const store = new SqliteMemoryStore({ directory, synchronous: "full" });
  const embedder = openEmbedder({ type: "static" }, systemClock);
  return new Memory({ store, embedder, clock: systemClock, defaults: SEARCH_DEFAULTS });
}

async function fill(
  memory: Memory,
  count: number,
): Promise<{ readonly entitiesMs: number; readonly relationsMs: number }> {
  const from = performance.now();
  for (let at = 0; at < count; at += BATCH) {
    await memory.changes.remember(
      SCOPE,
      Array.from({ length: BATCH }, (_none, more) => entityOf(at + more)),
      BY,
    );
  }
  const related = performance.now();
  for (let at = 0; at < count; at += BATCH) {
    const inputs = Array.from({ length: BATCH * RELATIONS }, (_none, more) => ({
      from: `entity ${at + Math.floor(more / RELATIONS)}`,
      to: `entity ${Math.floor(chance() * count)}`,
      type: `kind_${more % RELATIONS}`,
    }));
    await memory.changes.relate(SCOPE, inputs, BY);
  }
  return { entitiesMs: related - from, relationsMs: performance.now() - related };
}

async function ours(count: number, peer: Peer | undefined): Promise<readonly Row[]> {
  const directory = mkdtempSync(join(tmpdir(), "caxton-bench-memory-"));
  try {
    const before = process.memoryUsage().rss;
    const memory = open(directory);
    await memory.open();
    const { entitiesMs, relationsMs } = await fill(memory, count);
    const search = (query: string, mode: "hybrid" | "keyword") => memory.search({ scopes: [SCOPE], text: query, mode });
    await timed(20, () => search(sentence(10), "hybrid"));
    const long = await timed(QUERIES, () => search(sentence(10), "hybrid"));
    const short = await timed(QUERIES, () => search(sentence(4), "hybrid"));
    const keyword = await timed(QUERIES, () => search(sentence(4), "keyword"));
    const { entries } = await memory.list({ scopes: [SCOPE] }, { limit: 100, cursor: undefined });
    const walk = { scopes: [SCOPE], depth: 3, direction: "outgoing", order: "breadth", strengthMin: 0 } as const;
    const walks = await timed(QUERIES, (at) => {
      const start = entries[at % entries.length];
      return memory.store.walk({ ...walk, start: start ? [start.id] : [], visitsMax: 1_000 });
    });
    const stores = await timed(QUERIES, (at) => memory.changes.remember(SCOPE, [entityOf(count + at)], BY));
    const rss = process.memoryUsage().rss - before;
    await memory[Symbol.asyncDispose]();
    const bytes = statSync(join(directory, "memory.db")).size;
    const again = open(directory);
    const from = performance.now();
    await again.open();
    await again.search({ scopes: [SCOPE], text: "first question" });
    const firstMs = performance.now() - from;
    const isIndexing = async () =>
      (await again.search({ scopes: [SCOPE], text: "still" })).notices.includes("indexing");
    while (await isIndexing()) await new Promise((resolve) => setTimeout(resolve, 100));
    const wholeMs = performance.now() - from;
    await again[Symbol.asyncDispose]();
    const named = (what: string, caxton: string, more: Named = {}): Row => ({
      what: `${what}, ${count.toLocaleString("en")} entities`,
      caxton,
      peer: "",
      ratio: "",
      target: "",
      met: undefined,
      ...more,
    });
    return [
      named("hybrid search, 10 words, p50 / p99", both(long), atMost(p50(long), 3, "3 ms p50")),
      named("hybrid search, 4 words, p50 / p99", both(short), beside(p50(short), peer?.searchMs)),
      named("search by 4 words alone, p50 / p99", both(keyword)),
      named("graph, 3 steps out, through the thread, p50 / p99", both(walks), atMost(p50(walks), 0.1, "0.1 ms")),
      named("one entity remembered on disk, p50 / p99", both(stores), {
        ...atMost(p50(stores), 0.5, "0.5 ms"),
        ...beside(p50(stores), peer?.storeMs),
      }),
      named("entities remembered in batches of 100", perSecond((count / entitiesMs) * 1_000)),
      named("relations in batches of 500", perSecond(((count * RELATIONS) / relationsMs) * 1_000)),
      named(
        "on disk, each with 2 observations, 5 relations, history",
        `${Math.round(bytes / count)} B`,
        atMost(bytes / count, 1_200, "1,200 B"),
      ),
      named("resident memory that came with it", mib(rss), atMost(rss, 150 * 1024 ** 2, "150 MiB")),
      named("opened again: first answer / all indexed", `${ms(firstMs)} / ${ms(wholeMs)}`),
    ];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** p50s of the reference memory server; its search looks for a text, and nothing is synced. */
async function reference(count: number): Promise<Peer> {
  const directory = mkdtempSync(join(tmpdir(), "caxton-bench-peer-"));
  try {
    writeFileSync(join(directory, "package.json"), "{}");
    execFileSync("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", PEER], {
      cwd: directory,
      stdio: "ignore",
    });
    const program = join(directory, "node_modules", "@modelcontextprotocol", "server-memory", "dist", "index.js");
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [program],
      env: { MEMORY_FILE_PATH: join(directory, "memory.jsonl") },
      stderr: "ignore",
    });
    const client = new Client({ name: "bench", version: "1.0.0" });
    await client.connect(transport);
    const create = (entities: readonly EntityInput[]) =>
      client.callTool({
        name: "create_entities",
        arguments: {
          entities: entities.map(({ name, type = "", observations = [] }) => ({
            name,
            entityType: type,
            observations: observations.map(({ text }) => text),
          })),
        },
      });
    const batch = 1_000;
    for (let at = 0; at < count; at += batch)
      await create(Array.from({ length: batch }, (_none, more) => entityOf(at + more)));
    const searches = await timed(30, () =>
      client.callTool({ name: "search_nodes", arguments: { query: sentence(2) } }),
    );
    const stores = await timed(30, (at) => create([entityOf(count + at)]));
    await client.close();
    return { searchMs: p50(searches), storeMs: p50(stores) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const counts = process.argv.slice(2).map(Number);
const load = (): string => loadavg()[0]?.toFixed(1) ?? "";
for (const count of counts.length > 0 ? counts : [10_000, 100_000]) {
  const begun = load();
  const rows = await ours(count, count <= PEER_ENTITIES_MAX ? await reference(count) : undefined);
  process.stdout.write(`${table(rows)}\nload ${begun} to ${load()}\n\n`);
}
