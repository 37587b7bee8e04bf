/**
 * How many texts embedders make vectors of: `node bench/embedders.ts [directory with all-minilm-l6-v2.image]`.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process, { stdout } from "node:process";
import { openEmbedder } from "../src/backends/embeddings/index.ts";
import { systemClock } from "../src/kernel/clock.ts";
import type { Embedder } from "../src/memory/index.ts";

const ROOT = join(import.meta.dirname, "..");
const SPAN_MS = 1_500;

const texts = readFileSync(join(ROOT, "tools", "distil", "eval", "pairs.tsv"), "utf8")
  .trimEnd()
  .split("\n")
  .flatMap((line) => line.split("\t").slice(1));

type Figures = { readonly perSecond: number; readonly p50Us: number; readonly p99Us: number };

/** Calls of so many texts, one after another, for a while. */
async function measure(embedder: Embedder, size: number): Promise<Figures> {
  const spansMs: number[] = [];
  let at = 0;
  for (let call = 0; call < 5; call++) await embedder.embed(texts.slice(0, size));
  for (const startMs = performance.now(); performance.now() - startMs < SPAN_MS; at += size) {
    const given = Array.from({ length: size }, (_, index) => texts[(at + index) % texts.length] ?? "");
    const beforeMs = performance.now();
    await embedder.embed(given);
    spansMs.push(performance.now() - beforeMs);
  }
  spansMs.sort((one, other) => one - other);
  const quantile = (share: number): number => 1_000 * (spansMs[Math.floor(share * spansMs.length)] ?? 0);
  const allMs = spansMs.reduce((sum, ms) => sum + ms, 0);
  return { perSecond: (1_000 * spansMs.length * size) / allMs, p50Us: quantile(0.5), p99Us: quantile(0.99) };
}

const directory = process.argv[2] ?? join(ROOT, ".caxton", "models");
const openedMs = performance.now();
const table = openEmbedder({ type: "static" }, systemClock);
stdout.write(`static: loaded in ${(performance.now() - openedMs).toFixed(1)} ms\n`);
const embedders: [string, Embedder][] = [["static", table]];
if (existsSync(join(directory, "all-minilm-l6-v2.image")))
  embedders.push(["all-minilm-l6-v2", openEmbedder({ type: "minilm", directory }, systemClock)]);

for (const [name, embedder] of embedders) {
  for (const size of [1, 8, 32, 256, 2_048]) {
    const { perSecond, p50Us, p99Us } = await measure(embedder, size);
    stdout.write(
      `${name}: ${size} texts a call: ${Math.round(perSecond)} texts/s, p50 ${p50Us.toFixed(0)} us, p99 ${p99Us.toFixed(0)} us\n`,
    );
  }
  await embedder.close();
}
