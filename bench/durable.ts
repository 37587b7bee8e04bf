// Durable runs beside LangGraph.js with its SQLite checkpointer and Mastra's durable agents with their LibSQL storage: what a run
// costs, how soon runs that were cut off are over, what they leave on disk, and what one that waits takes of memory. Each side has
// its turn in every round, and the median of the rounds counts. Run it alone with `node bench/durable.ts [small]`.
import { execFileSync } from "node:child_process";
import { loadavg } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as z from "zod";
import { scripted } from "../src/models/vendors/index.ts";
import { NO_RULES, PERMIT_ALL } from "../src/agents/permissions/index.ts";
import { done, engine } from "../test/helpers/engine.ts";
import { tempDirectory } from "../test/helpers/temp.ts";
import { measure, RESULT_CHARS, SAME, TURNS } from "./journal.ts";
import { installPeers } from "./peer.ts";
import { resumed } from "./resume.ts";
import { measureCaxton } from "./run-overhead.ts";
import { p50, sorted } from "./stage.ts";
import { ms, perSecond, type Row, table } from "./table.ts";

type Sizes = {
  readonly rounds: number;
  /** Runs one after the other, and 64 at a time. */
  readonly caxton: { readonly sequential: number; readonly total: number };
  readonly langgraph: { readonly sequential: number; readonly total: number };
  readonly mastra: { readonly sequential: number; readonly total: number; readonly turnsMax: number };
  readonly resumed: number;
  readonly turns: readonly number[];
  readonly waiting: { readonly caxton: number; readonly langgraph: number; readonly mastra: number };
};
const WHOLE: Sizes = {
  rounds: 3,
  caxton: { sequential: 1_000, total: 4_000 },
  langgraph: { sequential: 200, total: 800 },
  mastra: { sequential: 20, total: 60, turnsMax: 10 },
  resumed: 10_000,
  turns: TURNS,
  waiting: { caxton: 2_000, langgraph: 1_000, mastra: 100 },
};
const SMALL: Sizes = {
  rounds: 1,
  caxton: { sequential: 200, total: 500 },
  langgraph: { sequential: 50, total: 100 },
  mastra: { sequential: 5, total: 10, turnsMax: 10 },
  resumed: 500,
  turns: [10],
  waiting: { caxton: 200, langgraph: 100, mastra: 10 },
};
const TOGETHER = 64;

const Overhead = z.object({ p50Ms: z.number(), p99Ms: z.number(), runsPerSecond: z.number() });
const Growth = z.object({ bytesPerStep: z.number(), runMs: z.number() });
const Waiting = z.object({ bytesPerRun: z.number() });

/** What a program of `peers/` prints for these words. */
function peer(program: string, ...words: readonly (string | number)[]): unknown {
  const script = join(import.meta.dirname, "peers", program);
  const flags = ["--no-warnings", "--expose-gc"];
  const printed = execFileSync(process.execPath, [...flags, script, ...words.map(String)], { encoding: "utf8" });
  return JSON.parse(printed.trim().split("\n").at(-1) ?? "");
}
const langgraph = (...words: readonly (string | number)[]) => peer("langgraph.mjs", ...words);
const mastra = (...words: readonly (string | number)[]) => peer("mastra-durable.mjs", ...words);

const median = (values: readonly number[]): number => p50(sorted(values));
const rateOf = (micros: number): string => perSecond(1_000_000 / micros);
const bytes = (value: number): string => `${Math.round(value).toLocaleString("en")} B`;

type Sides = { readonly caxton: readonly number[]; readonly peer: readonly number[]; readonly name: string };

/** A row of figures of which the smaller is the better. */
function less(what: string, show: (value: number) => string, { caxton, peer: other, name }: Sides): Row {
  const [ours, theirs] = [median(caxton), median(other)];
  const ratio = ours < 1 ? "" : `${(theirs / ours).toFixed(1)}×`;
  return { what, caxton: show(ours), peer: `${show(theirs)} (${name})`, ratio, target: "", met: undefined };
}

