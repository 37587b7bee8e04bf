import { type TimerQueue } from "../../../kernel/async/timer-queue.ts";
import { type Lease } from "./queued-message.ts";

/** Leases that begin within this time of each other end together. */
const SHARED_MS = 250;

/**
 * Leases, shared by all deliveries that begin at about the same time: at a hundred thousand a second one signal each would
 * cost more than the delivery.
 * mailboxes.leases.L1. A lease lasts as long as was asked for, and `SHARED_MS` longer at most.
 * mailboxes.leases.L2. When it ends its signal is aborted and `ended` is called once.
 */
export class Leases {
  readonly #alarm: TimerQueue;
  readonly #ended: (lease: Lease) => void;
  /** The last lease of each length. */
  readonly #open = new Map<number, Lease>();
  readonly #live = new Set<Lease>();
  #last: Lease | undefined;
  #lastMs = 0;

  constructor(parts: { readonly alarm: TimerQueue; readonly ended: (lease: Lease) => void }) {
    this.#alarm = parts.alarm;
    this.#ended = parts.ended;
  }

  /** `nowMs` is monotonic. */
  begin(leaseMs: number, nowMs: number): Lease {
    const untilMs = nowMs + leaseMs;
    if (leaseMs === this.#lastMs && this.#last !== undefined && this.#last.endsAtMs >= untilMs) return this.#last;
    const open = this.#open.get(leaseMs);
    const lease = open !== undefined && open.endsAtMs >= untilMs ? open : this.#start(leaseMs, untilMs);
    this.#lastMs = leaseMs;
    this.#last = lease;
    return lease;
  }

  #start(leaseMs: number, untilMs: number): Lease {
    const stop = new AbortController();
    const lease = { endsAtMs: untilMs + SHARED_MS, stop, signal: stop.signal };
    this.#open.set(leaseMs, lease);
    this.#live.add(lease);
    this.#alarm.at(lease.endsAtMs, () => {
      this.#live.delete(lease);
      if (this.#open.get(leaseMs) === lease) this.#open.delete(leaseMs);
      if (this.#last === lease) this.#last = undefined;
      lease.stop.abort(new DOMException("The lease has ended.", "TimeoutError"));
      this.#ended(lease);
    });
    return lease;
  }

  /** Ends all of them at once, without calling `ended`. */
  stopAll(): void {
    for (const lease of this.#live) lease.stop.abort(new DOMException("The server stops.", "AbortError"));
  }
}
