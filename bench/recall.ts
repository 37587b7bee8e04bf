// Recall: vectors, keywords and the graph at 100,000 and 1,000,000 rows, beside sqlite-vec, LanceDB and usearch with the same
// vectors in the same run. `node bench/recall.ts [rows …]`; usearch has 100,000 at most.
import { loadavg } from "node:os";
import { GraphIndex, KeywordIndex, VectorIndex } from "../src/memory/search-index/index.ts";
import { mib, ms, quantile, type Row, table } from "./table.ts";
import { exactly, recallOf, vectorPeers } from "./vector-peers.ts";

const DIMS = 384;
const QUERIES = 100;
const TOPICS = 3_000;
const SCOPES = Array.from({ length: 10 }, (_none, at) => `scope ${at}`);
const scopeOf = (row: number): string => SCOPES[row % SCOPES.length] ?? "";

type Searched = {
  readonly insertUs: number;
  readonly timesMs: readonly number[];
  readonly found: readonly (readonly number[])[];
  readonly bytes: number;
};

let state = 1;
function chance(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
  return (state >>> 8) / 2 ** 24;
}
const bell = (): number => chance() + chance() + chance() - 1.5;
const pick = (count: number): number => Math.floor(chance() * count);

/** Unit vectors around mixtures of topics. */
function vectorsOf(count: number, topics: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(count * DIMS);
  for (let row = 0; row < count; row += 1) {
    const [one, other, share] = [topics[pick(TOPICS)], topics[pick(TOPICS)], chance()];
    const vector = all.subarray(row * DIMS, (row + 1) * DIMS);
    for (let at = 0; at < DIMS; at += 1) vector[at] = (one?.[at] ?? 0) + share * (other?.[at] ?? 0) + bell();
    const length = Math.hypot(...vector);
    for (let at = 0; at < DIMS; at += 1) vector[at] = (vector[at] ?? 0) / length;
  }
  return all;
}

const part = (all: Float32Array, index: number): Float32Array => all.subarray(index * DIMS, (index + 1) * DIMS);

const sorted = (times: readonly number[]): readonly number[] => times.toSorted((one, other) => one - other);
const p50 = (times: readonly number[]): number => quantile(sorted(times), 0.5);
const p99 = (times: readonly number[]): number => quantile(sorted(times), 0.99);

function timed<Result>(count: number, act: (at: number) => Result) {
  const results: Result[] = [];
  const timesMs: number[] = [];
  for (let at = 0; at < count; at += 1) {
    const from = performance.now();
    results.push(act(at));
    timesMs.push(performance.now() - from);
  }
  return { results, timesMs };
}

function searched(vectors: Float32Array, queries: Float32Array): Searched {
  const index = new VectorIndex({ dims: DIMS });
  const rows = vectors.length / DIMS;
  const began = performance.now();
  for (let row = 0; row < rows; row += 1) index.put(row, scopeOf(row), part(vectors, row));
  const insertUs = ((performance.now() - began) / rows) * 1_000;
  const search = (at: number) => index.search(part(queries, at % QUERIES), { scopes: SCOPES, limit: 10 });
  timed(QUERIES, search);
  const { results, timesMs } = timed(QUERIES, search);
  return { insertUs, timesMs, found: results.map((hits) => hits.map(({ row }) => row)), bytes: index.bytes };
}

type Figure = Pick<Row, "what" | "caxton"> & Partial<Row>;
const figure = (row: Figure): Row => ({ peer: "", ratio: "", target: "", met: undefined, ...row });

