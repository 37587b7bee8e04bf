// Durable runs beside LangGraph.js with its SQLite checkpointer: what a run costs, how soon runs that were cut off are over, and
// what they leave on disk. Run it alone with `node bench/langgraph.ts`.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import * as z from "zod";
import { tempDirectory } from "../test/helpers/temp.ts";
import { measure, RESULT_CHARS, SAME, TURNS } from "./journal.ts";
import { installPeers } from "./peer.ts";
import { resumed } from "./resume.ts";
import { measureCaxton } from "./run-overhead.ts";
import { ms, perSecond, type Row, table } from "./table.ts";

const PEER = "LangGraph";
const RESUMED = 2_000;

const Overhead = z.object({ p50Ms: z.number(), p99Ms: z.number(), runsPerSecond: z.number() });
const Growth = z.object({ bytesPerStep: z.number(), runMs: z.number() });
const Resumed = z.object({ runs: z.literal(RESUMED), tookMs: z.number() });

/** What `peers/langgraph.mjs` prints for these words. */
function peer(...words: readonly (string | number)[]): unknown {
  const script = join(import.meta.dirname, "peers", "langgraph.mjs");
  const printed = execFileSync(process.execPath, ["--no-warnings", script, ...words.map(String)], { encoding: "utf8" });
  return JSON.parse(printed);
}

type Sides = { readonly caxton: number; readonly peer: number };

/** A row of figures of which the smaller is the better. */
const less = (what: string, show: (value: number) => string, sides: Sides): Row => ({
  what,
  caxton: show(sides.caxton),
  peer: `${show(sides.peer)} (${PEER})`,
  ratio: `${(sides.peer / sides.caxton).toFixed(1)}×`,
  target: "",
  met: undefined,
});

async function overhead(): Promise<readonly Row[]> {
  const caxton = await measureCaxton();
  const other = Overhead.parse(peer("overhead", 500, 2_000));
  const rate = { caxton: 1 / caxton.runsPerSecond, peer: 1 / other.runsPerSecond };
  return [
    less("durable run, one tool call, p50", ms, { caxton: caxton.p50Ms, peer: other.p50Ms }),
    less("durable run, one tool call, p99", ms, { caxton: caxton.p99Ms, peer: other.p99Ms }),
    less("durable runs, 64 at a time", (each) => perSecond(1 / each), rate),
  ];
}

async function resume(): Promise<Row> {
  using directory = tempDirectory();
  const file = join(directory.path, "checkpoints.db");
  peer("fill", file, RESUMED);
  const other = Resumed.parse(peer("resume", file));
  const caxton = await resumed(RESUMED);
  const what = `${RESUMED.toLocaleString("en")} runs that were cut off: all of them over`;
  return less(what, ms, { caxton: caxton.tookMs, peer: other.tookMs });
}

async function growth(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const turns of TURNS) {
    const caxton = await measure(turns);
    const other = Growth.parse(peer("growth", turns, SAME.length, RESULT_CHARS));
    const bytes = { caxton: caxton.bytesPerStep, peer: other.bytesPerStep };
    const each = { caxton: caxton.runMs / turns, peer: other.runMs / turns };
    rows.push(
      less(`run of ${turns} turns: bytes on disk for each step`, (value) => `${value.toFixed(0)} B`, bytes),
      less(`run of ${turns} turns: time of the run for each turn`, ms, each),
    );
  }
  return rows;
}

export async function run(): Promise<readonly Row[]> {
  installPeers();
  return [...(await overhead()), await resume(), ...(await growth())];
}

if (import.meta.main) process.stdout.write(`${table(await run())}\n`);
