import { totalmem } from "node:os";
import type { GuestHome } from "./guest-home.ts";
import { residentBytes } from "./guest-process.ts";
import type { Job } from "./job.ts";
import { KIND } from "./wire/index.ts";

const PING_AFTER_MS = 200;
const STUCK_MS = 1_000;
const WEIGH_MS = 500;
const GIB = 1024 ** 3;
/** Guests keep to their limits one by one; together they may not take the machine's memory. */
const RESIDENT_BYTES_MOST = Math.min(6 * GIB, totalmem() / 2);

export type Verdict = {
  readonly child: "fine" | "heavy" | "stuck";
  /** Calls that were told to end a while ago and that the child, busy with another, has not even heard of. */
  readonly overdue: readonly Job[];
};
const FINE: Verdict = { child: "fine", overdue: [] };

const isOverdue = (job: Job, nowMs: number): boolean =>
  job.cancelledAtMs !== undefined && nowMs - job.cancelledAtMs >= STUCK_MS;

/**
 * The heartbeat of one child: whether it is heard, and what it weighs. A child that is silent for long while every call
 * it may be running is past its deadline is stuck.
 */
export class Vigil {
  #heard = 0;
  #heardAtMs = 0;
  #weighedAtMs = 0;
  #isSilent = false;

  /** Whether a guest has kept the child from answering for a while. */
  get isSilent(): boolean {
    return this.#isSilent;
  }

  begin(nowMs: number): void {
    this.#heard = 0;
    this.#heardAtMs = nowMs;
    this.#isSilent = false;
  }

  /** To be called now and then while there are calls. */
  look(child: GuestHome, sent: Iterable<Job>, nowMs: number): Verdict {
    if (nowMs - this.#weighedAtMs > WEIGH_MS) {
      this.#weighedAtMs = nowMs;
      const bytes = child.pid === undefined ? 0 : (residentBytes(child.pid) ?? 0);
      if (bytes > RESIDENT_BYTES_MOST) return { child: "heavy", overdue: [] };
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
    if (areOverdue(child, sent, nowMs)) return { child: "stuck", overdue: [] };
    return { child: "fine", overdue: [...sent].filter((job) => isOverdue(job, nowMs)) };
  }
}

/** Whether each call that the child may be running was told to end a while ago. */
function areOverdue(child: GuestHome, sent: Iterable<Job>, nowMs: number): boolean {
  let hasUnheard = false;
  for (const job of sent) {
    // Of the calls sent since the child was last heard only the first may be running; the others wait behind it.
    const isUnheard = job.sentAtFrame === child.framesHeard;
    if (isUnheard && hasUnheard) continue;
    hasUnheard ||= isUnheard;
    if (!isOverdue(job, nowMs)) return false;
  }
  return true;
}