function vectorRows(count: number): readonly Row[] {
  const topics = Array.from({ length: TOPICS }, () => Float32Array.from({ length: DIMS }, bell));
  const vectors = vectorsOf(count, topics);
  const queries = vectorsOf(QUERIES, topics);
  const truth = Array.from({ length: QUERIES }, (_none, at) => exactly(vectors, part(queries, at)));
  const own = searched(vectors, queries);
  const what = `${count.toLocaleString("en")} vectors of ${DIMS}`;
  const targetMs = count > 100_000 ? 5 : 1.5;
  const recall = recallOf(own.found, truth);
  const peers = vectorPeers(vectors, queries, DIMS);
  return [
    figure({
      what: `${what}: ten best, p50`,
      caxton: ms(p50(own.timesMs)),
      target: `≤ ${targetMs} ms`,
      met: p50(own.timesMs) <= targetMs,
    }),
    figure({ what: `${what}: ten best, p99`, caxton: ms(p99(own.timesMs)) }),
    figure({ what: `${what}: recall of ten`, caxton: recall.toFixed(3), target: "≥ 0.99", met: recall >= 0.99 }),
    figure({
      what: `${what}: insert`,
      caxton: `${own.insertUs.toFixed(1)} µs`,
      target: "≤ 5 µs",
      met: own.insertUs <= 5,
    }),
    figure({ what: `${what}: memory for each`, caxton: `${(own.bytes / count).toFixed(0)} B` }),
    ...peers.map(({ name, filled }) =>
      figure({
        what: `${what}: ten best, p50`,
        caxton: ms(p50(own.timesMs)),
        peer: `${ms(p50(filled.timesMs))} (${name}: recall ${recallOf(filled.found, truth).toFixed(3)}, insert ${filled.insertUs.toFixed(0)} µs)`,
        ratio: `${(p50(filled.timesMs) / p50(own.timesMs)).toFixed(1)}×`,
      }),
    ),
  ];
}

/** Texts of made-up words, as unevenly often as those of a language. */
const textOf = (length: number): string =>
  Array.from({ length }, () => `w${Math.floor(40_000 ** chance()).toString(36)}x`).join(" ");

function keywordRows(count: number): readonly Row[] {
  const index = new KeywordIndex();
  const queries: string[] = [];
  const began = performance.now();
  for (let row = 0; row < count; row += 1) {
    const text = textOf(20 + pick(50));
    if (row % Math.floor(count / QUERIES) === 0) queries.push(text.split(" ").slice(0, 14).join(" "));
    index.put(row, scopeOf(row), text);
  }
  const insertUs = ((performance.now() - began) / count) * 1_000;
  const search = (at: number) => index.search(queries[at % QUERIES] ?? "", { scopes: SCOPES, limit: 10 });
  timed(QUERIES, search);
  const { timesMs } = timed(QUERIES, search);
  const what = `${count.toLocaleString("en")} texts of 45 words`;
  return [
    figure({ what: `${what}: query of 14 words, p50`, caxton: ms(p50(timesMs)), target: "about 1 ms at 100,000" }),
    figure({ what: `${what}: query of 14 words, p99`, caxton: ms(p99(timesMs)) }),
    figure({ what: `${what}: made up and inserted`, caxton: `${insertUs.toFixed(1)} µs` }),
    figure({ what: `${what}: memory`, caxton: mib(index.bytes) }),
  ];
}

function graphRows(count: number): readonly Row[] {
  const graph = new GraphIndex();
  for (let id = 0; id < count * 5; id += 1)
    graph.put({ id, from: pick(count), to: pick(count), type: `type ${id % 20}`, strength: chance(), both: false });
  const walk = () => graph.walk([pick(count)], { depth: 3, direction: "out", visitsMax: 1_000 });
  timed(QUERIES, walk);
  const { timesMs, results } = timed(QUERIES * 10, walk);
  const visited = results.reduce((sum, { visited: rows }) => sum + rows.length, 0) / results.length;
  const what = `${(count * 5).toLocaleString("en")} relations: three steps out, ${visited.toFixed(0)} rows, p50`;
  return [figure({ what, caxton: ms(p50(timesMs)), target: "≤ 0.1 ms", met: p50(timesMs) <= 0.1 })];
}

/** All figures at so many rows. */
export async function run(counts: readonly number[] = [100_000, 1_000_000]): Promise<readonly Row[]> {
  return counts.flatMap((count) => [
    ...vectorRows(count),
    ...keywordRows(count),
    ...graphRows(Math.min(count, 100_000)),
  ]);
}

if (import.meta.main) {
  const counts = process.argv.slice(2).map(Number);
  const rows = await run(counts.length > 0 ? counts : undefined);
  process.stdout.write(`${table(rows)}\n\nLoad of the machine: ${(loadavg()[0] ?? 0).toFixed(1)}\n`);
}