async function overhead({ rounds, ...sizes }: Sizes): Promise<readonly Row[]> {
  const sides: { [side: string]: z.infer<typeof Overhead>[] } = { Caxton: [], LangGraph: [], Mastra: [] };
  for (let round = 0; round < rounds; round += 1) {
    sides["Caxton"]?.push(await measureCaxton(sizes.caxton));
    const words = ({ sequential, total }: Sizes["langgraph"]) => ["overhead", sequential, total, TOGETHER] as const;
    sides["LangGraph"]?.push(Overhead.parse(langgraph(...words(sizes.langgraph))));
    sides["Mastra"]?.push(Overhead.parse(mastra(...words(sizes.mastra))));
  }
  return ["LangGraph", "Mastra"].flatMap((name) => {
    const both = (of: (figures: z.infer<typeof Overhead>) => number): Sides => ({
      name,
      caxton: (sides["Caxton"] ?? []).map(of),
      peer: (sides[name] ?? []).map(of),
    });
    const each = both(({ runsPerSecond }) => 1_000_000 / runsPerSecond);
    return [
      less(
        "durable run, one tool call, p50",
        ms,
        both(({ p50Ms }) => p50Ms),
      ),
      less(
        "durable run, one tool call, p99",
        ms,
        both(({ p99Ms }) => p99Ms),
      ),
      less(`durable runs, ${TOGETHER} at a time`, rateOf, each),
    ];
  });
}

async function resume({ rounds, resumed: runs }: Sizes): Promise<Row> {
  const Resumed = z.object({ runs: z.literal(runs), tookMs: z.number() });
  const [caxton, other]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    using directory = tempDirectory();
    const file = join(directory.path, "checkpoints.db");
    langgraph("fill", file, runs);
    other.push(Resumed.parse(langgraph("resume", file)).tookMs);
    caxton.push((await resumed(runs)).tookMs);
  }
  const what = `${runs.toLocaleString("en")} runs that were cut off: all of them over`;
  return less(what, ms, { caxton, peer: other, name: "LangGraph" });
}

async function growth({ turns: lengths, mastra: { turnsMax } }: Sizes): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const turns of lengths) {
    const caxton = await measure(turns);
    const words = ["growth", turns, SAME.length, RESULT_CHARS] as const;
    const peers = [{ name: "LangGraph", ...Growth.parse(langgraph(...words)) }];
    if (turns <= turnsMax) peers.push({ name: "Mastra", ...Growth.parse(mastra(...words)) });
    for (const { name, bytesPerStep, runMs } of peers) {
      const size: Sides = { name, caxton: [caxton.bytesPerStep], peer: [bytesPerStep] };
      const each: Sides = { name, caxton: [caxton.runMs / turns], peer: [runMs / turns] };
      rows.push(
        less(`run of ${turns} turns: bytes on disk for each step`, bytes, size),
        less(`run of ${turns} turns: time of the run for each turn`, ms, each),
      );
    }
  }
  return rows;
}

setFlagsFromString("--expose-gc");
const collect: unknown = runInNewContext("gc");
function held(): number {
  if (typeof collect === "function") collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Memory of runs that are suspended until a call is approved. */
async function resting(runs: number): Promise<number> {
  using directory = tempDirectory();
  const model = scripted([{ toolCalls: [{ name: "fake__pay", arguments: { text: "5" } }] }, { text: "finished" }]);
  const plan = { permissions: { ...PERMIT_ALL, server: { ...NO_RULES, ask: ["fake.pay"] } } };
  const tools = [{ name: "pay", run: () => done("paid") }];
  await using made = engine({ model, directory: directory.path, tools, plan });
  const many = async (count: number) => {
    for (let each = 0; each < count; each += 1) {
      const { outcome } = await made.run("go");
      if (outcome.state !== "awaiting-approval") throw new Error(`a run is ${outcome.state}`);
      // The tests' tools remember which runs were over.
      made.tools.ended.length = 0;
    }
  };
  await many(runs / 4);
  const before = held();
  await many(runs);
  return Math.max(0, (held() - before) / runs);
}

async function waiting({ waiting: runs }: Sizes): Promise<readonly Row[]> {
  const caxton = [await resting(runs.caxton)];
  const others = [
    { name: "LangGraph", peer: [Waiting.parse(langgraph("waiting", runs.langgraph)).bytesPerRun] },
    { name: "Mastra", peer: [Waiting.parse(mastra("waiting", runs.mastra)).bytesPerRun] },
  ];
  return others.map((other) => less("a run that waits for a person, in memory", bytes, { caxton, ...other }));
}

export async function run(sizes: Sizes = WHOLE): Promise<readonly Row[]> {
  installPeers();
  return [...(await overhead(sizes)), await resume(sizes), ...(await growth(sizes)), ...(await waiting(sizes))];
}

if (import.meta.main) {
  const [before] = loadavg();
  process.stdout.write(`${table(await run(process.argv[2] === "small" ? SMALL : WHOLE))}\n`);
  process.stdout.write(`load before ${before?.toFixed(1)}, after ${loadavg()[0]?.toFixed(1)}\n`);
}
