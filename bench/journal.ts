// What a run costs on disk and in memory: bytes for each step at 10, 100 and 500 turns, reading such a run, a run that waits,
// and what is left after many. Run it alone with `node bench/journal.ts [runs]`.
import { scripted } from "../src/models/vendors/index.ts";
import { mint, RunId } from "../src/kernel/ids.ts";
import { foldRun } from "../src/runs/record/index.ts";
import { done, engine } from "../test/helpers/engine.ts";
import { tempDirectory } from "../test/helpers/temp.ts";
import { kib, row, sleep } from "./stage.ts";
import { mib, ms, type Row, table } from "./table.ts";

export const TURNS = [10, 100, 500] as const;
/** What a tool says each time, the same in every call, and what is new in each. */
export const SAME = "the same page of a manual that a tool returns whenever it is asked. ".repeat(60);
export const RESULT_CHARS = 600;
const RUNS = 20_000;
const RUNS_TOGETHER = 64;
const WAITING = 2_000;

type Figures = { readonly bytesPerStep: number; readonly readMs: number; readonly runMs: number };

const result = (text: unknown): string => `${SAME}${`${String(text)} `.repeat(RESULT_CHARS / 8)}`;

/** One run with that many turns, a call in each. */
export async function measure(turns: number): Promise<Figures> {
  using directory = tempDirectory();
  const script = Array.from({ length: turns }, (_none, turn) => ({
    text: `Turn ${turn} has started.`,
    toolCalls: [{ name: "fake__look", arguments: { text: `turn ${turn}` } }],
  }));
  await using made = engine({
    model: scripted([...script, { text: "done" }]),
    directory: directory.path,
    tools: [
      {
        name: "look",
        run: ({ arguments: { text } }) => ({
          ...done(SAME),
          structured: { new: result(text).slice(SAME.length), page: SAME },
        }),
      },
    ],
    plan: { stepsMax: 1_000, timeoutMs: 600_000 },
  });
  const before = made.database.bytes();
  const begunMs = performance.now();
  const { id, view } = await made.run("go");
  const runMs = performance.now() - begunMs;
  if (view.state !== "completed")
    throw new Error(`a run of ${turns} turns is ${view.state}: ${view.failure?.message ?? ""}`);
  const readMs = performance.now();
  foldRun(made.journal.read(id, 0));
  const tookMs = performance.now() - readMs;
  made.database.sql("PRAGMA wal_checkpoint(TRUNCATE)").all();
  return { bytesPerStep: (made.database.bytes() - before) / (2 * turns), readMs: tookMs, runMs };
}

async function growth(): Promise<readonly Row[]> {
  const figures = new Map<number, Figures>();
  for (const turns of TURNS) figures.set(turns, await measure(turns));
  const [few, many] = [figures.get(100), figures.get(500)];
  const isLinear = few !== undefined && many !== undefined && many.bytesPerStep <= few.bytesPerStep * 1.15;
  return [...figures].flatMap(([turns, { bytesPerStep, readMs, runMs }]) => [
    row(
      `journal of ${turns} turns: bytes on disk for each step`,
      `${bytesPerStep.toFixed(0)} B`,
      turns === 500 ? "as at 100" : "",
      turns === 500 ? isLinear : undefined,
    ),
    row(`journal of ${turns} turns: read and folded`, ms(readMs)),
    row(`journal of ${turns} turns: time of the run for each turn`, ms(runMs / turns)),
  ]);
}

/** Resident bytes after a collection, where the process was started so that it can be asked for one. */
async function resident(): Promise<number> {
  globalThis.gc?.();
  await sleep(50);
  return process.memoryUsage().rss;
}

async function waiting(): Promise<readonly Row[]> {
  using directory = tempDirectory();
  await using made = engine({
    model: scripted([{ text: "hi" }]),
    directory: directory.path,
    options: { pauseUntilResumed: true, queuedMax: WAITING },
  });
  const start = () =>
    made.runs.start({
      id: mint(RunId),
      workspace: "default",
      agent: "tester",
      input: "go",
      model: undefined,
      files: [],
    });
  for (let count = 0; count < WAITING / 4; count += 1) await start();
  const before = await resident();
  for (let count = 0; count < WAITING / 2; count += 1) await start();
  const each = ((await resident()) - before) / (WAITING / 2);
  return [row("a run that waits for its turn, in memory", kib(Math.max(0, each)))];
}

async function flat(runs: number): Promise<readonly Row[]> {
  using directory = tempDirectory();
  const script = [{ toolCalls: [{ name: "fake__look", arguments: { text: "x" } }] }, { text: "done" }];
  await using made = engine({
    model: scripted(script),
    directory: directory.path,
    tools: [{ name: "look", run: () => done("looked") }],
  });
  const many = async (count: number) => {
    let left = count;
    const worker = async () => {
      while (left-- > 0) {
        await (
          await made.begin("go")
        ).ended;
        // The tests' tools remember their calls, and with each call the run that made it.
        made.tools.calls.length = 0;
        made.tools.ended.length = 0;
      }
    };
    await Promise.all(Array.from({ length: RUNS_TOGETHER }, worker));
  };
  await many(runs / 4);
  const quarter = await resident();
  await many((runs * 3) / 4);
  const whole = await resident();
  const what = `RSS after ${runs.toLocaleString("en")} runs`;
  const target = "≤ 10% above a quarter of them";
  return [row(what, `${mib(whole)} (${mib(quarter)} at a quarter)`, target, whole <= quarter * 1.1)];
}

export async function run(runs = RUNS): Promise<readonly Row[]> {
  return [...(await growth()), ...(await waiting()), ...(await flat(runs))];
}

if (import.meta.main) process.stdout.write(`${table(await run(Number(process.argv[2] ?? RUNS)))}\n`);
