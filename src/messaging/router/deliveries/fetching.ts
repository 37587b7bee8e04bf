import { type Clock } from "../../../kernel/clock.ts";
import { type Deliveries } from "./deliveries.ts";
import { ParticipantServedError } from "../errors.ts";
import { type InFlight, type Mailbox, type Recipient } from "../mailboxes/index.ts";
import { type Delivered, type Settlement } from "../ports/index.ts";
import { type Writer } from "../writing/index.ts";

/**
 * Share of a mailbox's window that receiving connections may have in flight, and share of the rest that one fetch takes:
 * the next client finds messages although those before are not settled.
 */
export const SHARED = 3 / 4;

/** How much to take, for how long, and how long to wait for the first. */
export type Fetch = {
  readonly max: number;
  readonly leaseMs: number;
  readonly waitMs: number;
  /** One of the recipient's `readers`, who sees to it that `max` is no more than its share. */
  readonly isReader?: boolean | undefined;
};

/** How an external participant settled a message; `returned` is as if it had not been taken. */
export type FetchedSettlement =
  | { readonly seq: number; readonly outcome: "done" | "returned" }
  | { readonly seq: number; readonly outcome: "failed" | "rejected"; readonly reason?: string | undefined };

/** For participants outside of the server, who take messages and settle them. */
export class Fetching {
  readonly #clock: Clock;
  readonly #deliveries: Deliveries;
  readonly #writer: Writer;
  readonly #window: number;
  /** Taken by those who fetch and do not receive; some are over. */
  readonly #fetched = new WeakSet<InFlight>();

  /** `window` bounds the in-flight deliveries of a mailbox. */
  constructor(parts: {
    readonly clock: Clock;
    readonly deliveries: Deliveries;
    readonly writer: Writer;
    readonly window: number;
  }) {
    this.#clock = parts.clock;
    this.#window = parts.window;
    this.#deliveries = parts.deliveries;
    this.#writer = parts.writer;
  }

  /**
   * Up to `max` deliveries, leased, and no more than leaves some for others (`SHARED`); waits for the first up to `waitMs`, then
   * the result is empty. If the client disconnects while it waits (`signal`), nothing is taken. Throws `ParticipantServedError` when the server handles the participant's messages.
   */
  async take(recipient: Recipient, fetch: Fetch, signal: AbortSignal): Promise<readonly Delivered[]> {
    const untilMs = this.#clock.monotonicMs() + fetch.waitMs;
    for (;;) {
      if (recipient.handler !== undefined) throw new ParticipantServedError(recipient.mailbox.name);
      const flights = this.#next(recipient, fetch);
      // Nothing to take: there is no other turn from here until it waits, so that it misses nothing.
      const taken = flights.length === 0 ? flights : await this.#loaded(recipient, flights);
      if (signal.aborted) {
        for (const flight of taken.toReversed()) this.#deliveries.giveBack(recipient, flight);
        return [];
      }
      const leftMs = untilMs - this.#clock.monotonicMs();
      if (taken.length > 0 || leftMs <= 0) return taken.map((flight) => delivered(recipient, flight));
      await this.#somethingOr(recipient, leftMs, signal);
      if (signal.aborted) return [];
    }
  }

  #next(recipient: Recipient, { max, leaseMs, isReader = false }: Fetch): readonly InFlight[] {
    if (recipient.isLoading) return [];
    const most = isReader ? max : Math.min(max, this.#share(recipient));
    const flights: InFlight[] = [];
    while (flights.length < most) {
      const flight = this.#deliveries.take(recipient, leaseMs);
      if (flight === undefined) break;
      flights.push(flight);
      if (!isReader) this.#fetched.add(flight);
    }
    return flights;
  }

  async #loaded(recipient: Recipient, flights: readonly InFlight[]): Promise<readonly InFlight[]> {
    recipient.isLoading = true;
    const loaded = await this.#deliveries.load(recipient, flights);
    recipient.isLoading = false;
    recipient.wakeWaiters();
    for (const flight of loaded) {
      if (flight.message !== undefined) this.#deliveries.emitDelivery(recipient, flight, flight.message);
    }
    return loaded;
  }

  /** What one fetch may take of what is left. */
  #share({ mailbox, readers }: Recipient): number {
    const free = this.#window - mailbox.leased;
    const left = readers === 0 ? free : Math.min(free, Math.ceil(this.#window * (1 - SHARED)) - this.#held(mailbox));
    return left <= 0 ? 0 : Math.max(1, Math.floor(left * SHARED));
  }

  /** In-flight deliveries of other fetches. */
  #held(mailbox: Mailbox): number {
    let held = 0;
    for (const flight of mailbox.inFlight()) if (this.#fetched.has(flight)) held += 1;
    return held;
  }

  /** Until the mailbox has something, or the time is over, or the one who waits has gone. */
  async #somethingOr(recipient: Recipient, waitMs: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    const wake = () => woken.abort();
    recipient.waiters.add(wake);
    try {
      await this.#clock.sleep(waitMs, AbortSignal.any([woken.signal, signal]));
    } catch {
      // Woken, or aborted: the caller checks which.
    } finally {
      recipient.waiters.delete(wake);
    }
  }

  /** Resolves when it is on disk; returns the seqs that were not in flight any more: their lease has ended. */
  async settle(recipient: Recipient, settlements: readonly FetchedSettlement[]): Promise<readonly number[]> {
    const late: number[] = [];
    for (const settlement of settlements.toSorted((one, other) => other.seq - one.seq)) {
      const flight = recipient.mailbox.flight(settlement.seq);
      if (flight === undefined) late.push(settlement.seq);
      else if (settlement.outcome === "returned") this.#deliveries.giveBack(recipient, flight);
      else this.#deliveries.settle(recipient, flight, settlementOf(settlement));
    }
    this.#deliveries.pump(recipient);
    await this.#writer.settled();
    return late.toReversed();
  }
}

const delivered = (recipient: Recipient, { queued, message, attempt }: InFlight): Delivered => {
  if (message === undefined) throw new TypeError("a message was delivered before it was read");
  return { seq: queued.seq, message, recipient: recipient.mailbox.name, attempt };
};

function settlementOf(settlement: FetchedSettlement): Settlement {
  switch (settlement.outcome) {
    case "done":
    case "returned":
      return { type: "done" };
    case "failed":
      return { type: "failed", reason: settlement.reason ?? "it said so" };
    case "rejected":
      return { type: "rejected", code: "DELIVERY_REJECTED", reason: settlement.reason ?? "it said so" };
  }
}
