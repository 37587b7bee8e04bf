// What one call of a sandboxed tool costs, what a server costs that waits, and how fast one starts. Run it alone with `node bench/tool-call.ts`.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "../src/kernel/json.ts";
import { tempDirectory } from "../test/helpers/temp.ts";
import { echoComponent, TEXT } from "./kinds.ts";
import { type Figures, measuredBy } from "./peer.ts";
import { guest, kib, p50, p99, row, sleep, sorted, Stage, us } from "./stage.ts";
import { ms, perSecond, type Row, table } from "./table.ts";

const WARM_UP = 3_000;
const SEQUENTIAL = 20_000;
const CONCURRENCY = 64;
const CONCURRENT_MS = 4_000;
const FRESH = 300;
const IDLE_SERVERS = 200;
const STARTS = 20;
const ARGUMENTS = { a: 1, note: "a payload of ordinary size" };
/** A thread each. */
const WORKERS = 8;

type Tool = readonly [server: string, tool: string, given: JsonObject];
const ANSWER: Tool = ["answer", "answer", ARGUMENTS];

async function sequential(stage: Stage, [server, tool, given]: Tool): Promise<readonly number[]> {
  for (let count = 0; count < WARM_UP; count += 1) await stage.call(server, tool, "one", given);
  const times: number[] = [];
  for (let count = 0; count < SEQUENTIAL; count += 1) times.push(await stage.timed(server, tool, "one", given));
  // One run more than there are instances, and each call would have to start its own.
  stage.sandbox.endSession("one");
  return sorted(times);
}

type Concurrent = { readonly perSecond: number; readonly times: readonly number[] };

async function concurrent(stage: Stage, [server, name, given]: Tool): Promise<Concurrent> {
  const sessions = Array.from({ length: CONCURRENCY }, (_, index) => `many-${index}`);
  await Promise.all(sessions.map((session) => stage.call(server, name, session, given)));
  const times: number[] = [];
  const startMs = performance.now();
  const endMs = startMs + CONCURRENT_MS;
  await Promise.all(
    sessions.map(async (session) => {
      while (performance.now() < endMs) times.push(await stage.timed(server, name, session, given));
    }),
  );
  return { perSecond: (times.length / (performance.now() - startMs)) * 1_000, times: sorted(times) };
}

/** The first call of a run, when there was time to have an instance ready. */
async function fresh(stage: Stage): Promise<readonly number[]> {
  const times: number[] = [];
  for (let count = 0; count < FRESH; count += 1) {
    times.push(await stage.timed("answer", "answer", `fresh-${count}`));
    stage.sandbox.endSession(`fresh-${count}`);
    await sleep(2);
  }
  return sorted(times);
}

/** From deploying a precompiled module to the answer of its first call, in a process that is up. */
async function starts(stage: Stage, module: Uint8Array): Promise<readonly number[]> {
  const times: number[] = [];
  for (let count = 0; count < STARTS; count += 1) {
    const name = `start_${count}`;
    const startMs = performance.now();
    await stage.deploy(name, module);
    await stage.call(name, "answer", "one");
    times.push(performance.now() - startMs);
    stage.sandbox.remove(name);
  }
  return sorted(times);
}

/** Memory of a server whose instance has been started and waits for a call. */
async function idleBytes(module: Uint8Array): Promise<number> {
  await using stage = new Stage(1);
  await stage.deploy("first", module);
  await stage.call("first", "answer", "one");
  await sleep(500);
  const before = stage.residentBytes();
  for (let count = 0; count < IDLE_SERVERS; count += 1) await stage.deploy(`idle_${count}`, module);
  await stage.call("first", "answer", "two");
  await sleep(1_000);
  return (stage.residentBytes() - before) / IDLE_SERVERS;
}

const rate = (value: number): string => `${value.toFixed(value < 1 ? 3 : 1)}×`;

