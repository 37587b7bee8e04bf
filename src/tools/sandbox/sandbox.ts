import { availableParallelism } from "node:os";
import { type Log, log as rootLog } from "../../kernel/log.ts";
import {
  failedCall,
  serverKey,
  type ToolCall,
  type ToolResult,
  type ToolRunner,
  type ToolServer,
  type ToolUsage,
} from "../catalogue/index.ts";
import { type Inspection } from "../servers/index.ts";
import { AbortWatch } from "./abort-watch.ts";
import { cancelledCall, unknownTool } from "./admission.ts";
import type { LogLine } from "./guest-log.ts";
import {
  blamedFor,
  limitsOf,
  pendingCall,
  reservationsOf,
  type PendingCall,
  resultContextOf,
  toolName,
} from "./children/pending-call.ts";
import { LimitedServers, serverFor } from "./limited-servers.ts";
import { LogRouter } from "./log-router.ts";
import { LiveServer, type InstanceLease, withCopies } from "./live-server.ts";
import { buildRequest, inspectWith } from "./modules/inspection.ts";
import { ModuleBuilder } from "./modules/module-builder.ts";
import { killedAsCollateral, explain, starved, notStarted, notLoaded, resultOf } from "./outcome.ts";
import { recordViolation } from "./quarantine.ts";
import { Redaction } from "../../text/redaction/index.ts";
import { ConfinementCheck } from "./children/confinement-check.ts";
import { StandbyPool } from "./children/standby-pool.ts";
import { ChildPools } from "./children/child-pools.ts";
import {
  type Deployment,
  maxInstancesFor,
  type SandboxDeps,
  type SandboxOptions,
  type SandboxStats,
} from "./sandbox-options.ts";
import { ChildSupervisor } from "./children/child-supervisor.ts";
import type { CrashCause } from "./children/child-supervisor-events.ts";
import type { ResultMessage } from "./wire/index.ts";

export type { Deployment, SandboxDeps, SandboxOptions, SandboxStats } from "./sandbox-options.ts";

const PROCESSES_MAX = 4;
const START_FUEL = 2_000_000_000;
const TICK_MS = 20;
/** Idle resources are released step by step: the ready instance, the compiled module, the child. */
const INSTANCE_IDLE_MS = 60_000;
const MODULE_IDLE_MS = 10 * 60_000;
const CHILD_IDLE_MS = 5 * 60_000;
/** Ticks without a call after which checks stop. */
const IDLE_TICKS = 50;
const SESSION_IDLE_MS = 10 * 60_000;
const SWEEP_MS = 30_000;
const NOTHING_USED = { fuel: 0, memoryBytes: 0 };
/** The workspace of a sandbox that has one only. */
const ONLY_WORKSPACE = "default";

/**
 * Runs tool servers in sandbox children.
 *
 * sandbox.B1. Guest code is compiled and run in children only; this process meters nothing and runs nothing of it.
 * sandbox.B2. Each call ends once, and by its deadline plus what it takes to kill a child.
 * sandbox.B3. A session's calls go to one child as long as that lives.
 */
