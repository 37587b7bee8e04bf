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
import { AbortWatch } from "./abort-watch.ts";
import { cancelledCall, refusalOf, unknownTool } from "./admission.ts";
import type { Broker } from "./broker.ts";
import type { LogLine } from "./guest-log.ts";
import { type Job, tellerOf, toolName } from "./job.ts";
import { LiveServer, type Session } from "./live-server.ts";
import { ModuleBuilder } from "./module-builder.ts";
import { explain, resultOf, VIOLATIONS } from "./outcome.ts";
import { afterViolation } from "./quarantine.ts";
import { Redaction } from "./redaction.ts";
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
  /** Children that run guests; default: cores, at most 4. */
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

const PROCESSES_MAX = 4;
const INSTANCES_MAX = 64;
const START_FUEL = 2_000_000_000;
const MODULE_BYTES_MAX = 32 * 1024 * 1024;
const TOOLS_MAX = 256;
const TICK_MS = 20;
const SERVER_IDLE_MS = 10 * 60_000;
/** Ticks without a call after which nobody looks any more. */
const IDLE_TICKS = 50;
/** Calls more that a child must have than another before a server is compiled there too. */
const SPREAD_AT = 8;
/** A child that a guest holds up is the last to be given more. */
const SILENT_COST = 1_000;
const SESSION_IDLE_MS = 10 * 60_000;
const SWEEP_MS = 30_000;

/** Instances of one server may have so much memory together. */
const INSTANCES_BYTES_MAX = 4 * 1024 ** 3;
const instancesMax = ({ instancesPerServerMax = INSTANCES_MAX }: SandboxOptions, memoryBytesMax: number): number =>
  Math.max(1, Math.min(instancesPerServerMax, Math.floor(INSTANCES_BYTES_MAX / memoryBytesMax)));

