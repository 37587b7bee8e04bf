import { type AgentHandler } from "../ports/index.ts";
import { SYSTEM_SENDER, USER_SENDER } from "../../acl/index.ts";
import { type Mailbox } from "./mailbox.ts";
import { type MailboxStats } from "./mailbox-stats.ts";

/** How much a new measurement moves the average. */
const AVERAGE_WEIGHT = 0.1;

/** People and the server read the message log instead of a mailbox. Their deliveries complete at once. */
export const isLogConsumer = (name: string): boolean => name === USER_SENDER || name === SYSTEM_SENDER;

/** `closed` delivers, `open` does not, `half-open` has one delivery on trial. */
export type BreakerState = "closed" | "open" | "half-open";

type Waiter = () => void;

/**
 * Whose mailbox it is, and how they are doing.
 * mailboxes.recipient.B1. After `failures` deliveries that failed in a row nothing is delivered for `pauseMs`, and
 *   the router chooses others.
 * mailboxes.recipient.B2. Then one delivery is tried: done closes the breaker, failed opens it again.
 */
export class Recipient {
  readonly mailbox: Mailbox;
  /** Whether it reads the record instead of a mailbox. */
  readonly isReader: boolean;
  /** Its name alone, and itself alone: most messages go to one. */
  readonly names: readonly string[];
  readonly alone: readonly Recipient[];
  /** The number of its mailbox alone. */
  readonly number: readonly number[];
  /** It may have in-flight deliveries: it is checked when leases end. */
  isBusy = false;
  readonly #stats: MailboxStats;
  readonly #breaker: { readonly failures: number; readonly pauseMs: number };
  /** Who handles what comes; undefined for those who fetch it themselves, or are not there at present. */
  handler: AgentHandler | undefined;
  /** Bodies are being read from the journal; what comes after them waits. */
  isLoading = false;
  /** Already notified to look for work. */
  isScheduled = false;
  /** When its mailbox is swept, by the wall clock. */
  sweepAtMs = Infinity;
  /** Those who receive what comes, and share the window. */
  readers = 0;
  /** Those who wait for something to fetch. */
  readonly waiters = new Set<Waiter>();
  #failures = 0;
  #openUntilMs: number | undefined;
  #averageMs: number | undefined;

  constructor(mailbox: Mailbox, breaker: { readonly failures: number; readonly pauseMs: number }, stats: MailboxStats) {
    this.mailbox = mailbox;
    this.isReader = isLogConsumer(mailbox.name);
    this.names = [mailbox.name];
    this.alone = [this];
    this.number = [mailbox.number];
    this.#breaker = breaker;
    this.#stats = stats;
  }

  /** Moving average of how long a delivery takes; undefined before the first. */
  get averageMs(): number | undefined {
    return this.#averageMs;
  }

  breaker(nowMs: number): BreakerState {
    if (this.#openUntilMs === undefined) return "closed";
    return nowMs < this.#openUntilMs ? "open" : "half-open";
  }

  /** Maximum in-flight deliveries. */
  window(most: number, nowMs: number): number {
    if (this.#openUntilMs === undefined) return most;
    return nowMs < this.#openUntilMs ? 0 : 1;
  }

  /** When the breaker lets one through again; undefined when it is closed. */
  get opensAtMs(): number | undefined {
    return this.#openUntilMs;
  }

  succeeded(tookMs: number): void {
    this.#failures = 0;
    if (this.#openUntilMs !== undefined) this.#opens(undefined);
    this.#averageMs =
      this.#averageMs === undefined ? tookMs : this.#averageMs + AVERAGE_WEIGHT * (tookMs - this.#averageMs);
    this.#stats.averageMs[this.mailbox.number] = this.#averageMs;
  }

  /** Whether this opened the breaker. */
  failed(nowMs: number): boolean {
    this.#failures += 1;
    const isTrial = this.#openUntilMs !== undefined && nowMs >= this.#openUntilMs;
    if (!isTrial && (this.#breaker.failures === 0 || this.#failures < this.#breaker.failures)) return false;
    if (this.#openUntilMs !== undefined && nowMs < this.#openUntilMs) return false;
    this.#opens(nowMs + this.#breaker.pauseMs);
    return true;
  }

  /** Pauses or resumes its deliveries. */
  pause(isPaused: boolean): void {
    this.mailbox.isPaused = isPaused;
    this.#doubt();
  }

  #opens(atMs: number | undefined): void {
    this.#openUntilMs = atMs;
    this.#doubt();
  }

  #doubt(): void {
    const isSound = !this.mailbox.isPaused && this.#openUntilMs === undefined;
    this.#stats.suspectFlags[this.mailbox.number] = isSound ? 0 : 1;
  }

  /** Notifies waiting fetches that there may be a message. */
  wakeWaiters(): void {
    for (const wake of this.waiters) wake();
  }
}
