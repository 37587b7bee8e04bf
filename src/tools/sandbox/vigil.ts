import { totalmem } from "node:os";
import type { GuestHome } from "./guest-home.ts";
import { residentBytes } from "./guest-process.ts";
import type { Job } from "./job.ts";
import { KIND } from "./wire/index.ts";

const PING_AFTER_MS = 200;
export const STUCK_MS = 1_000;
const WEIGH_MS = 500;
const GIB = 1024 ** 3;
/** Guests keep to their limits one by one; together they may not take the machine's memory. */
const RESIDENT_BYTES_MOST = Math.min(6 * GIB, totalmem() / 2);

/** Who keeps a child from answering: calls past their deadlines, or an instance of a server that no call waits for. */
export type Culprit =
  | { readonly type: "calls"; readonly jobs: ReadonlySet<Job> }
  | { readonly type: "start"; readonly server: number };

/** `overdue` are calls that were told to end a while ago and that the child, busy with another, has not even heard of. */
export type Verdict =
  | { readonly child: "fine"; readonly overdue: readonly Job[] }
  | { readonly child: "heavy" }
  | { readonly child: "stuck"; readonly culprit: Culprit };
const FINE: Verdict = { child: "fine", overdue: [] };

const isOverdue = (job: Job, nowMs: number): boolean =>
  job.cancelledAtMs !== undefined && nowMs - job.cancelledAtMs >= STUCK_MS;

/**
 * The heartbeat of one child: whether it is heard, and what it weighs.
 *
 * sandbox.vigil.V1. Before a guest that may compute for long has its turn the child says whose it is: then that one
 *   alone is asked to account for the silence.
 * sandbox.vigil.V2. When the child has named nobody, it is stuck once every call that it may be running is past its
 *   deadline.
 * sandbox.vigil.V3. A start that no call waits for has no right to keep a call waiting.
 */
export class Vigil {
  #heard = 0;
  #heardAtMs = 0;
  #weighedAtMs = 0;
  #isSilent = false;
  #isResting = true;
  #turn = { server: 0, call: 0 };

  /** Whether a guest has kept the child from answering for a while. */
  get isSilent(): boolean {
    return this.#isSilent;
  }

  /** A guest that has kept the child from answering for a while and that the child has named; calls of 0 are starts. */
  get holder(): { readonly server: number; readonly call: number } | undefined {
    return this.#isSilent && this.#turn.server !== 0 ? this.#turn : undefined;
  }

  begin(nowMs: number): void {
    this.#heard = 0;
    this.#heardAtMs = nowMs;
    this.#isSilent = false;
    this.#turn = { server: 0, call: 0 };
  }

  /** The child says for which call of which server a guest computes from now on; 0 is none. */
  turned(server: number, call: number): void {
    this.#turn = { server, call };
  }

  /** Nobody waits for the child, so its silence means nothing until somebody does. */
  rest(): void {
    this.#isResting = true;
    this.#isSilent = false;
  }

  /** To be called now and then while there are calls. */
  look(child: GuestHome, sent: ReadonlyMap<number, Job>, nowMs: number): Verdict {
    if (this.#isResting) this.#heardAtMs = nowMs;
    this.#isResting = false;
    if (nowMs - this.#weighedAtMs > WEIGH_MS) {
      this.#weighedAtMs = nowMs;
      const bytes = child.pid === undefined ? 0 : (residentBytes(child.pid) ?? 0);
      if (bytes > RESIDENT_BYTES_MOST) return { child: "heavy" };
    }
    if (child.framesHeard !== this.#heard) {
      this.#heard = child.framesHeard;
      this.#heardAtMs = nowMs;
      this.#isSilent = false;
      return FINE;
    }
    const silentMs = nowMs - this.#heardAtMs;
    if (silentMs < PING_AFTER_MS) return FINE;
    this.#isSilent = true;
    child.send(KIND.ping, 0, 0);
    if (silentMs < STUCK_MS) return FINE;
    const culprit = this.#culprit(child, sent, nowMs);
    if (culprit !== undefined) return { child: "stuck", culprit };
    return { child: "fine", overdue: [...sent.values()].filter((job) => isOverdue(job, nowMs)) };
  }

  #culprit(child: GuestHome, sent: ReadonlyMap<number, Job>, nowMs: number): Culprit | undefined {
    const { server, call } = this.#turn;
    if (server !== 0 && call === 0) return { type: "start", server };
    const named = sent.get(call);
    const suspects = named === undefined ? mayRun(child, sent.values()) : [named];
    if (!suspects.every((job) => isOverdue(job, nowMs))) return undefined;
    return { type: "calls", jobs: new Set(suspects) };
  }
}

/** Of the calls sent since the child was last heard only the first may be running; the others wait behind it. */
function mayRun(child: GuestHome, sent: Iterable<Job>): readonly Job[] {
  let hasUnheard = false;
  return [...sent].filter((job) => {
    const isUnheard = job.sentAtFrame === child.framesHeard;
    if (isUnheard && hasUnheard) return false;
    hasUnheard ||= isUnheard;
    return true;
  });
}
