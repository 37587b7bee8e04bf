// What agents cost: reading a definition, and ten thousand deployed ones beside an idle server.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readDefinition } from "../src/agents/definitions/index.ts";
import { compose } from "../src/server/compose.ts";
import { loadConfig } from "../src/server/config/config.ts";
import { tempDirectory } from "../test/helpers/temp.ts";
import { mib, ms, quantile, type Row } from "./table.ts";

const AGENTS = 10_000;
const BATCH = 500;
const LOADS = 2_000;

const sample = readFileSync(join(import.meta.dirname, "../examples/agents/data-analyzer.toml"), "utf8");

export async function run(): Promise<readonly Row[]> {
  const loadMs = measureLoad();
  const { idle, above } = await measureMemory();
  return [
    { what: "definition load p50", caxton: ms(loadMs), peer: "", ratio: "", target: "≤ 1 ms", met: loadMs <= 1 },
    {
      what: "idle server, tool servers deployed (RSS)",
      caxton: mib(idle),
      peer: "",
      ratio: "",
      target: "",
      met: undefined,
    },
    {
      what: `${AGENTS.toLocaleString("en")} deployed agents above idle (RSS)`,
      caxton: mib(above),
      peer: "",
      ratio: "",
      target: "≤ 100 MB",
      met: above <= 100e6,
    },
  ];
}

function measureLoad(): number {
  const times: number[] = [];
  for (let count = 0; count < LOADS; count += 1) {
    const begunMs = performance.now();
    const reading = readDefinition(sample.replace("data-analyzer", `agent-${count}`), "agent.toml");
    times.push(performance.now() - begunMs);
    if (reading.type === "invalid") throw new Error(JSON.stringify(reading.problems));
  }
  return quantile(
    times.toSorted((left, right) => left - right),
    0.5,
  );
}

async function measureMemory(): Promise<{ readonly idle: number; readonly above: number }> {
  using directory = tempDirectory();
  const loaded = loadConfig({ settings: { "data.directory": directory.path } }, {}, directory.path);
  await using caxton = await compose(loaded);
  await caxton.tools.start();
  const { agents } = caxton.agents;
  await settle();
  const idle = process.memoryUsage.rss();
  for (let from = 0; from < AGENTS; from += BATCH) {
    const files = Array.from({ length: BATCH }, (_none, index) => ({
      source: sample.replace('"data-analyzer"', `"agent-${from + index}"`),
      fileName: `agent-${from + index}.toml`,
    }));
    await agents.deployAll("default", files);
  }
  await settle();
  return { idle, above: process.memoryUsage.rss() - idle };
}

/** Lets what is garbage go before memory is read. */
async function settle(): Promise<void> {
  for (let round = 0; round < 5; round += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
