// Memory whole: entities with two observations and five relations each, remembered, found, walked, opened again, taken in from an
// export and cut off by kill -9, beside the reference memory server with the same entities, and beside sqlite-vec, LanceDB
// and usearch with the same vectors. `node bench/memory.ts [entities …]`.
import { spawn } from "node:child_process";
import { createWriteStream, mkdtempSync, rmSync, statSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream/promises";
import * as z from "zod";
import { SqliteMemoryStore } from "../src/memory/stores/sqlite/index.ts";
import type { Memory } from "../src/memory/knowledge/index.ts";
import {
  asked,
  both,
  BY,
  entityOf,
  fill,
  memoryOver,
  p50,
  range,
  RELATIONS,
  relationsOf,
  SCOPE,
  timed,
} from "./memory-data.ts";
import { nearest, type Nearest, reference, type Reference } from "./memory-peers.ts";
import { mib, ms, perSecond, type Row, table } from "./table.ts";

/** Entities of the export that is taken in, which comes with all of their relations. */
const IMPORTED_MAX = 20_000;
const QUERIES = 300;

const Opened = z.object({ firstMs: z.number(), wholeMs: z.number(), rssBytes: z.number() });
const Records = z.object({ records: z.number(), problems: z.number().optional() });

type Measured = {
  /** The first searches of the process, before its code is compiled for them. */
  readonly early: readonly number[];
  readonly long: readonly number[];
  readonly short: readonly number[];
  readonly keyword: readonly number[];
  readonly walks: readonly number[];
  readonly stores: readonly number[];
  readonly entitiesMs: number;
  readonly relationsMs: number;
  readonly rssBytes: number;
  readonly near: Nearest;
};

async function measured(memory: Memory, count: number): Promise<Measured> {
  const before = process.memoryUsage().rss;
  const { entitiesMs, relationsMs } = await fill(memory, count);
  const { long: early } = await asked(memory, QUERIES);
  const { long, short, keyword, walks } = await asked(memory, QUERIES);
  const rssBytes = process.memoryUsage().rss - before;
  const near = await nearest(memory, count);
  const stores = await timed(QUERIES, (at) => memory.changes.remember(SCOPE, [entityOf(count + at)], BY));
  return { early, long, short, keyword, walks, stores, entitiesMs, relationsMs, rssBytes, near };
}

/** All entities, then all relations, as the reference memory server writes them. */
async function exported(file: string, count: number): Promise<void> {
  function* lines(): Iterable<string> {
    for (const at of range(0, count)) {
      const { name, type = "", observations = [] } = entityOf(at);
      yield `${JSON.stringify({ type: "entity", name, entityType: type, observations: observations.map(({ text }) => text) })}\n`;
    }
    for (const at of range(0, count))
      for (const { from, to, type } of relationsOf(at, count))
        yield `${JSON.stringify({ type: "relation", from, to, relationType: type })}\n`;
  }
  await pipeline(lines(), createWriteStream(file));
}

/** What a process of `memory-process.ts` said, line by line; killed -9 when it has said so many records. */
async function heard(words: readonly string[], killAt = Number.POSITIVE_INFINITY): Promise<readonly string[]> {
  const child = spawn(process.execPath, ["--no-warnings", join(import.meta.dirname, "memory-process.ts"), ...words], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (killAt < Number.POSITIVE_INFINITY && Records.parse(JSON.parse(line)).records >= killAt) child.kill("SIGKILL");
  }
  return lines;
}

type Imported = { readonly ms: number; readonly reports: number; readonly lost: number; readonly records: number };

/** An export is taken in, killed when half of its entities are, and given again; no reported record may be missing then. */
async function imported(file: string, count: number): Promise<Imported> {
  const directory = mkdtempSync(join(tmpdir(), "caxton-bench-import-"));
  try {
    const from = performance.now();
    const before = await heard(["import", directory, file], Math.floor(count / 2));
    const said = Records.parse(JSON.parse(before.at(-1) ?? "")).records;
    let lost: number;
    {
      await using memory = memoryOver(new SqliteMemoryStore({ directory, synchronous: "full" }));
      await memory.open();
      const names = range(0, Math.min(said, count)).map((at) => ({ scope: SCOPE, name: `entity ${at}` }));
      const found = await memory.store.find(names);
      lost = found.filter((entity) => entity?.observations.length !== 2).length;
    }
    const after = await heard(["import", directory, file]);
    const { records, problems = 0 } = Records.parse(JSON.parse(after.at(-1) ?? ""));
    if (problems > 0) throw new Error(`${problems} records were not taken in`);
    return { ms: performance.now() - from, reports: before.length + after.length, lost, records };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

type Named = Partial<Pick<Row, "target" | "met" | "peer" | "ratio">>;
const atMost = (value: number, most: number, target: string): Named => ({ target, met: value <= most });

/** Rows of so many entities. */
const namer =
  (count: number) =>
  (what: string, caxton: string, more: Named = {}): Row => ({
    what: `${what}, ${count.toLocaleString("en")} entities`,
    caxton,
    peer: "",
    ratio: "",
    target: "",
    met: undefined,
    ...more,
  });

/** Beside the reference memory server, where it was measured. */
const beside = (own: number, peer: number | undefined, show: (value: number) => string): Named =>
  peer === undefined ? {} : { peer: `${show(peer)} (reference memory server)`, ratio: `${(peer / own).toFixed(1)}×` };

function nearRows(count: number, { recall, times, peers }: Nearest): readonly Row[] {
  const named = namer(count);
  return [
    named("search by meaning alone, p50 / p99", both(times)),
    named("recall of the ten nearest", recall.toFixed(3), { target: "≥ 0.99", met: recall >= 0.99 }),
    ...peers.map(({ name, recall: theirs, filled, opened }) =>
      named("vectors alone: p50 / p99, recall, insert, first answer again, memory, file", both(times), {
        peer: `${both(filled.timesMs)}, ${theirs.toFixed(3)}, ${filled.insertUs.toFixed(0)} µs, ${ms(opened.firstMs)}, ${mib(opened.rssBytes)}, ${mib(filled.fileBytes)} (${name})`,
        ratio: `${(p50(filled.timesMs) / p50(times)).toFixed(1)}×`,
      }),
    ),
  ];
}

async function referenceOrWhyNot(file: string, count: number): Promise<Reference | undefined> {
  try {
    return await reference(file, count);
  } catch (error) {
    const why = error instanceof Error ? error.message : "";
    process.stdout.write(`the reference memory server cannot have ${count.toLocaleString("en")} entities: ${why}\n`);
    return undefined;
  }
}

async function rowsOf(count: number): Promise<readonly Row[]> {
  const directory = mkdtempSync(join(tmpdir(), "caxton-bench-memory-"));
  try {
    const file = join(directory, "export.jsonl");
    await exported(file, count);
    const exportBytes = statSync(file).size;
    const part = join(directory, "part.jsonl");
    const importedCount = Math.min(count, IMPORTED_MAX);
    await exported(part, importedCount);
    const taken = await imported(part, importedCount);
    const peer = await referenceOrWhyNot(file, count);
    const memory = memoryOver(new SqliteMemoryStore({ directory, synchronous: "full" }));
    await memory.open();
    const own = await measured(memory, count);
    await memory[Symbol.asyncDispose]();
    const bytes = statSync(join(directory, "memory.db")).size;
    const opened = Opened.parse(JSON.parse((await heard(["open", directory])).at(-1) ?? ""));
    const named = namer(count);
    const mostMs = count > 100_000 ? 5 : 3;
    return [
      named(`hybrid search, 10 words, the first ${QUERIES} of the process, p50 / p99`, both(own.early)),
      named("hybrid search, 10 words, p50 / p99", both(own.long), atMost(p50(own.long), mostMs, `${mostMs} ms p50`)),
      named(
        "hybrid search, 4 words, p50 / p99",
        both(own.short),
        beside(p50(own.short), peer && p50(peer.searches), ms),
      ),
      named("search by 4 words alone, p50 / p99", both(own.keyword)),
      ...nearRows(count, own.near),
      named(
        "graph, 3 steps out, through the thread, p50 / p99",
        both(own.walks),
        atMost(p50(own.walks), 0.1, "0.1 ms"),
      ),
      named("one entity remembered on disk, p50 / p99", both(own.stores), {
        ...atMost(p50(own.stores), 0.5, "0.5 ms"),
        ...beside(p50(own.stores), peer && p50(peer.stores), ms),
      }),
      named("entities remembered in batches of 100", perSecond((count / own.entitiesMs) * 1_000)),
      named("relations in batches of 500", perSecond(((count * RELATIONS) / own.relationsMs) * 1_000)),
      namer(importedCount)(
        `export of ${taken.records.toLocaleString("en")} records taken in, ${taken.reports} progress reports, killed -9 at half of the entities and given again`,
        `${ms(taken.ms)}; ${taken.lost} reported records lost`,
        { target: "0 lost", met: taken.lost === 0 },
      ),
      named("on disk, each with 2 observations, 5 relations, history", `${Math.round(bytes / count)} B`, {
        ...atMost(bytes / count, 1_200, "1,200 B"),
        ...beside(
          bytes / count,
          peer && exportBytes / count,
          (value) => `${Math.round(value)} B without history or vectors`,
        ),
      }),
      named(
        "resident memory that came with it",
        mib(own.rssBytes),
        count > 100_000 ? {} : atMost(own.rssBytes, 150 * 1024 ** 2, "150 MiB"),
      ),
      named(
        "resident when opened again, the whole process",
        mib(opened.rssBytes),
        beside(opened.rssBytes, peer?.rssBytes, mib),
      ),
      named("opened again: first answer", ms(opened.firstMs), beside(opened.firstMs, peer?.firstMs, ms)),
      named("opened again: all indexed", ms(opened.wholeMs)),
    ];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** All figures at so many entities. */
export async function run(counts: readonly number[] = [100_000, 1_000_000]): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const count of counts) rows.push(...(await rowsOf(count)));
  return rows;
}

if (import.meta.main) {
  const counts = process.argv.slice(2).map(Number);
  const [begun = 0] = loadavg();
  const rows = await run(counts.length > 0 ? counts : undefined);
  process.stdout.write(`${table(rows)}\n\nload ${begun.toFixed(1)} to ${loadavg()[0]?.toFixed(1)}\n`);
}
