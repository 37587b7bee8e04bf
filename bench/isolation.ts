// What it costs to give a run a worker of its own, beside a run in the server: a scripted model that answers at once, no tool,
// every step on disk. Run it alone with `node bench/isolation.ts`.
import { scripted } from "../src/models/vendors/index.ts";
import { mint, RunId } from "../src/kernel/ids.ts";
import type { WorkerPoolOptions } from "../src/runs/workers/index.ts";
import { compose } from "../src/server/compose.ts";
import { loadConfig } from "../src/server/config/config.ts";
import { models } from "../test/helpers/engine.ts";
import { tempDirectory } from "../test/helpers/temp.ts";
import { p50, p99, sleep, sorted } from "./stage.ts";
import { ms, perSecond, type Row, table } from "./table.ts";

const AGENT = `name = "bench"
version = "1.0.0"
capabilities = ["benchmark"]
system_prompt = "Answer."
`;
const WARM_UP = 10;
const ROUNDS = 30;
/** Between two runs, so that the next worker is on standby. */
const PAUSE_MS = 300;
const TOTAL = 60;
const CONCURRENCY = 8;

type Figures = { readonly p50Ms: number; readonly p99Ms: number; readonly runsPerSecond: number };

async function measure(
  isolation: "context" | "worker",
  workers: Partial<Pick<WorkerPoolOptions, "warm">> = {},
): Promise<Figures> {
  using directory = tempDirectory();
  const settings = {
    "data.directory": directory.path,
    "runs.isolation": isolation,
    "runs.workers": { max: CONCURRENCY, ...workers },
  };
  await using caxton = await compose(loadConfig({ settings }, {}, directory.path), {
    models: models(scripted([{ text: "Yes." }])),
  });
  await caxton.tools.start();
  const { agents } = caxton.agents;
  const { runs } = caxton.runs;
  runs.resumeUnfinished();
  await agents.deploy("default", { source: AGENT, fileName: "bench.toml" });
  const once = async (): Promise<number> => {
    const id = mint(RunId);
    const begunMs = performance.now();
    const request = { id, workspace: "default", agent: "bench", input: "say yes", model: undefined, files: [] };
    const { ended } = await runs.start(request);
    const { state } = await ended;
    if (state !== "completed") throw new Error(`a run is ${state}: ${JSON.stringify(runs.view(id).failure)}`);
    return performance.now() - begunMs;
  };
  for (let count = 0; count < WARM_UP; count += 1) await once();
  const times: number[] = [];
  for (let count = 0; count < ROUNDS; count += 1) {
    await sleep(PAUSE_MS);
    times.push(await once());
  }
  let left = TOTAL;
  const begunMs = performance.now();
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      while (left-- > 0) await once();
    }),
  );
  const runsPerSecond = TOTAL / ((performance.now() - begunMs) / 1_000);
  const ordered = sorted(times);
  return { p50Ms: p50(ordered), p99Ms: p99(ordered), runsPerSecond };
}

const row = (what: string, mine: string, other: string, ratio: number): Row => ({
  what,
  caxton: mine,
  peer: `${other} (in the server)`,
  ratio: `${ratio.toFixed(2)}×`,
  target: "",
  met: undefined,
});

export async function run(): Promise<readonly Row[]> {
  const context = await measure("context");
  const warm = await measure("worker");
  const cold = await measure("worker", { warm: 0 });
  const both = (what: string, { p50Ms, p99Ms }: Figures): readonly Row[] => [
    row(`${what}, p50`, ms(p50Ms), ms(context.p50Ms), context.p50Ms / p50Ms),
    row(`${what}, p99`, ms(p99Ms), ms(context.p99Ms), context.p99Ms / p99Ms),
  ];
  return [
    ...both("run in a worker that stood by", warm),
    ...both("run in a worker started for it", cold),
    row(
      `runs in workers, ${CONCURRENCY} at a time`,
      perSecond(warm.runsPerSecond),
      perSecond(context.runsPerSecond),
      warm.runsPerSecond / context.runsPerSecond,
    ),
  ];
}

if (import.meta.main) process.stdout.write(`${table(await run())}\n`);
