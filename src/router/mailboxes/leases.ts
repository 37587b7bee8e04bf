import { type Alarm } from "../../kernel/alarm.ts";
import { type Clock } from "../../kernel/clock.ts";
import { type Lease } from "./parcel.ts";

/** Leases that begin within this time of each other end together. */
const SHARED_MS = 250;

/**
 * Leases, shared by all deliveries that begin at about the same time: at a hundred thousand a second one signal each would
 * cost more than the delivery.
 * L1. A lease lasts as long as was asked for, and `SHARED_MS` longer at most.
 * L2. When it ends its signal is aborted and `ended` is told once.
 */
export class Leases {
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  readonly #ended: (lease: Lease) => void;
  /** The last lease of each length. */
  readonly #open = new Map<number, Lease>();
  readonly #live = new Set<Lease>();

  constructor(parts: { readonly clock: Clock; readonly alarm: Alarm; readonly ended: (lease: Lease) => void }) {
    this.#clock = parts.clock;
    this.#alarm = parts.alarm;
    this.#ended = parts.ended;
  }

  begin(leaseMs: number): Lease {
    const untilMs = this.#clock.monotonicMs() + leaseMs;
    const open = this.#open.get(leaseMs);
    if (open !== undefined && open.endsAtMs >= untilMs) return open;
    const lease = { endsAtMs: untilMs + SHARED_MS, stop: new AbortController() };
    this.#open.set(leaseMs, lease);
    this.#live.add(lease);
    this.#alarm.at(lease.endsAtMs, () => {
      this.#live.delete(lease);
      if (this.#open.get(leaseMs) === lease) this.#open.delete(leaseMs);
      lease.stop.abort(new DOMException("The lease has ended.", "TimeoutError"));
      this.#ended(lease);
    });
    return lease;
  }

  /** Ends all of them at once, without telling. */
  stopAll(): void {
    for (const lease of this.#live) lease.stop.abort(new DOMException("The server stops.", "AbortError"));
  }
}