export class Sandbox implements ToolRunner, AsyncDisposable {
  readonly #deps: SandboxDeps;
  readonly #log: Log;
  readonly #options: SandboxOptions;
  readonly #builder: ModuleBuilder;
  readonly #limited: LimitedServers;
  readonly #pools: ChildPools;
  readonly #standbyPool: StandbyPool;
  /** By `serverKey`: two workspaces may each have a server of one name. */
  readonly #servers = new Map<string, LiveServer>();
  readonly #jobs = new Map<number, PendingCall>();
  readonly #aborts = new AbortWatch((signal) => {
    for (const job of this.#jobs.values()) if (job.signal === signal && !job.isSettled) this.#cancel(job);
  });
  readonly #logs = new LogRouter();
  readonly #stop = new AbortController();
  readonly #instanceIdleMs: number;
  readonly #moduleIdleMs: number;
  readonly #startFuel: number;
  #views: ReadonlyMap<string, readonly ToolServer[]> = new Map();
  #nextServer = 1;
  #nextJob = 1;
  #isWatching = false;
  #isSweeping = false;

  constructor(deps: SandboxDeps, options: SandboxOptions = {}) {
    this.#deps = deps;
    this.#log = (deps.log ?? rootLog).child({ room: "sandbox" });
    this.#options = options;
    this.#instanceIdleMs = options.instanceIdleMs ?? INSTANCE_IDLE_MS;
    this.#moduleIdleMs = options.moduleIdleMs ?? MODULE_IDLE_MS;
    this.#startFuel = options.startFuel ?? START_FUEL;
    const confinement = new ConfinementCheck(options, this.#log);
    this.#builder = new ModuleBuilder(deps.clock, { ...options, confinement }, deps.readModule);
    this.#limited = new LimitedServers(this.#builder, this.#startFuel, options);
    const events = {
      onResult: (job: PendingCall, message: ResultMessage) => this.#answered(job, message),
      onCrash: (job: PendingCall, how: CrashCause, reason: string) => this.#crashed(job, how, reason),
      onLoadFailure: (server: LiveServer, reason: string) => {
        server.failure = reason;
        this.#log.error({ server: server.manifest.name, reason }, "a tool server could not be loaded");
      },
      onLoaded: (server: LiveServer) => void (server.problem = ""),
      onUnread: (server: LiveServer, reason: string) => {
        server.problem = reason;
        this.#log.error({ server: server.manifest.name, reason }, "the module of a tool server could not be read");
      },
      onUnsent: (job: PendingCall, reason: string) => {
        this.#settle(job, notLoaded(toolName(job), reason));
        this.#forget(job);
      },
      onLog: (server: LiveServer, bytes: Buffer, job: PendingCall | undefined) =>
        this.#logs.take(server, bytes, { job, nowMs: deps.clock.nowMs() }),
      onOverdue: (job: PendingCall) => this.#overdue(job),
      onEnd: (slot: ChildSupervisor, reason: string, isResting: boolean) => this.#lost(slot, isResting ? "" : reason),
    };
    this.#standbyPool = StandbyPool.of(options, confinement.report);
    this.#pools = new ChildPools({
      count: options.processes ?? Math.min(PROCESSES_MAX, availableParallelism()),
      idleMs: options.childIdleMs ?? CHILD_IDLE_MS,
      // No session is as old as this, so that none is lost.
      reserveIdleMs: (options.standby ?? true) ? SESSION_IDLE_MS : undefined,
      newSlot: (rest) => new ChildSupervisor({ ...deps, events, standbyPool: this.#standbyPool, rest }),
    });
  }

  /**
   * Prepares a module and replaces the server of that name in its workspace, if there is one; its running calls finish. Throws ToolServerRefusedError, ToolServerBuildError, SandboxUnconfinedError, CancelledError.
   */
  async deploy(
    { workspace = ONLY_WORKSPACE, manifest, module, placement }: Deployment,
    signal: AbortSignal,
  ): Promise<ToolServer> {
    this.#stop.signal.throwIfAborted();
    if (!this.#isSweeping) void this.#sweepPeriodically();
    // While the module is prepared, a child starts.
    const key = serverKey(workspace, manifest.name);
    const pool = this.#pools.of(placement, key);
    pool.slots[0]?.start();
    const request = buildRequest({ manifest, module }, this.#startFuel);
    const built = await this.#builder.build(request, signal);
    const server = new LiveServer(this.#nextServer++, manifest, built, {
      workspace,
      startFuel: this.#startFuel,
      instancesMax: maxInstancesFor(this.#options, manifest.limits.memoryBytesMax),
      environment: this.#deps.broker
        .environment(manifest.name, manifest.grants, workspace)
        .map(({ name, value }) => [name, value]),
      pool,
      nowMs: () => this.#deps.clock.monotonicMs(),
      redaction: Redaction.of(this.#deps.broker.confidential(manifest.grants)),
    });
    server.usedAtMs = this.#deps.clock.monotonicMs();
    const before = this.#servers.get(key);
    this.#servers.set(key, server);
    this.#listed();
    if (before !== undefined) this.#retire(before);
    pool.pick(server).warm(server);
    return server.view;
  }

  /** Prepares a module and returns its description, without deploying it. Throws the errors of `deploy`. */
  inspect(deployment: Deployment, signal: AbortSignal): Promise<Inspection> {
    return inspectWith(this.#builder, buildRequest(deployment, this.#startFuel), signal);
  }

  /** The same without the cache: the module is metered, started and asked for its tools again. */
  async check(deployment: Deployment, signal: AbortSignal): Promise<Inspection> {
    await using builder = this.#builder.withoutCache();
    return await inspectWith(builder, buildRequest(deployment, this.#startFuel), signal);
  }

  /** Calls `listener` with each line that a server of this name writes to standard error from now on. */
  watchLog(name: string, listener: (line: LogLine) => void, workspace = ONLY_WORKSPACE): Disposable {
    return this.#logs.watch(serverKey(workspace, name), listener);
  }

  /** Removes a server; its running calls finish. False for an unknown name. */
  remove(name: string, workspace = ONLY_WORKSPACE): boolean {
    const key = serverKey(workspace, name);
    const server = this.#servers.get(key);
    if (server === undefined) return false;
    this.#servers.delete(key);
    this.#listed();
    this.#retire(server);
    return true;
  }

  servers(workspace = ONLY_WORKSPACE): readonly ToolServer[] {
    return this.#views.get(workspace) ?? [];
  }

  /** The last lines that a server wrote to standard error, oldest first; empty when there is no such server. */
  logs(name: string, workspace = ONLY_WORKSPACE): readonly LogLine[] {
    return this.#servers.get(serverKey(workspace, name))?.log.lines(this.#deps.clock.nowMs()) ?? [];
  }

  stats(): SandboxStats {
    return {
      servers: this.#servers.size,
      callsInFlight: this.#jobs.size,
      processes: this.#pools.stats(),
      standbyPid: this.#standbyPool.pid,
    };
  }

  /** Calls a tool of a server that is deployed in `workspace`. */
  call(call: ToolCall, signal: AbortSignal, workspace = ONLY_WORKSPACE): Promise<ToolResult> {
    const known = this.#servers.get(serverKey(workspace, call.server));
    if (known?.toolIndex(call.tool) === undefined)
      return Promise.resolve(unknownTool(call, known, this.servers(workspace)));
    const isStopped = signal.aborted || this.#stop.signal.aborted;
    const nowMs = this.#deps.clock.monotonicMs();
    const account = { server: known, session: known.session(call.context) };
    const chosen = isStopped ? cancelledCall(call) : serverFor(known, call, nowMs);
    if (chosen.type === "unprepared") {
      const until = AbortSignal.any([signal, this.#stop.signal]);
      const prepared = this.#limited.prepare(known, chosen, { call, signal: until, number: this.#nextServer++ });
      return prepared.then((failed) => failed ?? this.call(call, signal, workspace));
    }
    if (chosen.type !== "prepared") {
      known.counters.failed += 1;
      return Promise.resolve(chosen);
    }
    const { tool } = chosen;
    const server = call.context.isPermissive === true ? chosen.server.permissive(this.#nextServer++) : chosen.server;
    const session = server.session(call.context);
    return new Promise((resolve) => {
      const id = this.#freshId();
      this.#begin(pendingCall(call, { id, account, server, session, tool, startedAtMs: nowMs, signal, resolve }));
    });
  }

  endSession(name: string): void {
    for (const server of withCopies(this.#servers.values())) {
      if (server.manifest.instance === "run") this.#endSession(server, name);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    for (const job of this.#jobs.values()) this.#settle(job, failedCall("cancelled", "the server stops"));
    await Promise.all([this.#builder[Symbol.asyncDispose](), this.#standbyPool.close(), this.#pools.close()]);
  }

  #listed(): void {
    const byWorkspace = Map.groupBy(this.#servers.values(), ({ workspace }) => workspace);
    this.#views = new Map([...byWorkspace].map(([workspace, servers]) => [workspace, servers.map(({ view }) => view)]));
  }

  #freshId(): number {
    do this.#nextJob = (this.#nextJob % 0xffff_fffe) + 1;
    while (this.#jobs.has(this.#nextJob));
    return this.#nextJob;
  }

  #begin(job: PendingCall): void {
    const { server, session } = job;
    this.#jobs.set(job.id, job);
    for (const held of reservationsOf(job)) {
      held.server.pending += 1;
      held.session.pending += 1;
      held.server.usedAtMs = job.startedAtMs;
      held.session.usedAtMs = job.startedAtMs;
    }
    this.#aborts.add(job.signal);
    session.slot ??= server.pool.pick(server);
    session.slot.submit(job);
    if (!this.#isWatching) void this.#watch();
  }

  #usage(job: PendingCall, { fuel, memoryBytes } = NOTHING_USED): ToolUsage {
    return { fuel, memoryBytes, durationMs: this.#deps.clock.monotonicMs() - job.startedAtMs };
  }

  #answered(job: PendingCall, message: ResultMessage): void {
    this.#settle(job, resultOf(message, resultContextOf(job), this.#usage(job, message)));
    this.#forget(job);
  }

  #fail(job: PendingCall, reason: "crashed" | "deadline" | "cancelled", said: string): void {
    this.#settle(job, failedCall(reason, explain(reason, toolName(job), limitsOf(job), said), this.#usage(job)));
    this.#forget(job);
  }

  #crashed(job: PendingCall, how: CrashCause, reason: string): void {
    if (how !== "bystander")
      return this.#fail(job, how === "stuck" ? "deadline" : "crashed", how === "stuck" ? "" : reason);
    if (job.cancelledAtMs !== undefined) this.#overdue(job);
    this.#settle(job, killedAsCollateral(toolName(job), this.#usage(job)), "innocent");
    this.#forget(job);
  }

  /** Another guest blocks the child: the caller stops waiting, and the call is not counted against a server. */
  #overdue(job: PendingCall): void {
    this.#settle(job, starved(toolName(job)));
  }

  /** Gives the caller its result, once. The child may not be through with the call yet. */
  #settle(job: PendingCall, result: ToolResult, guilt: "as-it-says" | "innocent" = "as-it-says"): void {
    if (job.isSettled) return;
    job.isSettled = true;
    this.#logs.end(job, this.#deps.clock.nowMs());
    this.#aborts.remove(job.signal);
    this.#count(job, result, guilt === "innocent");
    job.resolve(result);
  }

  /** Lets go of a call that no child has any more. */
  #forget(job: PendingCall): void {
    if (!this.#jobs.delete(job.id)) return;
    for (const { server, session } of reservationsOf(job)) {
      server.pending -= 1;
      session.pending -= 1;
      if (server.isRemoved && server.pending === 0) this.#unload(server);
    }
  }

  #count(job: PendingCall, result: ToolResult, isInnocent: boolean): void {
    const { counters } = job.account.server;
    counters.fuel += result.usage.fuel;
    counters.durationMs += result.usage.durationMs;
    counters.denied += job.files?.denials ?? 0;
    if (result.type === "done") counters.done += 1;
    else {
      counters.failed += 1;
      const { reason } = result;
      const blamed = isInnocent ? undefined : blamedFor(job, reason);
      if (blamed === undefined) return;
      const what = `${toolName(job)}: ${reason}`;
      blamed.quarantine = recordViolation(blamed.quarantine, this.#deps.clock.monotonicMs(), what);
      const { manifest, quarantine } = blamed;
      this.#log.warn({ server: manifest.name, reason, standing: quarantine.state }, "a tool broke a limit");
    }
  }

  #cancel(job: PendingCall): void {
    const { slot } = job.session;
    if (slot === undefined || slot.withdraw(job)) return this.#fail(job, "cancelled", "");
    this.#settle(job, failedCall("cancelled", explain("cancelled", toolName(job), limitsOf(job), "")));
    slot.cancel(job, "cancelled");
  }

  /** Deadlines and stuck children, as long as there are calls. */
  async #watch(): Promise<void> {
    this.#isWatching = true;
    for (let idle = 0; idle < IDLE_TICKS && !this.#stop.signal.aborted; idle = this.#jobs.size === 0 ? idle + 1 : 0) {
      await this.#deps.clock.sleep(TICK_MS, this.#stop.signal).catch(() => {});
      const nowMs = this.#deps.clock.monotonicMs();
      for (const job of this.#jobs.values()) if (nowMs >= job.deadlineAtMs) this.#expire(job);
      this.#pools.watch(nowMs);
      this.#standbyPool.prepare(nowMs);
    }
    this.#isWatching = false;
  }

  #expire(job: PendingCall): void {
    if (job.cancelledAtMs !== undefined) return;
    const { slot } = job.session;
    if (slot !== undefined && !slot.withdraw(job)) return slot.cancel(job, "deadline");
    this.#settle(job, notStarted(toolName(job)));
    this.#forget(job);
  }

  async #sweepPeriodically(): Promise<void> {
    this.#isSweeping = true;
    while (!this.#stop.signal.aborted) {
      const everyMs = Math.min(SWEEP_MS, this.#instanceIdleMs, this.#moduleIdleMs);
      await this.#deps.clock.sleep(everyMs, this.#stop.signal).catch(() => {});
      this.#sweep(this.#deps.clock.monotonicMs());
    }
  }

  /** Ends idle sessions and unloads idle servers; replaces worn children. */
  #sweep(nowMs: number): void {
    for (const server of withCopies(this.#servers.values())) {
      for (const [name, session] of server.sessions) {
        if (session.pending === 0 && nowMs - session.usedAtMs > SESSION_IDLE_MS) this.#endSession(server, name);
      }
      const idleMs = server.sessions.size === 0 ? nowMs - server.usedAtMs : 0;
      if (idleMs > this.#moduleIdleMs) this.#unload(server);
      else if (idleMs > this.#instanceIdleMs) for (const slot of this.#pools.slots()) slot.trim(server);
    }
    for (const slot of this.#pools.slots()) slot.refresh(nowMs);
    if (this.#pools.slots().every(({ isStarted }) => !isStarted)) this.#standbyPool.release();
  }

  #endSession(server: LiveServer, name: string): void {
    const session: InstanceLease | undefined = server.sessions.get(name);
    if (session === undefined) return;
    server.sessions.delete(name);
    session.slot?.endSession(server, session.number);
  }

  #lost(slot: ChildSupervisor, reason: string): void {
    if (!this.#stop.signal.aborted && reason !== "") {
      this.#log.warn({ reason }, "a sandbox process ended; another takes its place");
    }
    for (const server of withCopies(this.#servers.values())) {
      for (const session of server.sessions.values()) {
        if (session.slot !== slot) continue;
        session.isFresh = true;
        if (session.pending === 0) session.slot = undefined;
      }
    }
  }

  #retire(server: LiveServer): void {
    server.isRemoved = true;
    if (server.pending === 0) this.#unload(server);
    for (const copy of server.copies) this.#retire(copy);
  }

  #unload(server: LiveServer): void {
    for (const slot of this.#pools.slots()) slot.unload(server);
  }
}
