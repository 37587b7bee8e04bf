import { availableParallelism } from "node:os";
import { type Clock } from "../kernel/clock.ts";
import { type Log, log as rootLog } from "../kernel/log.ts";
import {
  failedCall,
  type ToolCall,
  type ToolFailureReason,
  type ToolManifest,
  type ToolResult,
  type ToolRunner,
  type ToolServer,
} from "../tools/index.ts";
import type { Broker } from "./broker.ts";
import type { LogLine } from "./guest-log.ts";
import type { Job } from "./job.ts";
import { LiveServer, type Session } from "./live-server.ts";
import { ModuleBuilder } from "./module-builder.ts";
import { explain, resultOf, VIOLATIONS } from "./outcome.ts";
import { afterViolation, standingAt } from "./quarantine.ts";
import { Slot } from "./slot.ts";
import type { ResultMessage } from "./wire/index.ts";

/**
 * Runs tool servers in sandbox children.
 *
 * B1. Guest code is compiled and run in children only; this process meters nothing and runs nothing of it.
 * B2. Each call ends once, and by its deadline plus what it takes to kill a child.
 * B3. A session's calls go to one child as long as that lives.
 */
export type SandboxDeps = { readonly broker: Broker; readonly clock: Clock; readonly log?: Log };
export type SandboxOptions = {
  /** Children that run guests; default: cores, at most 2. */
  readonly processes?: number | undefined;
  /** Where modules that were made ready are kept; without it they are made anew at each start. */
  readonly cacheDirectory?: string | undefined;
  /** Instances of one server in one child; default 64. */
  readonly instancesPerServerMax?: number | undefined;
  /** Fuel of a module's start, `initialize` included; default 2,000,000,000. */
  readonly startFuel?: number | undefined;
};

export type SandboxStats = {
  readonly servers: number;
  readonly callsUnderWay: number;
  readonly processes: readonly {
    readonly pid: number | undefined;
    readonly isUp: boolean;
    readonly servers: number;
    readonly calls: number;
    readonly residentBytes: number | undefined;
  }[];
};

const PROCESSES_MAX = 2;
const INSTANCES_MAX = 64;
const START_FUEL = 2_000_000_000;
const MODULE_BYTES_MAX = 32 * 1024 * 1024;
const TOOLS_MAX = 256;
const PENDING_PER_SESSION_MAX = 16;
const PENDING_PER_SERVER_MAX = 256;
const TICK_MS = 20;
/** Ticks without a call after which nobody looks any more. */
const IDLE_TICKS = 50;
/** Calls more that a child must have than another before a server is compiled there too. */
const SPREAD_AT = 8;
const SESSION_IDLE_MS = 10 * 60_000;
const SWEEP_MS = 30_000;

export class Sandbox implements ToolRunner, AsyncDisposable {
  readonly #deps: SandboxDeps;
  readonly #log: Log;
  readonly #options: SandboxOptions;
  readonly #builder: ModuleBuilder;
  readonly #slots: readonly Slot[];
  readonly #servers = new Map<string, LiveServer>();
  readonly #jobs = new Map<number, Job>();
  readonly #bySignal = new Map<AbortSignal, { readonly jobs: Set<Job>; readonly abort: () => void }>();
  readonly #stop = new AbortController();
  #views: readonly ToolServer[] = [];
  #nextServer = 1;
  #nextJob = 1;
  #isWatching = false;

  constructor(deps: SandboxDeps, options: SandboxOptions = {}) {
    this.#deps = deps;
    this.#log = (deps.log ?? rootLog).child({ room: "sandbox" });
    this.#options = options;
    this.#builder = new ModuleBuilder(deps.clock, options.cacheDirectory);
    const events = {
      onResult: (job: Job, message: Omit<ResultMessage, "body"> & { readonly body: Buffer }) =>
        this.#answered(job, message),
      onCrash: (job: Job, isStuck: boolean, reason: string) =>
        this.#fail(job, isStuck ? "deadline" : "crashed", isStuck ? "" : reason),
      onLoadFailure: (server: LiveServer, reason: string) => {
        server.failure = reason;
        this.#log.error({ server: server.manifest.name, reason }, "a tool server could not be loaded");
      },
      onLog: (server: LiveServer, bytes: Buffer) => server.log.append(bytes, deps.clock.nowMs()),
      onEnd: (slot: Slot, reason: string) => this.#lost(slot, reason),
    };
    const count = options.processes ?? Math.min(PROCESSES_MAX, availableParallelism());
    this.#slots = Array.from({ length: count }, () => new Slot({ clock: deps.clock, broker: deps.broker, events }));
  }