export class Sandbox implements ToolRunner, AsyncDisposable {
  readonly #deps: SandboxDeps;
  readonly #log: Log;
  readonly #options: SandboxOptions;
  readonly #builder: ModuleBuilder;
  readonly #slots: readonly Slot[];
  readonly #servers = new Map<string, LiveServer>();
  readonly #jobs = new Map<number, Job>();
  readonly #aborts = new AbortWatch((signal) => {
    for (const job of this.#jobs.values()) if (job.signal === signal && !job.isSettled) this.#cancel(job);
  });
  readonly #stop = new AbortController();
  #views: readonly ToolServer[] = [];
  #nextServer = 1;
  #nextJob = 1;
  #isWatching = false;
  #isSweeping = false;

  constructor(deps: SandboxDeps, options: SandboxOptions = {}) {
    this.#deps = deps;
    this.#log = (deps.log ?? rootLog).child({ room: "sandbox" });
    this.#options = options;
    this.#builder = new ModuleBuilder(deps.clock, options.cacheDirectory);
    const events = {
      onResult: (job: Job, message: ResultMessage) => this.#answered(job, message),
      onCrash: (job: Job, isStuck: boolean, reason: string) =>
        this.#fail(job, isStuck ? "deadline" : "crashed", isStuck ? "" : reason),
      onLoadFailure: (server: LiveServer, reason: string) => {
        server.failure = reason;
        this.#log.error({ server: server.manifest.name, reason }, "a tool server could not be loaded");
      },
      onLog: (server: LiveServer, bytes: Buffer) => server.log.append(bytes, deps.clock.nowMs()),
      onOverdue: (job: Job) => this.#overdue(job),
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
    if (!this.#isSweeping) void this.#sweepNowAndThen();
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
      instancesMax: instancesMax(this.#options, manifest.limits.memoryBytesMax),
      environment: this.#deps.broker
        .environment(manifest.name, manifest.grants)
        .map(({ name, value }) => [name, value]),
      nowMs: () => this.#deps.clock.monotonicMs(),
      redaction: Redaction.of(this.#deps.broker.confidential(manifest.grants)),
    });
    server.usedAtMs = this.#deps.clock.monotonicMs();
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
    if (server === undefined || tool === undefined) {
      return Promise.resolve(unknownTool(call, server, [...this.#servers.keys()]));
    }
    const isStopped = signal.aborted || this.#stop.signal.aborted;
    const nowMs = this.#deps.clock.monotonicMs();
    const session = server.session(call.context.session);
    const refusal = isStopped ? cancelledCall(call) : refusalOf(server, session, nowMs);
    if (refusal !== undefined) {
      server.counters.failed += 1;
      return Promise.resolve(refusal);
    }
    return new Promise((resolve) => {
      const job: Job = {
        id: this.#freshId(),
        server,
        session,
        tool,
        argumentsText: JSON.stringify(call.arguments),
        context: call.context,
        startedAtMs: nowMs,
        deadlineAtMs: nowMs + server.manifest.limits.deadlineMs,
        signal,
        resolve,
        files: undefined,
        fileRequests: 0,
        isHeld: false,
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

  #freshId(): number {
    do this.#nextJob = (this.#nextJob % 0xffff_fffe) + 1;
    while (this.#jobs.has(this.#nextJob));
    return this.#nextJob;
  }

  #begin(job: Job): void {
    const { server, session } = job;
    this.#jobs.set(job.id, job);
    server.pending += 1;
    session.pending += 1;
    session.usedAtMs = job.startedAtMs;
    server.usedAtMs = job.startedAtMs;
    this.#aborts.add(job.signal);
    session.slot ??= this.#pick(server);
    session.slot.submit(job);
    if (!this.#isWatching) void this.#watch();
  }

  /** The child with least to do; a server is compiled in a second one only when the first is busy. */
  #pick(server: LiveServer): Slot {
    const cost = (slot: Slot): number =>
      slot.load + (slot.has(server) ? 0 : SPREAD_AT) + (slot.isSilent ? SILENT_COST : 0) + slot.serverCount / 1_000;
    return this.#slots.reduce((best, slot) => (cost(slot) < cost(best) ? slot : best));
  }

  #answered(job: Job, message: ResultMessage): void {
    const { fuel, memoryBytes } = message;
    const usage = { fuel, memoryBytes, durationMs: this.#deps.clock.monotonicMs() - job.startedAtMs };
    this.#settle(job, resultOf(message, tellerOf(job), usage));
    this.#forget(job);
  }

  #fail(job: Job, reason: "crashed" | "deadline" | "cancelled", said: string): void {
    const { limits } = job.server.manifest;
    const usage = { fuel: 0, memoryBytes: 0, durationMs: this.#deps.clock.monotonicMs() - job.startedAtMs };
    this.#settle(job, failedCall(reason, explain(reason, toolName(job), limits, said), usage));
    this.#forget(job);
  }

  /** Another guest holds the child up: the caller waits no longer, and nobody is blamed. */
  #overdue(job: Job): void {
    const message = `${toolName(job)} did not begin within its deadline, because another tool kept the sandbox busy. Try again, or raise sandbox.processes in caxton.toml.`;
    this.#settle(job, failedCall("overloaded", message));
  }

  /** Gives the caller its result, once. The child may not be through with the call yet. */
  #settle(job: Job, result: ToolResult): void {
    if (job.isSettled) return;
    job.isSettled = true;
    this.#aborts.remove(job.signal);
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

  #count(job: Job, result: ToolResult): void {
    const { server, files } = job;
    const { counters } = server;
    counters.fuel += result.usage.fuel;
    counters.durationMs += result.usage.durationMs;
    counters.denied += files?.denials ?? 0;
    if (result.type === "done") counters.done += 1;
    else {
      counters.failed += 1;
      if (VIOLATIONS.has(result.reason)) this.#violated(server, `${toolName(job)}: ${result.reason}`, result.reason);
    }
  }

  #violated(server: LiveServer, what: string, reason: ToolFailureReason): void {
    server.standing = afterViolation(server.standing, this.#deps.clock.monotonicMs(), what);
    this.#log.warn({ server: server.manifest.name, reason, standing: server.standing.state }, "a tool broke a limit");
  }

  #cancel(job: Job): void {
    const { slot } = job.session;
    if (slot === undefined || slot.withdraw(job)) return this.#fail(job, "cancelled", "");
    this.#settle(job, failedCall("cancelled", explain("cancelled", toolName(job), job.server.manifest.limits, "")));
    slot.cancel(job, "cancelled");
  }

  /** Deadlines and stuck children, as long as there are calls. */
  async #watch(): Promise<void> {
    this.#isWatching = true;
    for (let idle = 0; idle < IDLE_TICKS && !this.#stop.signal.aborted; idle = this.#jobs.size === 0 ? idle + 1 : 0) {
      await this.#deps.clock.sleep(TICK_MS, this.#stop.signal).catch(() => {});
      const nowMs = this.#deps.clock.monotonicMs();
      for (const job of this.#jobs.values()) if (nowMs >= job.deadlineAtMs) this.#expire(job);
      for (const slot of this.#slots) slot.watch(nowMs);
    }
    this.#isWatching = false;
  }

  #expire(job: Job): void {
    if (job.cancelledAtMs !== undefined) return;
    const { slot } = job.session;
    if (slot === undefined || slot.withdraw(job)) this.#fail(job, "deadline", "");
    else slot.cancel(job, "deadline");
  }

  async #sweepNowAndThen(): Promise<void> {
    this.#isSweeping = true;
    while (!this.#stop.signal.aborted) {
      await this.#deps.clock.sleep(SWEEP_MS, this.#stop.signal).catch(() => {});
      this.#sweep(this.#deps.clock.monotonicMs());
    }
  }

  /** Ends sessions and takes servers out of memory that nobody has used for long; replaces children that are worn. */
  #sweep(nowMs: number): void {
    for (const server of this.#servers.values()) {
      for (const [name, session] of server.sessions) {
        if (session.pending === 0 && nowMs - session.usedAtMs > SESSION_IDLE_MS) this.#endSession(server, name);
      }
      if (server.sessions.size === 0 && nowMs - server.usedAtMs > SERVER_IDLE_MS) this.#unload(server);
    }
    for (const slot of this.#slots) slot.refresh();
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
