import { readFileSync } from "node:fs";
import { join } from "node:path";
import initWabt from "wabt";
import { FileBroker } from "../src/tools/brokers/files/index.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { mint, ToolCallId } from "../src/kernel/ids.ts";
import type { JsonObject } from "../src/kernel/json.ts";
import { Sandbox } from "../src/tools/sandbox/index.ts";
import { DEFAULT_LIMITS, NO_GRANTS, type ToolManifest, type ToolResult } from "../src/tools/catalogue/index.ts";
import { brokerOf } from "../test/helpers/broker.ts";
import { tempDirectory } from "../test/helpers/temp.ts";
import { quantile, type Row } from "./table.ts";

/** What every benchmark of the sandbox is made of. */
const never = new AbortController().signal;
const CALL_ID = mint(ToolCallId);

export const sleep = (forMs: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, forMs));
export const sorted = (values: Iterable<number>): number[] => [...values].toSorted((left, right) => left - right);
export const p50 = (times: readonly number[]): number => quantile(times, 0.5);
export const p99 = (times: readonly number[]): number => quantile(times, 0.99);
export const us = (valueMs: number): string => `${(valueMs * 1_000).toFixed(0)} µs`;
export const kib = (bytes: number): string => `${(bytes / 1_024).toFixed(0)} KiB`;

/** A row without a peer. */
export const row = (what: string, caxton: string, target = "", met?: boolean): Row => ({
  what,
  caxton,
  peer: "",
  ratio: "",
  target,
  met,
});

/** A guest of `guests/`, from its text. */
export async function guest(file: string): Promise<Uint8Array> {
  const wabt = await initWabt();
  const parsed = wabt.parseWat(file, readFileSync(join(import.meta.dirname, "guests", file), "utf8"));
  try {
    return parsed.toBinary({}).buffer;
  } finally {
    parsed.destroy();
  }
}

const manifest = (name: string): ToolManifest => ({
  name,
  version: "1.0.0",
  description: "",
  instance: "run",
  limits: DEFAULT_LIMITS,
  grants: NO_GRANTS,
});

/** A sandbox over a temporary directory. */
export class Stage implements AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly #temp = tempDirectory();

  constructor(processes?: number, standby = false) {
    const broker = brokerOf(new FileBroker({ root: this.#temp.path }));
    this.sandbox = new Sandbox(
      { broker, clock: systemClock },
      { processes, standby, cacheDirectory: join(this.#temp.path, "cache") },
    );
  }

  async deploy(name: string, module: Uint8Array): Promise<void> {
    await this.sandbox.deploy({ manifest: manifest(name), module }, never);
  }

  /** Throws when the call fails: a failure is no figure. */
  async call(server: string, tool: string, session: string, given: JsonObject = {}): Promise<void> {
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

  pids(): readonly number[] {
    return this.sandbox.stats().processes.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sandbox[Symbol.asyncDispose]();
    this.#temp[Symbol.dispose]();
  }
}
