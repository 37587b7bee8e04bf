import { totalmem } from "node:os";
import type { SandboxChild } from "./sandbox-child.ts";
import { residentBytes } from "./guest-process.ts";
import type { PendingCall } from "./pending-call.ts";
import { KIND } from "../wire/index.ts";

const PING_AFTER_MS = 200;
export const UNRESPONSIVE_AFTER_MS = 1_000;
const MEMORY_SAMPLE_MS = 500;
const GIB = 1024 ** 3;
/** Guests keep to their limits one by one; together they may not take the machine's memory. */
const RESIDENT_BYTES_MAX = Math.min(6 * GIB, totalmem() / 2);

/** Who keeps a child from answering: calls past their deadlines, or an instance of a server that no call waits for. */
export type Offender =
  | { readonly type: "calls"; readonly jobs: ReadonlySet<PendingCall> }
  | { readonly type: "start"; readonly server: number };

/** `overdue` are calls that were cancelled a while ago and that the child, busy with another, has not processed. */
export type LivenessReport =
  | { readonly child: "fine"; readonly overdue: readonly PendingCall[] }
  | { readonly child: "heavy" }
  | { readonly child: "stuck"; readonly offender: Offender };
const FINE: LivenessReport = { child: "fine", overdue: [] };

const isOverdue = (job: PendingCall, nowMs: number): boolean =>
  job.cancelledAtMs !== undefined && nowMs - job.cancelledAtMs >= UNRESPONSIVE_AFTER_MS;

/**
 * The heartbeat of one child: whether it responds, and how much memory it uses.
 *
 * sandbox.heartbeat.V1. Before a guest that may compute for long has its turn the child names its call: then only that call is checked against the silence.
 * sandbox.heartbeat.V2. When the child has named no call, it is stuck once every call that it may be running is past its
 *   deadline.
 * sandbox.heartbeat.V3. A start that no call waits for has no right to keep a call waiting.
 */
export class Heartbeat {
  #framesSeen = 0;
  #lastFrameAtMs = 0;
  #sampledAtMs = 0;
  #isSilent = false;
  #isSuspended = true;
  #turn = { server: 0, call: 0 };

  /** Whether a guest has kept the child from answering for a while. */
  get isSilent(): boolean {
    return this.#isSilent;
  }

  /** A guest that has kept the child from answering for a while and that the child has named; calls of 0 are starts. */
  get holder(): { readonly server: number; readonly call: number } | undefined {
    return this.#isSilent && this.#turn.server !== 0 ? this.#turn : undefined;
  }

  start(nowMs: number): void {
    this.#framesSeen = 0;
    this.#lastFrameAtMs = nowMs;
    this.#isSilent = false;
    this.#turn = { server: 0, call: 0 };
  }

  /** The child announces for which call of which server a guest computes; 0 means none. */
  onTurn(server: number, call: number): void {
    this.#turn = { server, call };
  }

  /** No caller waits for the child, so its silence means nothing until one does. */
  suspend(): void {
    this.#isSuspended = true;
    this.#isSilent = false;
  }

  /** To be called periodically while there are calls. */
  check(child: SandboxChild, sent: ReadonlyMap<number, PendingCall>, nowMs: number): LivenessReport {
    if (this.#isSuspended) this.#lastFrameAtMs = nowMs;
    this.#isSuspended = false;
    if (nowMs - this.#sampledAtMs > MEMORY_SAMPLE_MS) {
      this.#sampledAtMs = nowMs;
      const bytes = child.pid === undefined ? 0 : (residentBytes(child.pid) ?? 0);
      if (bytes > RESIDENT_BYTES_MAX) return { child: "heavy" };
    }
    if (child.framesReceived !== this.#framesSeen) {
      this.#framesSeen = child.framesReceived;
      this.#lastFrameAtMs = nowMs;
      this.#isSilent = false;
      return FINE;
    }
    const silentMs = nowMs - this.#lastFrameAtMs;
    if (silentMs < PING_AFTER_MS) return FINE;
    this.#isSilent = true;
    child.send(KIND.ping, 0, 0);
    if (silentMs < UNRESPONSIVE_AFTER_MS) return FINE;
    const offender = this.#offender(child, sent, nowMs);
    if (offender !== undefined) return { child: "stuck", offender };
    return { child: "fine", overdue: [...sent.values()].filter((job) => isOverdue(job, nowMs)) };
  }

  #offender(child: SandboxChild, sent: ReadonlyMap<number, PendingCall>, nowMs: number): Offender | undefined {
    const { server, call } = this.#turn;
    if (server !== 0 && call === 0) return { type: "start", server };
    const named = sent.get(call);
    const suspects = named === undefined ? mayRun(child, sent.values()) : [named];
    if (!suspects.every((job) => isOverdue(job, nowMs))) return undefined;
    return { type: "calls", jobs: new Set(suspects) };
  }
}

/** Of the calls sent since the child was last heard only the first may be running; the others wait behind it. */
function mayRun(child: SandboxChild, sent: Iterable<PendingCall>): readonly PendingCall[] {
  let hasUnheard = false;
  return [...sent].filter((job) => {
    const isUnheard = job.sentAtFrame === child.framesReceived;
    if (isUnheard && hasUnheard) return false;
    hasUnheard ||= isUnheard;
    return true;
  });
}