  /**
   * Makes a module ready and puts it in the place of the server of that name, if there is one; calls under way there
   * end as they would have. Throws ToolServerRefusedError, ToolServerBuildError, CancelledError.
   */
  async deploy(
    { manifest, module }: { readonly manifest: ToolManifest; readonly module: Uint8Array },
    signal: AbortSignal,
  ): Promise<ToolServer> {
    for (const slot of this.#slots) slot.start();
    const startFuel = this.#options.startFuel ?? START_FUEL;
    const spec = {
      memoryBytesMax: manifest.limits.memoryBytesMax,
      moduleBytesMax: MODULE_BYTES_MAX,
      startFuel,
      toolsMax: TOOLS_MAX,
    };
    const built = await this.#builder.build({ server: manifest.name, module, spec }, signal);
    const server = new LiveServer(this.#nextServer++, manifest, built, {
      startFuel,
      instancesMax: this.#options.instancesPerServerMax ?? INSTANCES_MAX,
      environment: this.#deps.broker.environment(manifest.grants).map(({ name, value }) => [name, value]),
      nowMs: () => this.#deps.clock.monotonicMs(),
    });
    const before = this.#servers.get(manifest.name);
    this.#servers.set(manifest.name, server);
    this.#listed();
    if (before !== undefined) this.#retire(before);
    this.#pick(server).warm(server);
    return server.view;
  }

  /** Takes a server away; its calls under way end as they would have. False when there was none. */
  remove(name: string): boolean {
    const server = this.#servers.get(name);
    if (server === undefined) return false;
    this.#servers.delete(name);
    this.#listed();
    this.#retire(server);
    return true;
  }

  servers(): readonly ToolServer[] {
    return this.#views;
  }

  /** The last lines that a server wrote to standard error, oldest first; empty when there is no such server. */
  logs(name: string): readonly LogLine[] {
    return this.#servers.get(name)?.log.lines(this.#deps.clock.nowMs()) ?? [];
  }

