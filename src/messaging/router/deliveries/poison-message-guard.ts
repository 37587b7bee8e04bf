import { type TimerQueue } from "../../../kernel/async/timer-queue.ts";
import { type Clock } from "../../../kernel/clock.ts";
import { LIMITS } from "../../../kernel/quantities.ts";
import { withCrashes } from "./failed-attempts.ts";
import { type Recipient, type Retry } from "../mailboxes/index.ts";
import { deliveryKey, type FailedAttempt, type InFlightEntry, type InFlightLog } from "../ports/index.ts";

/** How long a suspect waits at most for those before it. */
const SUSPECT_WAIT_MS = 86_400_000;
/** A suspect that is in flight for longer did not end the process: others are delivered beside it. */
const ALONE_MS = 5_000;
/** How long deliveries must run before one that was alone in a crash is repeated; doubled for each further crash. */
const PAUSE_MS = 2_000;
const NO_PAST: InFlightEntry = { crashes: 0, beganAtMs: [] };

export type CrashParts = {
  readonly record: InFlightLog | undefined;
  readonly clock: Clock;
  readonly alarm: TimerQueue;
  /** Called when another suspect, or what was kept back, may be delivered. */
  readonly resume: () => void;
};

/**
 * Finds the message that ends the process each time it is delivered. After a process that ended without closing the router,
 * deliveries that waited then are recorded while they are in flight.
 * router.crashes.S1. What was in flight in a crash is a suspect. One of several may be innocent, so that crash counts
 *   for none of them.
 * router.crashes.S2. A suspect is delivered while no handler has another delivery. If the process ends then, the
 *   crash counts for it.
 * router.crashes.S3. Before it is repeated, deliveries run for a while: whatever ends the process at any moment
 *   rarely meets it again.
 * router.crashes.S4. After `LIMITS.deliveryCrashesMax` crashes that count it is not delivered any more.
 */
export class PoisonMessageGuard {
  readonly #parts: CrashParts;
  #known: ReadonlyMap<string, InFlightEntry> = new Map();
  /** Seqs in mailboxes, ascending. */
  readonly #suspects = new Map<Recipient, number[]>();
  #alone: { readonly recipient: Recipient; readonly seq: number } | undefined;
  /** They take nothing while a suspect is alone. */
  readonly #keptBack = new Set<Recipient>();
  /** In flight for longer than `ALONE_MS`. */
  readonly #slow = new Set<string>();
  #lastSeq = 0;
  #startedMs: number | undefined;

  constructor(parts: CrashParts) {
    this.#parts = parts;
  }

  /** Deliveries up to this `seq` are recorded: they waited when the process began, after one that crashed. 0: none is. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** To be called once, before anything is delivered. */
  begin(lastSeq: number): void {
    const known = this.#parts.record?.open();
    if (known === undefined) return;
    this.#known = known;
    this.#lastSeq = lastSeq;
  }

  close(): void {
    this.#parts.record?.close();
  }

  isSuspect(seq: number, recipient: Recipient): boolean {
    return this.#past(seq, recipient) !== undefined;
  }

  /** In how many crashes nothing else was in flight (S2). */
  of(seq: number, recipient: Recipient): number {
    return this.#past(seq, recipient)?.crashes ?? 0;
  }

