// What a loaded tool server takes while idle, by kind, and a thousand of them. Run it alone with `node bench/idle.ts`.
import { type Kind, kinds } from "./kinds.ts";
import { kib, row, sleep, Stage } from "./stage.ts";
import { mib, type Row, table } from "./table.ts";

const SERVERS = 100;
const LARGE_SERVERS = 20;
const MANY = 1_000;
const SETTLE_MS = 1_000;
const LARGE_BYTES = 1_000_000;

type Held = { readonly each: number; readonly all: number };

/** Resident bytes of the child for each of `count` servers, each with an instance that is ready; it is warm before. */
async function heldBy({ module, tool, given }: Kind, count: number): Promise<Held> {
  await using stage = new Stage(1);
  await stage.deploy("first", module);
  await stage.call("first", tool, "one", given);
  await sleep(SETTLE_MS);
  const before = stage.residentBytes();
  for (let index = 0; index < count; index += 1) await stage.deploy(`idle_${index}`, module);
  // The last to be loaded: all before it are.
  await stage.call(`idle_${count - 1}`, tool, "one", given);
  await sleep(SETTLE_MS);
  const all = stage.residentBytes();
  return { each: (all - before) / count, all };
}

export async function run(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const every = await kinds();
  for (const kind of every) {
    const isLarge = kind.module.byteLength > LARGE_BYTES;
    const { each } = await heldBy(kind, isLarge ? LARGE_SERVERS : SERVERS);
    const target = isLarge ? "" : "≤ 100 KiB";
    rows.push(
      row(`idle server, instance ready: ${kind.name}`, kib(each), target, isLarge ? undefined : each <= 102_400),
    );
  }
  for (const kind of every.slice(0, 3)) {
    const { all } = await heldBy(kind, MANY);
    rows.push(row(`${MANY.toLocaleString("en")} idle servers in one child (RSS): ${kind.name}`, mib(all)));
  }
  return rows;
}

if (import.meta.main) process.stdout.write(`${table(await run())}\n`);