  stats(): SandboxStats {
    return {
      servers: this.#servers.size,
      callsUnderWay: this.#jobs.size,
      processes: this.#slots.map(({ pid, isUp, serverCount, load, residentBytes }) => ({
        pid,
        isUp,
        servers: serverCount,
        calls: load,
        residentBytes,
      })),
    };
  }

  call(call: ToolCall, signal: AbortSignal): Promise<ToolResult> {
    const server = this.#servers.get(call.server);
    const tool = server?.toolIndex(call.tool);
    if (server === undefined || tool === undefined) return Promise.resolve(this.#unknown(call, server));
    const refusal = this.#refusal(call, server, signal);
    if (refusal !== undefined) {
      server.counters.failed += 1;
      return Promise.resolve(refusal);
    }
    return new Promise((resolve) => {
      const nowMs = this.#deps.clock.monotonicMs();
      const session = server.session(call.context.session);
      const job: Job = {
        id: this.#freshId(),
        server,
        session,
        tool,
        toolName: `${call.server}.${call.tool}`,
        argumentsText: Buffer.from(JSON.stringify(call.arguments)),
        context: call.context,
        startedAtMs: nowMs,
        deadlineAtMs: nowMs + server.manifest.limits.deadlineMs,
        signal,
        resolve,
        files: undefined,
        fileRequests: 0,
        crashes: 0,
        isSettled: false,
        cancelledAtMs: undefined,
        sentAtFrame: 0,
      };
      this.#begin(job);
    });
  }

  endSession(name: string): void {
    for (const server of this.#servers.values()) {
      if (server.manifest.instance === "run") this.#endSession(server, name);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    for (const job of this.#jobs.values()) this.#settle(job, failedCall("cancelled", "the server stops"));
    await Promise.all([this.#builder[Symbol.asyncDispose](), ...this.#slots.map((slot) => slot.close())]);
  }

  #listed(): void {
    this.#views = [...this.#servers.values()].map(({ view }) => view);
  }

  #unknown({ server, tool }: ToolCall, known: LiveServer | undefined): ToolResult {
    const tools = known?.tools.map(({ name }) => name).join(", ");
    return failedCall(
      "unknown-tool",
      tools === undefined
        ? `there is no tool server "${server}"; there are: ${[...this.#servers.keys()].join(", ") || "none"}`
        : `${server} has no tool "${tool}"; it has: ${tools}`,
    );
  }

  /** Why a call is not even begun; undefined when it may be. */
  #refusal({ server: name, context }: ToolCall, server: LiveServer, signal: AbortSignal): ToolResult | undefined {
    if (signal.aborted || this.#stop.signal.aborted)
      return failedCall("cancelled", `the call of ${name} was cancelled`);
    if (server.standing.state !== "trusted") {
      const nowMs = this.#deps.clock.monotonicMs();
      server.standing = standingAt(server.standing, nowMs);
      if (server.standing.state === "quarantined") {
        const waitS = Math.ceil((server.standing.untilMs - nowMs) / 1_000);
        return failedCall("quarantined", `${name} is in quarantine for ${waitS} s more: ${server.standing.reason}`);
      }
    }
    if (server.failure !== "") return failedCall("crashed", `${name} cannot be loaded: ${server.failure}`);
    if (server.pending >= PENDING_PER_SERVER_MAX) {
      return failedCall("overloaded", `${name} has ${server.pending} calls waiting; try again in a moment`);
    }
    const session = server.sessions.get(server.manifest.instance === "server" ? "" : context.session);
    const isFull = server.manifest.instance === "run" && (session?.pending ?? 0) >= PENDING_PER_SESSION_MAX;
    if (!isFull) return undefined;
    return failedCall(
      "overloaded",
      `this run has ${session?.pending} calls of ${name} waiting, which run one after another; wait for some to end`,
    );
  }

  #freshId(): number {
    do this.#nextJob = (this.#nextJob % 0xffff_fffe) + 1;
    while (this.#jobs.has(this.#nextJob));
    return this.#nextJob;
  }

  #begin(job: Job): void {
    const { server, session, signal } = job;
    this.#jobs.set(job.id, job);
    server.pending += 1;
    session.pending += 1;
    session.usedAtMs = job.startedAtMs;
    this.#listen(job, signal);
    session.slot ??= this.#pick(server);
    session.slot.submit(job);
    if (!this.#isWatching) void this.#watch();
  }

  /** The child with least to do; a server is compiled in a second one only when the first is busy. */
  #pick(server: LiveServer): Slot {
    const cost = (slot: Slot): number => slot.load + (slot.has(server) ? 0 : SPREAD_AT) + slot.serverCount / 1_000;
    return this.#slots.reduce((best, slot) => (cost(slot) < cost(best) ? slot : best));
  }

  #answered(job: Job, message: Omit<ResultMessage, "body"> & { readonly body: Buffer }): void {
    const { fuel, memoryBytes } = message;
    const usage = { fuel, memoryBytes, durationMs: this.#deps.clock.monotonicMs() - job.startedAtMs };
    this.#settle(job, resultOf(message, job.toolName, job.server.manifest.limits, usage));
    this.#forget(job);
  }

  #fail(job: Job, reason: "crashed" | "deadline" | "cancelled", said: string): void {
    const { limits } = job.server.manifest;
    const usage = { fuel: 0, memoryBytes: 0, durationMs: this.#deps.clock.monotonicMs() - job.startedAtMs };
    this.#settle(job, failedCall(reason, explain(reason, job.toolName, limits, said), usage));
    this.#forget(job);
  }

  /** Gives the caller its result, once. The child may not be through with the call yet. */
  #settle(job: Job, result: ToolResult): void {
    if (job.isSettled) return;
    job.isSettled = true;
    this.#unlisten(job);
    this.#count(job, result);
    job.resolve(result);
  }

  /** Lets go of a call that no child has any more. */
  #forget(job: Job): void {
    if (!this.#jobs.delete(job.id)) return;
    job.server.pending -= 1;
    job.session.pending -= 1;
    if (job.server.isRemoved && job.server.pending === 0) this.#unload(job.server);
  }

  #count({ server, toolName, files }: Job, result: ToolResult): void {
    const { counters } = server;
    counters.fuel += result.usage.fuel;
    counters.durationMs += result.usage.durationMs;
    counters.denied += files?.denials ?? 0;
    if (result.type === "done") counters.done += 1;
    else {
      counters.failed += 1;
      if (VIOLATIONS.has(result.reason)) this.#violated(server, `${toolName}: ${result.reason}`, result.reason);
    }
  }

  #violated(server: LiveServer, what: string, reason: ToolFailureReason): void {
    server.standing = afterViolation(server.standing, this.#deps.clock.monotonicMs(), what);
    this.#log.warn({ server: server.manifest.name, reason, standing: server.standing.state }, "a tool broke a limit");
  }

  #listen(job: Job, signal: AbortSignal): void {
    let entry = this.#bySignal.get(signal);
    if (entry === undefined) {
      const jobs = new Set<Job>();
      const abort = (): void => {
        for (const each of jobs) this.#cancel(each);
      };
      entry = { jobs, abort };
      this.#bySignal.set(signal, entry);
      signal.addEventListener("abort", abort, { once: true });
    }
    entry.jobs.add(job);
  }

  #unlisten(job: Job): void {
    const entry = this.#bySignal.get(job.signal);
    if (entry === undefined) return;
    entry.jobs.delete(job);
    if (entry.jobs.size > 0) return;
    this.#bySignal.delete(job.signal);
    job.signal.removeEventListener("abort", entry.abort);
  }

  #cancel(job: Job): void {
    const { slot } = job.session;
    if (slot === undefined || slot.withdraw(job)) return this.#fail(job, "cancelled", "");
    this.#settle(job, failedCall("cancelled", explain("cancelled", job.toolName, job.server.manifest.limits, "")));
    slot.cancel(job, "cancelled");
  }

  /** Deadlines and stuck children, as long as there are calls. */
  async #watch(): Promise<void> {
    this.#isWatching = true;
    let sweptAtMs = this.#deps.clock.monotonicMs();
    for (let idle = 0; idle < IDLE_TICKS && !this.#stop.signal.aborted; idle = this.#jobs.size === 0 ? idle + 1 : 0) {
      await this.#deps.clock.sleep(TICK_MS, this.#stop.signal).catch(() => {});
      const nowMs = this.#deps.clock.monotonicMs();
      for (const job of this.#jobs.values()) if (nowMs >= job.deadlineAtMs) this.#expire(job);
      for (const slot of this.#slots) slot.watch(nowMs);
      if (nowMs - sweptAtMs < SWEEP_MS) continue;
      sweptAtMs = nowMs;
      this.#sweep(nowMs);
    }
    this.#isWatching = false;
  }

  #expire(job: Job): void {
    if (job.cancelledAtMs !== undefined) return;
    const { slot } = job.session;
    if (slot === undefined || slot.withdraw(job)) this.#fail(job, "deadline", "");
    else slot.cancel(job, "deadline");
  }

  /** Ends sessions that nobody has used for long. */
  #sweep(nowMs: number): void {
    for (const server of this.#servers.values()) {
      for (const [name, session] of server.sessions) {
        if (session.pending === 0 && nowMs - session.usedAtMs > SESSION_IDLE_MS) this.#endSession(server, name);
      }
    }
  }

  #endSession(server: LiveServer, name: string): void {
    const session: Session | undefined = server.sessions.get(name);
    if (session === undefined) return;
    server.sessions.delete(name);
    session.slot?.endSession(server, session.number);
  }

  #lost(slot: Slot, reason: string): void {
    if (!this.#stop.signal.aborted) this.#log.warn({ reason }, "a sandbox process ended; another takes its place");
    for (const server of this.#servers.values()) {
      for (const session of server.sessions.values()) {
        if (session.slot === slot && session.pending === 0) session.slot = undefined;
      }
    }
  }

  #retire(server: LiveServer): void {
    server.isRemoved = true;
    if (server.pending === 0) this.#unload(server);
  }

  #unload(server: LiveServer): void {
    for (const slot of this.#slots) slot.unload(server);
  }
}
