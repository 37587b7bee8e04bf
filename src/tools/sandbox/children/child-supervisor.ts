import type { Clock } from "../../../kernel/clock.ts";
import { HostCallDispatcher } from "../host-calls/host-call-dispatcher.ts";
import type { SandboxChild } from "./sandbox-child.ts";
import { residentBytes } from "./guest-process.ts";
import { Backoff } from "./backoff.ts";
import type { PendingCall } from "./pending-call.ts";
import type { LiveServer } from "../live-server.ts";
import type { StandbyPool } from "./standby-pool.ts";
import type { IdlePolicy, ChildSupervisorDeps } from "./child-supervisor-deps.ts";
import type { ProcessStats } from "../sandbox-options.ts";
import { classifyLoss, type ChildSupervisorEvents } from "./child-supervisor-events.ts";
import { type Offender, Heartbeat } from "./heartbeat.ts";
import {
  decodeResult,
  encodeCallHead,
  encodeWithBytes,
  type Frame,
  KIND,
  type LoadSpec,
  payloadOf,
} from "../wire/index.ts";

const CRASHES_MAX = 2;
/** How long a call waits for a child to start and to load its server. */
const READY_MS_MAX = 15_000;
/** V8 never frees a function type and dies of two million; compiled code comes and goes, but not without rest. */
const TYPES_MAX = 1_500_000;
const LOADS_MAX = 1_000;
const RESIDENT_BYTES_MAX = 2 * 1024 ** 3;
const CANCELLED = Buffer.of(0);
const DEADLINE = Buffer.of(1);

type Loading = { state: "loading"; readonly jobs: PendingCall[] } | { state: "loaded" };

/**
 * Supervises one sandbox child: keeps it running, and tracks the calls and servers in it.
 *
 * sandbox.child-supervisor.S1. A call that was sent is in `#sent` until the child answers it or ends.
 * sandbox.child-supervisor.S2. A call frame follows the load frame of its server.
 * sandbox.child-supervisor.S3. When the child exits unexpectedly, each call that was in it and has changed nothing outside is made
 *   again, one at a time (careful mode): it may not even have begun. A call that was alone in a child that ended, twice
 *   in a row, is the offender.
 * sandbox.child-supervisor.S4. A call is removed from a child that a guest blocks only if it can have changed nothing, and once
 *   (see rebalance.ts).
 * sandbox.child-supervisor.S5. A child that a guest keeps from answering past its right (see `Heartbeat`) is killed. The calls of that
 *   guest's server which are past their deadlines have failed by its fault; calls of others are made again, unless they
 *   are past theirs or have changed something, and count against no call.
 */
export class ChildSupervisor {
  readonly #clock: Clock;
  readonly #files: HostCallDispatcher;
  readonly #events: ChildSupervisorEvents;
  readonly #standbyPool: StandbyPool;
  readonly #idlePolicy: IdlePolicy;
  #process: SandboxChild | undefined;
  #isUp = false;
  #isClosed = false;
  /** It was ended because there was nothing for it to do; it starts again when there is. */
  #isResting = false;
  #usedAtMs = 0;
  /** Calls that wait for the child, in order. */
  #queue: PendingCall[] = [];
  /** Calls on their way into the child, whose server is being read. */
  readonly #boarding = new Set<PendingCall>();
  readonly #sent = new Map<number, PendingCall>();
  /** Calls recalled from the child, until it reports that they are over. */
  readonly #recalled = new Set<number>();
  readonly #servers = new Map<LiveServer, Loading>();
  readonly #byNumber = new Map<number, LiveServer>();
  #suspects = 0;
  #loads = 0;
  #types = 0;
  readonly #heartbeat = new Heartbeat();
  /** The servers for whose sake the child was killed, when it did not answer any more. */
  #offenders: ReadonlySet<LiveServer> | undefined;
  readonly #backoff: Backoff;

  constructor({ clock, broker, events, standbyPool, rest }: ChildSupervisorDeps) {
    this.#standbyPool = standbyPool;
    this.#idlePolicy = rest;
    this.#clock = clock;
    this.#backoff = new Backoff(clock);
    this.#files = new HostCallDispatcher(broker);
    this.#events = events;
  }

  get load(): number {
    return this.#sent.size + this.#queue.length;
  }

  /** Whether a guest has kept the child from answering for a while. */
  get isSilent(): boolean {
    return this.#heartbeat.isSilent;
  }

