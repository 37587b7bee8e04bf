// How long a deployment takes, new and known, and how long a call takes that has to start its instance, by kind. Run it
// alone with `node bench/start.ts`.
import { type Kind, kinds } from "./kinds.ts";
import { p50, row, sorted, Stage } from "./stage.ts";
import { ms, type Row, table } from "./table.ts";

const COLD_ROUNDS = 3;
const ROUNDS = 10;

/** From the deployment to the first answer, in a sandbox that has never seen the module; its child starts meanwhile. */
async function cold({ module, tool, given }: Kind): Promise<number> {
  await using stage = new Stage(1);
  const startMs = performance.now();
  await stage.deploy("first", module);
  await stage.call("first", tool, "one", given);
  return performance.now() - startMs;
}

type Warm = { readonly deploy: readonly number[]; readonly start: readonly number[] };

/** The same once the module is known and the child is up; and calls of runs that come faster than instances are made. */
async function warm({ module, tool, given }: Kind): Promise<Warm> {
  await using stage = new Stage(1);
  await stage.deploy("first", module);
  await stage.call("first", tool, "one", given);
  const [deploy, start]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    const startMs = performance.now();
    await stage.deploy(`again_${round}`, module);
    await stage.call(`again_${round}`, tool, "one", given);
    deploy.push(performance.now() - startMs);
    // The first of two runs takes the instance that is ready, the second has to start its own.
    const [, second] = await Promise.all(
      ["two", "three"].map((session) => stage.timed(`again_${round}`, tool, session, given)),
    );
    start.push(second ?? Number.NaN);
    stage.sandbox.remove(`again_${round}`);
  }
  return { deploy: sorted(deploy), start: sorted(start) };
}

export async function run(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const kind of await kinds()) {
    const colds: number[] = [];
    for (let round = 0; round < COLD_ROUNDS; round += 1) colds.push(await cold(kind));
    const { deploy, start } = await warm(kind);
    rows.push(
      row(`new module to first answer: ${kind.name}`, ms(p50(sorted(colds)))),
      row(`known module to first answer: ${kind.name}`, ms(p50(deploy)), "≤ 100 ms", p50(deploy) <= 100),
      row(`call that starts its instance: ${kind.name}`, ms(p50(start))),
    );
  }
  return rows;
}

if (import.meta.main) process.stdout.write(`${table(await run())}\n`);
