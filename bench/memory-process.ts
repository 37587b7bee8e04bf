// Processes of `bench/memory.ts`, which say what they did as a line of JSON: `open <directory>` opens memory until all of it is
// indexed; `import <directory> <file>` takes an export in and prints how many records are on disk at each progress report.
import { createReadStream, writeSync } from "node:fs";
import { join } from "node:path";
import { CheckpointFiles } from "../src/memory/transfer/files/checkpoint-files.ts";
import { SqliteMemoryStore } from "../src/memory/stores/sqlite/index.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { MemoryTransfers } from "../src/memory/transfer/index.ts";
import { memoryOver, questionOf, SCOPE } from "./memory-data.ts";

const LOOK_MS = 20;

const [, , what, directory = "", file = ""] = process.argv;
const say = (said: object): void => void writeSync(1, `${JSON.stringify(said)}\n`);

const from = performance.now();
await using memory = memoryOver(new SqliteMemoryStore({ directory, synchronous: "full" }));
await memory.open();

if (what === "open") {
  const search = () => memory.search({ scopes: [SCOPE], text: questionOf(0, 4) });
  let { notices } = await search();
  const firstMs = performance.now() - from;
  while (notices.includes("indexing")) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    ({ notices } = await search());
  }
  say({ firstMs, wholeMs: performance.now() - from, rssBytes: process.memoryUsage().rss });
} else {
  const checkpoints = new CheckpointFiles(join(directory, "transfers"));
  const report = await new MemoryTransfers({ memory, checkpoints, clock: systemClock }).import(createReadStream(file), {
    merge: "error",
    scope: SCOPE,
    scopeKey: () => SCOPE,
    isTrial: false,
    source: "bench",
    key: "bench",
    onProgress: ({ records }) => say({ records }),
  });
  say({ records: report.records, problems: report.problems });
}
