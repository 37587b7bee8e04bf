import { type Clock } from "../kernel/clock.ts";
import { LIMITS } from "../kernel/quantities.ts";
import { withCrashes } from "./failed-attempts.ts";
import { type Recipient, type Retry } from "./mailboxes/index.ts";
import { deliveryKey, type FailedAttempt, type HandPast, type HandRecord } from "./ports/index.ts";

/** How long a suspect waits at most for those before it. */
const SUSPECT_WAIT_MS = 86_400_000;
const NO_PAST: HandPast = { crashes: 0, beganAtMs: [] };

/**
 * After a process that ended without closing the router: what was there then is recorded while it is in hand, so that a
 * message that ends the process each time is found and given up. What came since pays nothing for it.
 * S1. A crash counts for all that was in hand. In the first one nothing was recorded: it counts for what is in hand next.
 * S2. What was under way in a second crash is a suspect: it is handed over while no other suspect is in hand, so that the next
 *     crash counts for one of them.
 * S3. What was under way in `LIMITS.deliveryCrashesMax` crashes is not handed over any more.
 */
export class Crashes {
  readonly #record: HandRecord | undefined;
  readonly #clock: Clock;
  #known: ReadonlyMap<string, HandPast> = new Map();
  /** Seqs in mailboxes, ascending. */
  readonly #suspects = new Map<Recipient, number[]>();
  #alone: { readonly recipient: Recipient; readonly seq: number } | undefined;
  #lastSeq = 0;

  constructor(record: HandRecord | undefined, clock: Clock) {
    this.#record = record;
    this.#clock = clock;
  }

  /** All up to this `seq` was there when the process began, after one that crashed; 0 when none did. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** To be called once, before anything is handed over. */
  begin(lastSeq: number): void {
    const known = this.#record?.open();
    if (known === undefined) return;
    this.#known = known;
    this.#lastSeq = lastSeq;
  }

  close(): void {
    this.#record?.close();
  }

  /** In how many crashes this delivery was under way, as far as is known. */
  of(seq: number, recipient: Recipient): number {
    return this.#past(seq, recipient)?.crashes ?? 0;
  }

  #past(seq: number, { mailbox }: Recipient): HandPast | undefined {
    return this.#known.size === 0 ? undefined : this.#known.get(deliveryKey(seq, mailbox.number));
  }

  /** What failed before, and what crashes cut short, as far as that is known: nothing is of the first one. `attempts` counts both. */
  history(
    seq: number,
    recipient: Recipient,
    { attempts, history }: Pick<Retry, "attempts" | "history">,
  ): readonly FailedAttempt[] {
    const { beganAtMs } = this.#past(seq, recipient) ?? NO_PAST;
    return beganAtMs.length === 0 ? history : withCrashes(history, beganAtMs, attempts);
  }

  /** S2: it waits in its mailbox, as one to be tried again, until `release`. When it would be tried anyway. */
  suspect(seq: number, recipient: Recipient, nowMs: number): number {
    const seqs = this.#suspects.get(recipient);
    if (seqs === undefined) this.#suspects.set(recipient, [seq]);
    else seqs.push(seq);
    return nowMs + SUSPECT_WAIT_MS;
  }

  /** Those with suspects in their mailboxes. */
  get suspected(): readonly Recipient[] {
    return this.#suspects.size === 0 ? [] : [...this.#suspects.keys()];
  }

  /** S2: lets one suspect of this mailbox be taken, when no other is out. */
  release(recipient: Recipient): void {
    if (this.#suspects.size === 0 || this.#alone !== undefined || recipient.mailbox.isPaused) return;
    const seqs = this.#suspects.get(recipient) ?? [];
    for (let seq = seqs.shift(); seq !== undefined; seq = seqs.shift()) {
      if (!recipient.mailbox.hasten(seq)) continue;
      this.#alone = { recipient, seq };
      break;
    }
    if (seqs.length === 0) this.#suspects.delete(recipient);
  }

  /** Whether it may be handed over (S3); then that is on record. */
  hand(seq: number, recipient: Recipient): boolean {
    const { crashes, beganAtMs } = this.#past(seq, recipient) ?? NO_PAST;
    if (crashes >= LIMITS.deliveryCrashesMax) return false;
    const past = { crashes: Math.max(1, crashes) + 1, beganAtMs: [...beganAtMs, this.#clock.nowMs()] };
    this.#record?.begin(deliveryKey(seq, recipient.mailbox.number), past);
    return true;
  }

  /** It is in hand no more. */
  over(seq: number, recipient: Recipient): void {
    this.#record?.end(deliveryKey(seq, recipient.mailbox.number));
    if (this.#alone?.recipient === recipient && this.#alone.seq === seq) this.#alone = undefined;
  }
}
