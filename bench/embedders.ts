/**
 * How many texts embedders make vectors of: `node bench/embedders.ts [directory with all-minilm-l6-v2.image]`.
 */
import { existsSync, readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { openEmbedder } from "../src/backends/embeddings/index.ts";
import { systemClock } from "../src/kernel/clock.ts";
import type { Embedder } from "../src/memory/index.ts";
import { ms, perSecond, quantile, type Row, table } from "./table.ts";

const ROOT = join(import.meta.dirname, "..");
const SPAN_MS = 1_500;
const SIZES = [1, 8, 32, 256, 2_048];

const texts = readFileSync(join(ROOT, "tools", "distil", "eval", "pairs.tsv"), "utf8")
  .trimEnd()
  .split("\n")
  .flatMap((line) => line.split("\t").slice(1));

/** Calls of so many texts, one after another, for a while. */
async function measure(name: string, embedder: Embedder, size: number): Promise<Row> {
  const times: number[] = [];
  let at = 0;
  for (let call = 0; call < 5; call += 1) await embedder.embed(texts.slice(0, size));
  for (const from = performance.now(); performance.now() - from < SPAN_MS; at += size) {
    const given = Array.from({ length: size }, (_none, index) => texts[(at + index) % texts.length] ?? "");
    const before = performance.now();
    await embedder.embed(given);
    times.push(performance.now() - before);
  }
  times.sort((one, other) => one - other);
  const allMs = times.reduce((sum, one) => sum + one, 0);
  return {
    what: `embedder ${name}: ${size.toLocaleString("en")} texts a call`,
    caxton: `${perSecond((1_000 * times.length * size) / allMs)}; a call ${ms(quantile(times, 0.5))} / ${ms(quantile(times, 0.99))}`,
    peer: "",
    ratio: "",
    target: "",
    met: undefined,
  };
}

/** All figures; of the model only where it is installed. */
export async function run(directory = join(ROOT, ".caxton", "models")): Promise<readonly Row[]> {
  const embedders: (readonly [string, Embedder])[] = [["static", openEmbedder({ type: "static" }, systemClock)]];
  if (existsSync(join(directory, "all-minilm-l6-v2.image")))
    embedders.push(["all-minilm-l6-v2", openEmbedder({ type: "minilm", directory }, systemClock)]);
  const rows: Row[] = [];
  for (const [name, embedder] of embedders) {
    for (const size of SIZES) rows.push(await measure(name, embedder, size));
    await embedder.close();
  }
  return rows;
}

if (import.meta.main) {
  const rows = await run(process.argv[2]);
  process.stdout.write(`${table(rows)}\n\nload ${loadavg()[0]?.toFixed(1)}\n`);
}