  #past(seq: number, { mailbox }: Recipient): InFlightEntry | undefined {
    return this.#known.size === 0 ? undefined : this.#known.get(deliveryKey(seq, mailbox.number));
  }

  /** Failed attempts and the crashes that count. `attempts` is the number of both. */
  history(
    seq: number,
    recipient: Recipient,
    { attempts, history }: Pick<Retry, "attempts" | "history">,
  ): readonly FailedAttempt[] {
    const { beganAtMs } = this.#past(seq, recipient) ?? NO_PAST;
    return beganAtMs.length === 0 ? history : withCrashes(history, beganAtMs, attempts);
  }

  /** S2: it waits in its mailbox, like a retry, until its turn. Returns when it is tried in any case. */
  suspect(seq: number, recipient: Recipient, nowMs: number): number {
    const seqs = this.#suspects.get(recipient);
    if (seqs === undefined) this.#suspects.set(recipient, [seq]);
    else seqs.push(seq);
    return nowMs + SUSPECT_WAIT_MS;
  }

  hasSuspects(recipient: Recipient): boolean {
    return this.#suspects.size > 0 && this.#suspects.has(recipient);
  }

  /** S2: those that may take a delivery now: the recipient of the next suspect, or all that were kept back for one. */
  ready(): readonly Recipient[] {
    if (this.#alone === undefined) this.#choose();
    if (this.#alone !== undefined) return this.#alone.recipient.alone;
    const kept = [...this.#keptBack];
    this.#keptBack.clear();
    return kept;
  }

  #choose(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    for (const [recipient, seqs] of this.#suspects) {
      const { handler, isLoading, mailbox } = recipient;
      if (handler === undefined || isLoading || mailbox.isPaused || recipient.window(1, nowMs) === 0) continue;
      this.#start(nowMs);
      const seq = this.#first(recipient, seqs, nowMs);
      if (seqs.length === 0) this.#suspects.delete(recipient);
      if (seq !== undefined) return this.#isolate(seq, recipient, nowMs);
    }
  }

  #start(nowMs: number): void {
    if (this.#startedMs !== undefined) return;
    this.#startedMs = nowMs;
    const { alarm, resume } = this.#parts;
    for (let crashes = 1; crashes < LIMITS.deliveryCrashesMax; crashes += 1) alarm.at(nowMs + pauseMs(crashes), resume);
  }

  /** In their order: an earlier one may be of the same conversation. */
  #first(recipient: Recipient, seqs: number[], nowMs: number): number | undefined {
    for (let [seq] = seqs; seq !== undefined; [seq] = seqs) {
      // An alarm may ring a millisecond early.
      if (nowMs + 1 < (this.#startedMs ?? 0) + pauseMs(this.of(seq, recipient))) return undefined;
      seqs.shift();
      if (recipient.mailbox.hasten(seq)) return seq;
    }
    return undefined;
  }

  #isolate(seq: number, recipient: Recipient, nowMs: number): void {
    const { alarm, record, resume } = this.#parts;
    const alone = { recipient, seq };
    this.#alone = alone;
    alarm.at(nowMs + ALONE_MS, () => {
      if (this.#alone !== alone) return;
      this.#alone = undefined;
      if (recipient.mailbox.flight(seq) !== undefined) {
        const key = deliveryKey(seq, recipient.mailbox.number);
        this.#slow.add(key);
        record?.begin(key, this.#past(seq, recipient) ?? NO_PAST);
      }
      resume();
    });
  }

  /** Whether deliveries are kept back for a suspect. */
  get isIsolating(): boolean {
    return this.#alone !== undefined || this.#keptBack.size > 0;
  }

  /** S2: whether this recipient may take a delivery; if not, it is `ready` later. `busy` are those with deliveries in flight. */
  permits(recipient: Recipient, busy: Iterable<Recipient>): boolean {
    const alone = this.#alone;
    if (alone === undefined || recipient.handler === undefined) return true;
    const isNext = alone.recipient === recipient && recipient.mailbox.flight(alone.seq) === undefined;
    if (isNext && this.#isIdle(busy)) return true;
    this.#keptBack.add(recipient);
    return false;
  }

  #isIdle(busy: Iterable<Recipient>): boolean {
    for (const { handler, mailbox } of busy) {
      if (handler === undefined) continue;
      for (const { queued } of mailbox.inFlight())
        if (!this.#slow.has(deliveryKey(queued.seq, mailbox.number))) return false;
    }
    return true;
  }

  /** Records that it is in flight; false when it must not be delivered (S4). */
  recordInFlight(seq: number, recipient: Recipient): boolean {
    const past = this.#past(seq, recipient) ?? NO_PAST;
    if (past.crashes >= LIMITS.deliveryCrashesMax) return false;
    const { record, clock } = this.#parts;
    const counted = { crashes: past.crashes + 1, beganAtMs: [...past.beganAtMs, clock.nowMs()] };
    record?.begin(deliveryKey(seq, recipient.mailbox.number), this.#isAlone(seq, recipient) ? counted : past);
    return true;
  }

  #isAlone(seq: number, recipient: Recipient): boolean {
    return this.#alone?.recipient === recipient && this.#alone.seq === seq;
  }

  /** It is not in flight any more. */
  over(seq: number, recipient: Recipient): void {
    const key = deliveryKey(seq, recipient.mailbox.number);
    this.#parts.record?.end(key);
    this.#slow.delete(key);
    if (this.#isAlone(seq, recipient)) this.#alone = undefined;
  }
}

/** S3. */
const pauseMs = (crashes: number): number =>
  crashes === 0 || crashes >= LIMITS.deliveryCrashesMax ? 0 : PAUSE_MS * 2 ** (crashes - 1);