  /** Whether that is one which the child has named, and not a machine with too much to do. */
  get isBlocked(): boolean {
    return this.#heartbeat.holder !== undefined;
  }

  /** Whether there is a child, though it may still be starting. */
  get isStarted(): boolean {
    return this.#process !== undefined;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  stats(): ProcessStats {
    const { pid, residentBytes: bytes } = this;
    return { pid, isUp: this.#isUp, servers: this.#servers.size, calls: this.load, residentBytes: bytes };
  }

  get serverCount(): number {
    return this.#servers.size;
  }

  get residentBytes(): number | undefined {
    return this.pid === undefined ? undefined : residentBytes(this.pid);
  }

  has(server: LiveServer): boolean {
    return this.#servers.has(server);
  }

  /** Starts the child unless it is running; returns at once. */
  start(): void {
    if (this.#process !== undefined || this.#isClosed || this.#backoff.isWaiting) return;
    this.#backoff.started();
    this.#loads = 0;
    this.#types = 0;
    this.#offenders = undefined;
    this.#isResting = false;
    this.#usedAtMs = this.#clock.monotonicMs();
    const process: SandboxChild = this.#standbyPool.child({
      onReady: () => this.#ready(),
      onFrame: (frame) => this.#take(frame, process),
      onExit: (reason) => this.#onExit(reason),
    });
    this.#process = process;
  }

  submit(job: PendingCall): void {
    if (this.#maySend()) this.#send(job);
    else {
      this.#enqueue(job);
      this.#queue.push(job);
      this.start();
    }
  }

  /** With suspects, only one call at a time. */
  #maySend(): boolean {
    return this.#isUp && (this.#suspects === 0 || this.#sent.size + this.#boarding.size === 0);
  }

