// What one call of a sandboxed tool costs, what a server costs that waits, and how fast one starts. Run it alone with `node bench/tool-call.ts`.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import initWabt from "wabt";
import { FileBroker } from "../src/backends/disk/index.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { mint, ToolCallId } from "../src/kernel/ids.ts";
import type { JsonObject } from "../src/kernel/json.ts";
import { Sandbox } from "../src/sandbox/index.ts";
import { DEFAULT_LIMITS, NO_GRANTS, type ToolManifest, type ToolResult } from "../src/tools/index.ts";
import { brokerOf } from "../test/helpers/broker.ts";
import { tempDirectory } from "../test/helpers/temp.ts";
import { ms, perSecond, quantile, type Row, table } from "./table.ts";

const WARM_UP = 3_000;
const SEQUENTIAL = 20_000;
const CONCURRENCY = 64;
const CONCURRENT_MS = 4_000;
const FRESH = 300;
const IDLE_SERVERS = 200;
const STARTS = 20;
const ARGUMENTS = { a: 1, note: "a payload of ordinary size" };

const never = new AbortController().signal;
const sleep = (forMs: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, forMs));
const sorted = (values: Iterable<number>): number[] => [...values].toSorted((left, right) => left - right);
const p50 = (times: readonly number[]): number => quantile(times, 0.5);
const p99 = (times: readonly number[]): number => quantile(times, 0.99);
const us = (valueMs: number): string => `${(valueMs * 1_000).toFixed(0)} µs`;
const kib = (bytes: number): string => `${(bytes / 1_024).toFixed(0)} KiB`;

const manifest = (name: string): ToolManifest => ({
  name,
  version: "1.0.0",
  description: "",
  instance: "run",
  limits: DEFAULT_LIMITS,
  grants: NO_GRANTS,
});

/** A tool server that only answers: what is left is the cost of the sandbox. */
async function answerModule(): Promise<Uint8Array> {
  const wabt = await initWabt();
  const file = join(import.meta.dirname, "guests", "answer.wat");
  const parsed = wabt.parseWat(file, readFileSync(file, "utf8"));
  try {
    return parsed.toBinary({}).buffer;
  } finally {
    parsed.destroy();
  }
}

class Stage implements AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly #temp = tempDirectory();

  constructor(processes?: number) {
    const broker = brokerOf(new FileBroker({ root: this.#temp.path }));
    this.sandbox = new Sandbox(
      { broker, clock: systemClock },
      { processes, cacheDirectory: join(this.#temp.path, "cache") },
    );
  }

  async deploy(name: string, module: Uint8Array): Promise<void> {
    await this.sandbox.deploy({ manifest: manifest(name), module }, never);
  }

  /** Throws when the call fails: a failure is no figure. */
  async call(server: string, tool: string, session: string, given: JsonObject = ARGUMENTS): Promise<void> {
    const context = { session, workspace: "default", agent: undefined, files: [] };
    const call = { id: CALL_ID, server, tool, arguments: given, context };
    const result: ToolResult = await this.sandbox.call(call, never);
    if (result.type === "failed") throw new Error(`${server}.${tool}: ${result.message}`);
  }

  async timed(...call: Parameters<Stage["call"]>): Promise<number> {
    const startMs = performance.now();
    await this.call(...call);
    return performance.now() - startMs;
  }

  residentBytes(): number {
    return this.sandbox.stats().processes.reduce((sum, { residentBytes = 0 }) => sum + residentBytes, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sandbox[Symbol.asyncDispose]();
    this.#temp[Symbol.dispose]();
  }
}
const CALL_ID = mint(ToolCallId);

async function sequential(stage: Stage): Promise<readonly number[]> {
  for (let count = 0; count < WARM_UP; count += 1) await stage.call("answer", "answer", "one");
  const times: number[] = [];
  for (let count = 0; count < SEQUENTIAL; count += 1) times.push(await stage.timed("answer", "answer", "one"));
  return sorted(times);
}

type Concurrent = { readonly perSecond: number; readonly times: readonly number[] };

async function concurrent(stage: Stage, tool: readonly [string, string, JsonObject]): Promise<Concurrent> {
  const [server, name, given] = tool;
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

/** From deploying a module that was made ready before to the answer of its first call, in a process that is up. */
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

const row = (what: string, caxton: string, target: string, met: boolean | undefined): Row => ({
  what,
  caxton,
  peer: "",
  ratio: "",
  target,
  met,
});

export async function run(): Promise<readonly Row[]> {
  const module = await answerModule();
  const csv = readFileSync(join(import.meta.dirname, "../tools/built/csv_parser/module.wasm"));
  await using stage = new Stage();
  await stage.deploy("answer", module);
  await stage.deploy("csv_parser", csv);
  const one = await sequential(stage);
  const many = await concurrent(stage, ["answer", "answer", ARGUMENTS]);
  const tables = await concurrent(stage, ["csv_parser", "describe", { text: "a,b\n1,2\n3,4\n" }]);
  const first = await fresh(stage);
  const start = await starts(stage, module);
  const idle = await idleBytes(module);
  return [
    row("tool call p50, one at a time", us(p50(one)), "≤ 50 µs", p50(one) <= 0.05),
    row("tool call p99, one at a time", us(p99(one)), "< 1 ms", p99(one) < 1),
    row(
      `tool calls, ${CONCURRENCY} runs at a time`,
      perSecond(many.perSecond),
      "≥ 300,000/s",
      many.perSecond >= 300_000,
    ),
    row(`tool call p99, ${CONCURRENCY} runs at a time`, ms(p99(many.times)), "", undefined),
    row(`csv_parser.describe, ${CONCURRENCY} runs at a time`, perSecond(tables.perSecond), "", undefined),
    row("first call of a run p50, instance ready", us(p50(first)), "", undefined),
    row("deploy from cache and first call p50", ms(p50(start)), "≤ 100 ms", p50(start) <= 100),
    row("idle tool server, started", kib(idle), "≤ 100 KiB", idle <= 100 * 1_024),
  ];
}

if (import.meta.main) process.stdout.write(`${table(await run())}\n`);
