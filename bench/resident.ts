// What stays in memory after very many runs with a sandboxed tool call each, every step on disk: resident bytes after each tenth
// of them, beside LangGraph.js and Mastra with their durable storage. Each of the three runs in a process of its own, and is asked
// after a collection. Run it alone with `node bench/resident.ts [runs] [runs of LangGraph.js] [runs of Mastra]`.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as z from "zod";
import { installPeers } from "./peer.ts";
import { benchRuns, CONCURRENCY } from "./run-overhead.ts";
import { row, sleep } from "./stage.ts";
import { mib, type Row, table } from "./table.ts";

const RUNS = 100_000;
/** They do some 260 and 14 runs a second; as many as the others would take hours. */
const LANGGRAPH_RUNS = 20_000;
const MASTRA_RUNS = 1_000;
const PARTS = 10;

/** Resident bytes after each tenth of the runs. */
const Resident = z.array(z.number()).length(PARTS);
type Resident = z.infer<typeof Resident>;

const flatBelow = 1.1;

function measured(script: string, ...words: readonly (string | number)[]): Resident {
  const flags = ["--no-warnings", "--expose-gc"];
  const printed = execFileSync(process.execPath, [...flags, join(import.meta.dirname, script), ...words.map(String)], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  return Resident.parse(JSON.parse(printed.trim().split("\n").at(-1) ?? ""));
}

function rows(name: string, runs: number, resident: Resident): readonly Row[] {
  const at = (tenth: number): number => resident[tenth - 1] ?? 0;
  const count = runs.toLocaleString("en");
  const shown = `${mib(at(PARTS))} (${mib(at(1))} after a tenth, ${mib(at(5))} after half)`;
  if (name !== "Caxton") return [{ ...row(`RSS after ${count} runs with a tool`, ""), peer: `${shown} (${name})` }];
  const isFlat = at(PARTS) <= at(5) * flatBelow;
  return [row(`RSS after ${count} runs with a tool`, shown, "≤ 10% above half of them", isFlat)];
}

export async function run(runs = RUNS, langgraph = LANGGRAPH_RUNS, mastra = MASTRA_RUNS): Promise<readonly Row[]> {
  installPeers();
  return [
    ...rows("Caxton", runs, measured("resident.ts", "own", runs)),
    ...(langgraph > 0 ? rows("LangGraph", langgraph, measured("peers/langgraph.mjs", "memory", langgraph)) : []),
    ...(mastra > 0 ? rows("Mastra", mastra, measured("peers/mastra-durable.mjs", "memory", mastra)) : []),
  ];
}

/** The part that runs in its own process: prints the resident bytes after each tenth, and each as soon as it is known. */
async function own(total: number): Promise<Resident> {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  const resident: number[] = [];
  await using bench = await benchRuns();
  for (let part = 0; part < PARTS; part += 1) {
    await bench.together(Math.round(total / PARTS));
    if (typeof collect === "function") collect();
    await sleep(50);
    resident.push(process.memoryUsage().rss);
    process.stderr.write(
      `${((part + 1) * total) / PARTS} runs, ${CONCURRENCY} at a time: ${mib(resident.at(-1) ?? 0)}\n`,
    );
  }
  return resident;
}

if (import.meta.main) {
  const [first, ...more] = process.argv.slice(2);
  if (first === "own") process.stdout.write(`${JSON.stringify(await own(Number(more[0])))}\n`);
  else
    process.stdout.write(`${table(await run(...[first, ...more].filter((word) => word !== undefined).map(Number)))}\n`);
}