  /** The deadline of a call counts from when it is sent; its wait for a child to be ready has a separate limit. */
  #enqueue(job: PendingCall): void {
    job.deadlineAtMs = this.#clock.monotonicMs() + job.deadlineMs + READY_MS_MAX;
    job.isQueued = true;
  }

  /** Withdraws a call that was not sent yet. False if it was sent. */
  withdraw(job: PendingCall): boolean {
    const index = this.#queue.indexOf(job);
    if (index !== -1) this.#queue.splice(index, 1);
    else if (!this.#boarding.delete(job)) return false;
    this.#removeFromSuspects(job);
    this.#pump();
    return true;
  }

  /** A call that is over is under suspicion no more. */
  #removeFromSuspects(job: PendingCall): void {
    if (job.crashes > 0) this.#suspects -= 1;
  }

  /** Cancels a call that was sent to the child. */
  cancel(job: PendingCall, why: "cancelled" | "deadline"): void {
    job.cancelledAtMs ??= this.#clock.monotonicMs();
    this.#process?.send(KIND.cancel, job.id, job.server.number, why === "deadline" ? DEADLINE : CANCELLED);
  }

  /** The calls in the child while a guest that it has named computes and keeps the others waiting; that guest's session apart. */
  blockedCalls(): readonly PendingCall[] {
    const holder = this.#heartbeat.holder;
    if (holder === undefined) return [];
    const holding = this.#sent.get(holder.call)?.session;
    return [...this.#sent.values()].filter(({ session }) => session !== holding);
  }

  /**
   * Recalls a call from the child, to be made in another: its deadline restarts there, and this child's result and
   * requests for it are ignored.
   */
  recall(job: PendingCall): void {
    this.#sent.delete(job.id);
    this.#recalled.add(job.id);
    job.isMoved = true;
    this.#enqueue(job);
    this.#process?.send(KIND.cancel, job.id, job.server.number, CANCELLED);
  }

  endSession(server: LiveServer, session: number): void {
    if (!this.#servers.has(server)) return;
    const payload = Buffer.allocUnsafe(4);
    payload.writeUInt32LE(session);
    this.#process?.send(KIND.endSession, 0, server.number, payload);
  }

  /** Compiles a server ahead of its first call. */
  warm(server: LiveServer): void {
    if (!this.#servers.has(server)) void this.#load(server);
  }

  unload(server: LiveServer): void {
    if (!this.#servers.has(server)) return;
    this.#forget(server);
    this.#process?.send(KIND.unload, 0, server.number);
  }

  /** Lets go of the instance that a server keeps ready: its next call starts one. */
  trim(server: LiveServer): void {
    if (this.#servers.get(server)?.state === "loaded") this.#process?.send(KIND.trim, 0, server.number);
  }

  #forget(server: LiveServer): void {
    if (!this.#servers.delete(server)) return;
    this.#byNumber.delete(server.number);
    server.loadedIn -= 1;
  }

  /** Checks the child; called periodically while there are calls. */
  watch(nowMs: number): void {
    const process = this.#process;
    if (process === undefined || !this.#isUp) return;
    if (this.#sent.size === 0) return this.#heartbeat.suspend();
    const verdict = this.#heartbeat.check(process, this.#sent, nowMs);
    switch (verdict.child) {
      case "heavy":
        return process.kill("its guests used too much memory together");
      case "stuck":
        return this.#endStuck(process, verdict.offender);
      case "fine":
        for (const job of verdict.overdue) this.#events.onOverdue(job);
    }
  }

  #endStuck(process: SandboxChild, offender: Offender): void {
    if (offender.type === "calls") {
      this.#offenders = new Set([...offender.jobs].map(({ account }) => account.server));
      return process.kill("a guest did not stop");
    }
    const server = this.#byNumber.get(offender.server);
    this.#offenders = new Set(server === undefined ? [] : [server]);
    if (server !== undefined) server.startsAhead = false;
    process.kill(`the start of ${server?.manifest.name ?? "a server"}, which no call was for, kept calls waiting`);
  }

  /**
   * Ends an idle child: permanently if it has been empty for long, or to be replaced if it has grown old; the state of
   * its instances is lost.
   */
  refresh(nowMs: number): void {
    if (this.load > 0 || (this.#idlePolicy.scope === "empty" && this.#servers.size > 0)) this.#usedAtMs = nowMs;
    if (this.#process === undefined || this.load > 0) return;
    if (nowMs - this.#usedAtMs > this.#idlePolicy.timeoutMs) {
      this.#isResting = true;
      return this.#process.kill("it has nothing to do");
    }
    const isWorn = this.#types > TYPES_MAX || this.#loads > LOADS_MAX + this.#servers.size;
    if (isWorn || (this.residentBytes ?? 0) > RESIDENT_BYTES_MAX) this.#process.kill("it is replaced by a fresh one");
  }

  /** Ends the child; calls in it are over. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const process = this.#process;
    process?.kill("the server stops");
    this.#backoff.stop();
    await process?.exited;
  }

  #ready(): void {
    if (this.#isUp) return;
    this.#isUp = true;
    this.#heartbeat.start(this.#clock.monotonicMs());
    for (const server of this.#servers.keys()) void this.#load(server);
    this.#pump();
  }

  /** Sends queued calls: all of them, or in careful mode the next one when no call is running. */
  #pump(): void {
    while (this.#queue.length > 0 && this.#maySend()) {
      const job = this.#queue.shift();
      if (job !== undefined) this.#send(job);
    }
  }

  #send(job: PendingCall): void {
    const loading = this.#servers.get(job.server);
    if (loading?.state === "loaded") return this.#write(job);
    this.#enqueue(job);
    this.#boarding.add(job);
    if (loading === undefined) void this.#load(job.server, job);
    else loading.jobs.push(job);
  }

  #write(job: PendingCall): void {
    this.#sent.set(job.id, job);
    if (job.isQueued) job.deadlineAtMs = this.#clock.monotonicMs() + job.deadlineMs;
    job.isQueued = false;
    job.sentAtFrame = this.#process?.framesReceived ?? 0;
    const head = encodeCallHead(job.session.number, job.tool);
    this.#process?.sendText({ kind: KIND.call, id: job.id, server: job.server.number }, head, job.argumentsText);
  }

  async #load(server: LiveServer, first?: PendingCall): Promise<void> {
    const loading: Loading = { state: "loading", jobs: first === undefined ? [] : [first] };
    if (!this.#servers.has(server)) server.loadedIn += 1;
    this.#servers.set(server, loading);
    this.#byNumber.set(server.number, server);
    const process = this.#process;
    try {
      const bytes = await server.module.bytes();
      const isStale = this.#servers.get(server) !== loading || this.#process !== process || !this.#isUp;
      if (isStale || process === undefined) return this.#requeue(this.#aboard(loading.jobs));
      const spec: LoadSpec = { ...server.spec, startsAhead: server.startsAhead };
      process.send(KIND.load, 0, server.number, ...encodeWithBytes(spec, bytes));
      this.#loads += 1;
      this.#types += server.module.catalogue.types;
      this.#servers.set(server, { state: "loaded" });
      this.#events.onLoaded(server);
      for (const job of this.#aboard(loading.jobs)) this.#write(job);
    } catch (error) {
      if (this.#servers.get(server) === loading) this.unload(server);
      const reason = error instanceof Error ? error.message : String(error);
      this.#events.onUnread(server, reason);
      for (const job of this.#aboard(loading.jobs)) {
        this.#removeFromSuspects(job);
        this.#events.onUnsent(job, reason);
      }
      this.#pump();
    }
  }

  /** The calls that were not withdrawn in the meantime; they are the next to be sent. */
  #aboard(jobs: readonly PendingCall[]): readonly PendingCall[] {
    return jobs.filter((job) => this.#boarding.delete(job));
  }

  #requeue(jobs: readonly PendingCall[]): void {
    for (const job of jobs) this.submit(job);
  }

  #take(frame: Frame, process: SandboxChild): void {
    const { kind, id, server } = frame;
    switch (kind) {
      case KIND.result: {
        const job = this.#sent.get(id);
        if (job === undefined && this.#recalled.delete(id)) return;
        const message = decodeResult(frame);
        if (job === undefined || message === undefined) return process.kill("it answered a call that was not made");
        this.#settled(job);
        job.session.isFresh = false;
        this.#events.onResult(job, message);
        return;
      }
      case KIND.turn:
        // A recalled call no longer belongs to this child.
        return this.#heartbeat.onTurn(server, this.#recalled.has(id) ? 0 : id);
      case KIND.ioRequest:
        return this.#files.take(id, payloadOf(frame), { child: process, calls: this.#sent });
      case KIND.log: {
        const known = this.#byNumber.get(server);
        if (known !== undefined && !this.#recalled.has(id))
          this.#events.onLog(known, payloadOf(frame), this.#sent.get(id));
        return;
      }
      case KIND.loaded: {
        const known = this.#byNumber.get(server);
        const refusal = payloadOf(frame).toString("utf8");
        if (known !== undefined && refusal !== "") this.#loadRefused(known, refusal);
      }
    }
  }

  #settled(job: PendingCall): void {
    this.#sent.delete(job.id);
    void job.files?.end();
    this.#removeFromSuspects(job);
    if (this.#queue.length > 0) this.#pump();
  }

  #loadRefused(server: LiveServer, reason: string): void {
    this.#forget(server);
    this.#events.onLoadFailure(server, reason);
    for (const job of this.#sent.values()) {
      if (job.server !== server) continue;
      this.#settled(job);
      this.#events.onCrash(job, "crashed", `it could not be loaded: ${reason}`);
    }
  }

  #onExit(reason: string): void {
    this.#process = undefined;
    this.#isUp = false;
    const lost = [...this.#sent.values()];
    this.#sent.clear();
    this.#recalled.clear();
    // What was in it is loaded again when it is called, so that a child of a thousand servers is back as soon as any.
    for (const server of this.#servers.keys()) this.#forget(server);
    this.#events.onEnd(this, reason, this.#isResting);
    for (const job of lost) this.#lose(job, lost.length === 1, reason);
    this.#backoff.ended();
    if (this.#isClosed || (this.#isResting && this.#queue.length === 0)) return;
    void this.#restart();
  }

  /** Handles a call whose child has ended. */
  #lose(job: PendingCall, isAlone: boolean, reason: string): void {
    const hasEffects = job.files?.hasEffects === true;
    void job.files?.end();
    const isOver = job.isSettled || job.cancelledAtMs !== undefined || hasEffects || this.#isClosed;
    // A stuck child was stuck with a guest that is known; the others have nothing to do with it.
    const isSuspect = this.#offenders === undefined && !isOver;
    if (isOver || (isSuspect && job.crashes >= (isAlone ? 1 : CRASHES_MAX))) {
      this.#removeFromSuspects(job);
      return this.#events.onCrash(job, classifyLoss(job, this.#offenders), reason);
    }
    if (isSuspect && job.crashes === 0) this.#suspects += 1;
    if (isSuspect) job.crashes += 1;
    job.files = undefined;
    this.#enqueue(job);
    this.#queue.push(job);
  }

  async #restart(): Promise<void> {
    await this.#backoff.wait();
    this.start();
  }
}