/** The same guest in Caxton's sandbox and in its own runner; how many times better the first is than the second. */
function beside(
  what: string,
  one: readonly number[],
  many: Concurrent,
  [name, peer]: [string, Figures],
): readonly Row[] {
  const against = { target: "", met: undefined };
  return [
    {
      what: `${what}, p50`,
      caxton: us(p50(one)),
      peer: `${us(peer.p50Ms)} (${name})`,
      ratio: rate(peer.p50Ms / p50(one)),
      ...against,
    },
    {
      what: `${what}, p99`,
      caxton: us(p99(one)),
      peer: `${us(peer.p99Ms)} (${name})`,
      ratio: rate(peer.p99Ms / p99(one)),
      ...against,
    },
    {
      what: `${what}, calls`,
      caxton: perSecond(many.perSecond),
      peer: `${perSecond(peer.callsPerSecond)} (${name})`,
      ratio: rate(many.perSecond / peer.callsPerSecond),
      ...against,
    },
  ];
}

async function besidePeers(stage: Stage): Promise<readonly Row[]> {
  using directory = tempDirectory();
  const modules = { echo: await guest("echo.wat"), component: await echoComponent() };
  const file = (name: string): string => join(directory.path, `${name}.wasm`);
  for (const [name, module] of Object.entries(modules)) {
    writeFileSync(file(name), module);
    await stage.deploy(name, module);
  }
  const [plugin, component]: [Tool, Tool] = [
    ["echo", "echo", { input: TEXT }],
    ["component", "echo", { given: TEXT }],
  ];
  const numbers = [String(SEQUENTIAL), String(CONCURRENCY), String(CONCURRENT_MS)];
  const extism = [await sequential(stage, plugin), await concurrent(stage, plugin)] as const;
  const inProcess = measuredBy("extism.mjs", file("echo"), "inProcess", ...numbers);
  const worker = measuredBy("extism.mjs", file("echo"), "worker", numbers[0] ?? "", String(WORKERS), numbers[2] ?? "");
  const components = [await sequential(stage, component), await concurrent(stage, component)] as const;
  const jco = measuredBy("jco.mjs", file("component"), String(SEQUENTIAL), String(CONCURRENT_MS));
  return [
    ...beside("Extism plug-in beside its runner in a thread", ...extism, ["Extism, worker", worker]),
    ...beside("Extism plug-in beside its runner in the caller", ...extism, ["Extism, no isolation", inProcess]),
    ...beside("component beside jco in the caller", ...components, ["jco, no isolation", jco]),
  ];
}

export async function run(): Promise<readonly Row[]> {
  const module = await guest("answer.wat");
  const csv = readFileSync(join(import.meta.dirname, "../tools/built/csv_parser/module.wasm"));
  await using stage = new Stage();
  await stage.deploy("answer", module);
  await stage.deploy("csv_parser", csv);
  const one = await sequential(stage, ANSWER);
  const many = await concurrent(stage, ANSWER);
  const tables = await concurrent(stage, ["csv_parser", "describe", { text: "a,b\n1,2\n3,4\n" }]);
  const first = await fresh(stage);
  const start = await starts(stage, module);
  const idle = await idleBytes(module);
  const peers = await besidePeers(stage);
  return [
    row("tool call p50, one at a time", us(p50(one)), "≤ 50 µs", p50(one) <= 0.05),
    row("tool call p99, one at a time", us(p99(one)), "< 1 ms", p99(one) < 1),
    row(
      `tool calls, ${CONCURRENCY} runs at a time`,
      perSecond(many.perSecond),
      "≥ 300,000/s",
      many.perSecond >= 300_000,
    ),
    row(`tool call p99, ${CONCURRENCY} runs at a time`, ms(p99(many.times))),
    row(`csv_parser.describe, ${CONCURRENCY} runs at a time`, perSecond(tables.perSecond)),
    row("first call of a run p50, instance ready", us(p50(first))),
    row("deploy from cache and first call p50", ms(p50(start)), "≤ 100 ms", p50(start) <= 100),
    row("idle tool server, started", kib(idle), "≤ 100 KiB", idle <= 100 * 1_024),
    ...peers,
  ];
}

if (import.meta.main) process.stdout.write(`${table(await run())}\n`);
