// Vectors in sqlite-vec, LanceDB and usearch, each in a process of its own.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { installPeers } from "./peer.ts";

const VECTOR_PEERS = ["sqlite-vec", "@lancedb/lancedb", "usearch"] as const;
/** Of more rows than these, building a graph would take most of an hour, and comparing all of them for each question minutes. */
const ROWS_MANY = 100_000;
const QUERIES_OF_MANY = 20;

const Searched = z.object({
  insertUs: z.number(),
  /** From the start of the process to the first answer. */
  firstMs: z.number(),
  timesMs: z.array(z.number()),
  found: z.array(z.array(z.number())),
  rssBytes: z.number(),
  fileBytes: z.number(),
});
type Searched = z.infer<typeof Searched>;
/** Filled and searched; then opened again by another process. */
export type VectorPeer = { readonly name: string; readonly filled: Searched; readonly opened: Searched };

/** Rows of `dims` numbers each; every query asks for the ten that are most similar. Of many rows without usearch, with the first queries alone. */
export function vectorPeers(vectors: Float32Array, queries: Float32Array, dims: number): readonly VectorPeer[] {
  installPeers();
  const isMany = vectors.length / dims > ROWS_MANY;
  const asked = isMany ? queries.subarray(0, QUERIES_OF_MANY * dims) : queries;
  const names = VECTOR_PEERS.filter((name) => !isMany || name !== "usearch");
  const directory = mkdtempSync(join(tmpdir(), "caxton-bench-vectors-"));
  try {
    writeFileSync(
      join(directory, "vectors.f32"),
      new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength),
    );
    writeFileSync(join(directory, "queries.f32"), new Uint8Array(asked.buffer, asked.byteOffset, asked.byteLength));
    return names.flatMap((name) => {
      try {
        return [{ name, filled: run(name, directory, dims), opened: run(name, directory, dims) }];
      } catch (error) {
        process.stdout.write(`${name} does not run here: ${error instanceof Error ? error.message : ""}\n`);
        return [];
      }
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function run(name: string, directory: string, dims: number): Searched {
  const words = [join(import.meta.dirname, "peers", "vectors.mjs"), name, directory, String(dims)];
  return Searched.parse(
    JSON.parse(
      execFileSync(process.execPath, words, {
        encoding: "utf8",
        maxBuffer: 2 ** 28,
        stdio: ["ignore", "pipe", "inherit"],
      }),
    ),
  );
}

/** The ten rows that are most similar to the query, by floating point. */
export function exactly(vectors: Float32Array, query: Float32Array): readonly number[] {
  const dims = query.length;
  const best: { row: number; similarity: number }[] = [];
  for (let row = 0, rows = vectors.length / dims; row < rows; row += 1) {
    let similarity = 0;
    for (let at = 0, from = row * dims; at < dims; at += 1) similarity += (vectors[from + at] ?? 0) * (query[at] ?? 0);
    if (best.length === 10 && similarity <= (best[9]?.similarity ?? 0)) continue;
    best.push({ row, similarity });
    best.sort((one, other) => other.similarity - one.similarity);
    best.length = Math.min(10, best.length);
  }
  return best.map(({ row }) => row);
}

/** The share of the rows that are most similar which were found, of as many queries as were asked. */
export function recallOf(found: readonly (readonly number[])[], truth: readonly (readonly number[])[]): number {
  const right = found.reduce((sum, rows, at) => sum + (truth[at] ?? []).filter((row) => rows.includes(row)).length, 0);
  return right / (found.length * 10);
}
