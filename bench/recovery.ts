// From the death of a sandbox child to the next answer, with one server in it and with a thousand. Run it alone with
// `node bench/recovery.ts`.
import { guest, p50, row, sleep, sorted, Stage } from "./stage.ts";
import { ms, type Row, table } from "./table.ts";

const ROUNDS = 10;
const MANY = 1_000;
const TARGET_MS = 300;
const SETTLE_MS = 1_000;

async function standby({ sandbox }: Stage): Promise<void> {
  while (sandbox.stats().standbyPid === undefined) await sleep(50);
}

/** A child with servers in it, each with an instance that is ready. */
async function populated(module: Uint8Array, servers: number, hasStandby = true): Promise<Stage> {
  const stage = new Stage(1, hasStandby);
  for (let index = 0; index < servers; index += 1) await stage.deploy(`server_${index}`, module);
  await stage.call(`server_${servers - 1}`, "answer", "before");
  // Time for another child to be started; it is ready soon after.
  if (hasStandby) await standby(stage);
  await sleep(SETTLE_MS);
  return stage;
}

/** From SIGKILL to the answer of a call made at that moment. */
async function recovery(stage: Stage, server: string, round: number): Promise<number> {
  const startMs = performance.now();
  for (const pid of stage.pids()) process.kill(pid, "SIGKILL");
  // The sandbox's own timers let a program end; a server has its sockets to live on.
  const alive = setInterval(() => {}, 1_000);
  await stage.call(server, "answer", `after-${round}`).finally(() => clearInterval(alive));
  return performance.now() - startMs;
}

/** A new child each time: one that ends soon after another did is started with growing patience. */
async function recoveries(module: Uint8Array, servers: number, hasStandby = true): Promise<readonly number[]> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await using stage = await populated(module, servers, hasStandby);
    times.push(await recovery(stage, `server_${Math.floor((round * servers) / ROUNDS)}`, round));
  }
  return sorted(times);
}

const rows = (what: string, times: readonly number[]): readonly Row[] => {
  const longest = times.at(-1) ?? Number.NaN;
  return [
    row(`${what}, p50 of ${ROUNDS}`, ms(p50(times)), `≤ ${TARGET_MS} ms`, p50(times) <= TARGET_MS),
    row(`${what}, longest`, ms(longest), `≤ ${TARGET_MS} ms`, longest <= TARGET_MS),
  ];
};

export async function run(): Promise<readonly Row[]> {
  const module = await guest("answer.wat");
  const [one, many] = [await recoveries(module, 1), await recoveries(module, MANY)];
  const without = await recoveries(module, 1, false);
  await using stage = await populated(module, 1);
  const again: number[] = [];
  for (let round = 0; round < 4; round += 1) again.push(await recovery(stage, "server_0", round));
  return [
    ...rows("child of 1 server killed, to the next answer", one),
    row("the same without a standby child, p50", ms(p50(without))),
    ...rows(`child of ${MANY.toLocaleString("en")} servers killed, to the next answer`, many),
    row("a child's fourth end within half a minute, to the next answer", ms(again.at(-1) ?? Number.NaN)),
  ];
}

if (import.meta.main) process.stdout.write(`${table(await run())}\n`);
