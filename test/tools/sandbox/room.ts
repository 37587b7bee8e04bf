import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import initWabt from "wabt";
import { type AuditRecord, FileBroker } from "../../../src/tools/brokers/files/index.ts";
import { systemClock } from "../../../src/kernel/clock.ts";
import { mint, ToolCallId } from "../../../src/kernel/ids.ts";
import type { JsonObject } from "../../../src/kernel/json.ts";
import { type Broker, Sandbox, type SandboxDeps, type SandboxOptions } from "../../../src/tools/sandbox/index.ts";
import {
  NO_GRANTS,
  type AttachedFile,
  type CallContext,
  DEFAULT_LIMITS,
  type Grants,
  type ToolLimits,
  type ToolManifest,
  type ToolResult,
} from "../../../src/tools/catalogue/index.ts";
import { brokerOf } from "../../helpers/broker.ts";
import { tempDirectory } from "../../helpers/temp.ts";

const fixture = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** A tool server whose every tool breaks a rule; built from Rust with the other tools. */
export const hostile = (): Buffer => readFileSync(fixture("../../fixtures/tools/hostile/module.wasm"));

/** The built-in tool server for files. */
export const fileSystem = (): Buffer => readFileSync(fixture("../../../tools/built/file_system/module.wasm"));

/** A tool server in WebAssembly text. */
export async function assemble(file: string): Promise<Uint8Array> {
  const wabt = await initWabt();
  const parsed = wabt.parseWat(file, readFileSync(fixture(`guests/${file}`), "utf8"));
  try {
    return parsed.toBinary({}).buffer;
  } finally {
    parsed.destroy();
  }
}

export const manifest = (
  name: string,
  changes: Omit<Partial<ToolManifest>, "limits" | "grants"> & {
    readonly limits?: Partial<ToolLimits>;
    readonly grants?: Partial<Grants>;
  } = {},
): ToolManifest => ({
  version: "1.0.0",
  description: "",
  instance: "run",
  ...changes,
  name,
  limits: { ...DEFAULT_LIMITS, ...changes.limits },
  grants: { ...NO_GRANTS, ...changes.grants },
});

export type CallOptions = {
  readonly onLog?: CallContext["onLog"];
  readonly session?: string;
  readonly files?: readonly AttachedFile[];
  readonly signal?: AbortSignal;
  /** With all grants an operator may give to one call. */
  readonly isPermissive?: boolean;
  /** The limit of the agent. */
  readonly memoryBytesMax?: number;
};

export const never = new AbortController().signal;

/** A sandbox over a temporary directory, and calls in few words. */
export class Room implements AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly directory: string;
  readonly records: AuditRecord[] = [];
  readonly #temp = tempDirectory();
  #sessions = 0;

  constructor(
    options: SandboxOptions = {},
    wrap: (broker: Broker) => Broker = (broker) => broker,
    deps: Pick<SandboxDeps, "readModule"> = {},
  ) {
    this.directory = this.#temp.path;
    const files = new FileBroker({
      root: this.directory,
      audit: (record) => this.records.push(record),
    });
    this.sandbox = new Sandbox(
      { broker: wrap(brokerOf(files, { GREETING: "hello", SECRET: "hidden" })), clock: systemClock, ...deps },
      // A second process for each test would be in the way of the others.
      { processes: 1, standby: false, cacheDirectory: CACHE, ...options },
    );
  }

  async deploy(module: Uint8Array, ...which: Parameters<typeof manifest>): Promise<void> {
    await this.sandbox.deploy({ manifest: manifest(...which), module }, never);
  }

  /** Calls `server.tool`; without a session named, each call has its own. */
  call(tool: string, argumentsGiven: JsonObject = {}, options: CallOptions = {}): Promise<ToolResult> {
    const [server = "", name = ""] = tool.split(".");
    this.#sessions += 1;
    const session = options.session ?? `session-${this.#sessions}`;
    const context = {
      session,
      workspace: "default",
      agent: "tester",
      files: options.files ?? [],
      isPermissive: options.isPermissive === true,
      onLog: options.onLog,
      restrictions: { network: true, files: true, servers: {}, memoryBytesMax: options.memoryBytesMax },
    };
    const call = { id: mint(ToolCallId), server, tool: name, arguments: argumentsGiven, context };
    return this.sandbox.call(call, options.signal ?? never);
  }

  /** The text of a call that is done, or the reason it failed. */
  async text(...call: Parameters<Room["call"]>): Promise<string> {
    return textOf(await this.call(...call));
  }

  pids(): readonly number[] {
    return this.sandbox.stats().processes.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sandbox[Symbol.asyncDispose]();
    this.#temp[Symbol.dispose]();
  }
}

export const textOf = (result: ToolResult): string =>
  result.type === "done" ? result.content.map((part) => ("text" in part ? part.text : "")).join("") : result.reason;

/** The compiled modules of one test file serve the others too. */
const CACHE = join(fixture("."), "../../node_modules/.cache/caxton-sandbox");

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
