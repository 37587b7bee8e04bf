// What a run costs beside its model: a scripted model that answers at once, one call of a sandboxed tool, every step journaled on disk.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import * as z from "zod";
import { scripted } from "../src/models/vendors/index.ts";
import { mint, RunId } from "../src/kernel/ids.ts";
import { compose } from "../src/server/compose.ts";
import { loadConfig } from "../src/server/config/config.ts";
import { models } from "../test/helpers/engine.ts";
import { tempDirectory } from "../test/helpers/temp.ts";
import { BENCH_AGENT, BENCH_SCRIPT, BENCH_TOOL_SERVERS } from "./bench-agent.ts";
import { ms, perSecond, quantile, type Row } from "./table.ts";

/** The targets were set on a machine where the peer took 1.8 ms and did 480 runs a second; beside it they are ratios. */
const P50_RATIO = 3;
const RATE_RATIO = 4.2;

const WARM_UP = 500;
const SEQUENTIAL = 2_000;
const TOTAL = 10_000;
export const CONCURRENCY = 64;

const Figures = z.object({ p50Ms: z.number(), p99Ms: z.number(), runsPerSecond: z.number() });
type Figures = z.infer<typeof Figures>;

export async function run(): Promise<readonly Row[]> {
  const caxton = await measureCaxton();
  const peer = measurePeer();
  return [
    {
      what: "run overhead p50, one sandboxed tool call, on disk",
      caxton: ms(caxton.p50Ms),
      peer: `${ms(peer.p50Ms)} (Mastra)`,
      ratio: `${(peer.p50Ms / caxton.p50Ms).toFixed(1)}×`,
      target: `≤ 0.6 ms where Mastra takes 1.8: ${P50_RATIO}×`,
      met: peer.p50Ms / caxton.p50Ms >= P50_RATIO,
    },
    {
      what: "run overhead p99",
      caxton: ms(caxton.p99Ms),
      peer: `${ms(peer.p99Ms)} (Mastra)`,
      ratio: `${(peer.p99Ms / caxton.p99Ms).toFixed(1)}×`,
      target: "",
      met: undefined,
    },
    {
      what: `runs, ${CONCURRENCY} at a time`,
      caxton: perSecond(caxton.runsPerSecond),
      peer: `${perSecond(peer.runsPerSecond)} (Mastra)`,
      ratio: `${(caxton.runsPerSecond / peer.runsPerSecond).toFixed(1)}×`,
      target: `≥ 2,000/s where Mastra does 480: ${RATE_RATIO}×`,
      met: caxton.runsPerSecond / peer.runsPerSecond >= RATE_RATIO,
    },
  ];
}

/** A server in a directory of its own, with an agent whose runs make one call of a sandboxed tool. */
export async function benchRuns(): Promise<
  AsyncDisposable & { once(): Promise<void>; together(total: number): Promise<void> }
> {
  await using owned = new AsyncDisposableStack();
  const directory = owned.use(tempDirectory());
  const loaded = loadConfig({ settings: { "data.directory": directory.path } }, {}, directory.path);
  const caxton = owned.use(
    await compose(loaded, { models: models(scripted(BENCH_SCRIPT)), toolServers: BENCH_TOOL_SERVERS }),
  );
  await caxton.tools.start();
  const { agents } = caxton.agents;
  const { runs } = caxton.runs;
  runs.resumeUnfinished();
  await agents.deploy("default", { source: BENCH_AGENT, fileName: "bench.toml" });
  const once = async (): Promise<void> => {
    const request = {
      id: mint(RunId),
      workspace: "default",
      agent: "bench",
      input: "add 1 and 2",
      model: undefined,
      files: [],
    };
    const { ended } = await runs.start(request);
    const { state } = await ended;
    if (state !== "completed") throw new Error(`a run is ${state}: ${JSON.stringify(runs.view(request.id).failure)}`);
  };
  const together = async (total: number): Promise<void> => {
    let left = total;
    const worker = async () => {
      while (left-- > 0) await once();
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  };
  const kept = owned.move();
  return { once, together, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Runs one after the other, and then `total` of them at once. */
export async function measureCaxton({ sequential = SEQUENTIAL, total = TOTAL } = {}): Promise<Figures> {
  await using bench = await benchRuns();
  for (let count = 0; count < WARM_UP; count += 1) await bench.once();
  const times: number[] = [];
  for (let count = 0; count < sequential; count += 1) {
    const begunMs = performance.now();
    await bench.once();
    times.push(performance.now() - begunMs);
  }
  times.sort((left, right) => left - right);
  const begunMs = performance.now();
  await bench.together(total);
  const runsPerSecond = total / ((performance.now() - begunMs) / 1_000);
  return { p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99), runsPerSecond };
}

function measurePeer(): Figures {
  const script = join(import.meta.dirname, "peers", "mastra.mjs");
  const printed = execFileSync(process.execPath, [script, "1000", "3000", String(CONCURRENCY)], { encoding: "utf8" });
  return Figures.parse(JSON.parse(printed));
}
