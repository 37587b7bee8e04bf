import {
  type DeliveryState,
  type InFlight,
  type Lease,
  type QueuedMessage,
  type Retry,
  FIRST_ATTEMPT,
} from "./queued-message.ts";
import { Lane, Queue } from "./queue.ts";
import { type MailboxStats } from "./mailbox-stats.ts";

/** Of this many picks, one takes the oldest of all, so that low priorities are never starved. */
const FAIR_PICK = 16;

export type MailboxBounds = { readonly messagesMax: number; readonly bytesMax: number };

/**
 * The open deliveries of one recipient. A message in it is in exactly one state: queued (in a lane), blocked, leased or retrying.
 * mailboxes.mailbox.M1. Within a lane first in, first out; a higher lane is served before a lower one, but one pick of sixteen takes
 *   the oldest.
 * mailboxes.mailbox.M2. Of one conversation nothing is taken before an earlier one of it was: not by a higher
 *   priority, and not while the earlier one waits for its next attempt. What was taken may end in any order.
 * mailboxes.mailbox.M3. `messages` and `bytes` count reserved, queued, blocked, leased and retrying alike; `reserve`
 *   refuses past the bounds.
 * mailboxes.mailbox.M4. A message leaves by `settle` or `remove` only.
 */
export class Mailbox {
  /** Its number in the journal. */
  readonly number: number;
  readonly workspace: string;
  readonly name: string;
  readonly #bounds: MailboxBounds;
  readonly #stats: MailboxStats;
  readonly #lanes = [new Lane(), new Lane(), new Lane(), new Lane()] as const;
  /** What waited behind a retry that is over, or was given back: before the lanes. */
  readonly #freed = new Queue<QueuedMessage>();
  /** In no order; each knows its place. */
  readonly #flights: InFlight[] = [];
  readonly #retries = new Map<number, Retry>();
  /** Retries whose time has come, to be taken before all else. */
  readonly #due = new Queue<Retry>();
  /** By conversation: how many of it wait for another attempt, and what stands behind them. */
  readonly #holds = new Map<number, { retries: number; readonly queuedMessages: QueuedMessage[] }>();
  #messages = 0;
  #bytes = 0;
  #picks = 0;
  /** The earliest end of the life of any that waits, or later than that; Infinity when none ends. */
  #soonestExpiryMs = Infinity;
  isPaused = false;

  constructor(
    owner: { readonly number: number; readonly workspace: string; readonly name: string },
    bounds: MailboxBounds,
    stats: MailboxStats,
  ) {
    this.number = owner.number;
    this.workspace = owner.workspace;
    this.name = owner.name;
    this.#bounds = bounds;
    this.#stats = stats;
  }

  get messages(): number {
    return this.#messages;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get leased(): number {
    return this.#flights.length;
  }

  get retrying(): number {
    return this.#retries.size + this.#due.length;
  }

  /** Whether `take` may give something. */
  get hasWork(): boolean {
    const lanes = this.#lanes;
    if (lanes[1].length > 0 || lanes[2].length > 0 || lanes[0].length > 0 || lanes[3].length > 0) return true;
    return this.#due.length + this.#freed.length > 0;
  }

  /** Reserves capacity for one more message of this size, from acceptance on; false when the mailbox is full. */
  reserve(size: number): boolean {
    if (this.#messages >= this.#bounds.messagesMax) return false;
    // One message always fits into an empty mailbox.
    if (this.#bytes + size > this.#bounds.bytesMax && this.#messages > 0) return false;
    this.admit(size);
    return true;
  }

  /** Room that was reserved and is not needed. */
  release(size: number): void {
    this.#messages -= 1;
    this.#bytes -= size;
    this.#stats.messages[this.number] = this.#messages;
  }

  /** As `reserve`, for what is on disk already and must be held. */
  admit(size: number): void {
    this.#messages += 1;
    this.#bytes += size;
    this.#stats.messages[this.number] = this.#messages;
  }

  /** Queues what was reserved. */
  put(queued: QueuedMessage): void {
    this.#mayExpire(queued);
    this.#laneFor(queued).push(queued);
  }

  #mayExpire({ expiresAtMs }: QueuedMessage): void {
    if (expiresAtMs > 0 && expiresAtMs < this.#soonestExpiryMs) this.#soonestExpiryMs = expiresAtMs;
  }

  /** M2: not into a higher lane than the last one of its conversation. */
  #laneFor({ priority, conversationKey }: QueuedMessage): Lane {
    const lanes = this.#lanes;
    for (let lower = 0; lower < priority; lower += 1) {
      const lane = lanes[lower];
      if (lane !== undefined && lane.length > 0 && lane.has(conversationKey)) return lane;
    }
    return lanes[priority] ?? lanes[1];
  }

  /** Restores a failed delivery of the journal at startup. */
  resume(retry: Retry): void {
    this.#hold(retry);
  }

  /** The next delivery, now leased; undefined if no delivery is available at the moment. */
  take(lease: Lease, nowMs: number): InFlight | undefined {
    const retry = this.#due.shift();
    if (retry !== undefined) return this.#lease(retry.queued, retry, lease, nowMs);
    for (;;) {
      const queued = this.#pick();
      if (queued === undefined) return undefined;
      const hold = this.#holds.size === 0 ? undefined : this.#holds.get(queued.conversationKey);
      if (hold === undefined) return this.#lease(queued, FIRST_ATTEMPT, lease, nowMs);
      hold.queuedMessages.push(queued);
    }
  }

  #pick(): QueuedMessage | undefined {
    if (this.#freed.length > 0) return this.#freed.shift();
    const lanes = this.#lanes;
    this.#picks += 1;
    if (this.#picks >= FAIR_PICK) {
      this.#picks = 0;
      return this.#oldestLane()?.shift();
    }
    if (lanes[3].length > 0) return lanes[3].shift();
    if (lanes[2].length > 0) return lanes[2].shift();
    return lanes[1].length > 0 ? lanes[1].shift() : lanes[0].shift();
  }

  #oldestLane(): Lane | undefined {
    let oldest: Lane | undefined;
    let least = Infinity;
    for (const lane of this.#lanes) {
      const seq = lane.first()?.seq ?? Infinity;
      if (seq >= least) continue;
      least = seq;
      oldest = lane;
    }
    return oldest;
  }

  #lease(queued: QueuedMessage, { attempts, history }: typeof FIRST_ATTEMPT, lease: Lease, nowMs: number): InFlight {
    const { message } = queued;
    const attempt = attempts + 1;
    const place = this.#flights.length;
    const flight = { queued, attempt, history, startedAtMs: nowMs, lease, message, place, isOver: false };
    this.#flights.push(flight);
    return flight;
  }

  /** The in-flight delivery of message `seq`. */
  flight(seq: number): InFlight | undefined {
    return this.#flights.find(({ queued }) => queued.seq === seq);
  }

  /** The in-flight deliveries of this lease, the oldest message first. */
  flights(lease: Lease): InFlight[] {
    const under = this.#flights.filter((flight) => flight.lease === lease);
    return under.toSorted((one, other) => one.queued.seq - other.queued.seq);
  }

  /** All in-flight deliveries, in no order. */
  inFlight(): Iterable<InFlight> {
    return this.#flights.values();
  }

  #leave(flight: InFlight): void {
    flight.isOver = true;
    const last = this.#flights.pop();
    if (last === undefined || last === flight) return;
    last.place = flight.place;
    this.#flights[flight.place] = last;
  }

  /** M4: a leased delivery is over; the next one of its conversation may be taken. */
  settle(flight: InFlight): void {
    this.#leave(flight);
    this.release(flight.queued.size);
    if (flight.attempt > 1) this.#unhold(flight.queued.conversationKey);
  }

  /** Returns a delivery as if never taken, when its receiver disconnected. Of several, the newest first. */
  giveBack(flight: InFlight): void {
    this.#leave(flight);
    this.#mayExpire(flight.queued);
    const { queued, attempt, history } = flight;
    if (attempt > 1) {
      const reason = history.at(-1)?.reason ?? "";
      this.#due.pushFront({ queued, attempts: attempt - 1, nextAtMs: 0, reason, history });
    } else this.#freed.pushFront(queued);
  }

  /** A leased delivery failed and is tried again at `nextAtMs`; until it is over, its conversation waits (M2). */
  retryLater(flight: InFlight, nextAtMs: number, why: Pick<Retry, "reason" | "history">): Retry {
    const { queued, attempt } = flight;
    this.#leave(flight);
    const retry = { queued, attempts: attempt, nextAtMs: this.#afterEarlier(queued, nextAtMs), ...why };
    // The new hold is added before the old one is removed, so that no message passes in between.
    this.#hold(retry);
    if (attempt > 1) this.#unhold(queued.conversationKey);
    return retry;
  }

  /** Not before an earlier one of the same conversation that waits too. */
  #afterEarlier(queued: QueuedMessage, nextAtMs: number): number {
    let atMs = nextAtMs;
    for (const { queued: other, nextAtMs: otherMs } of this.#retries.values()) {
      if (other.conversationKey === queued.conversationKey && other.seq < queued.seq) atMs = Math.max(atMs, otherMs);
    }
    return atMs;
  }

  #hold(retry: Retry): void {
    this.#mayExpire(retry.queued);
    this.#retries.set(retry.queued.seq, retry);
    const key = retry.queued.conversationKey;
    const hold = this.#holds.get(key);
    if (hold === undefined) this.#holds.set(key, { retries: 1, queuedMessages: [] });
    else hold.retries += 1;
  }

  #unhold(key: number): void {
    const hold = this.#holds.get(key);
    if (hold === undefined) return;
    hold.retries -= 1;
    if (hold.retries > 0) return;
    this.#holds.delete(key);
    for (const queued of hold.queuedMessages.toReversed()) this.#freed.pushFront(queued);
  }

  /** Retries whose time has come may be taken; answers when the next one's comes, Infinity for none. */
  wake(nowMs: number): number {
    let nextMs = Infinity;
    const due: Retry[] = [];
    for (const retry of this.#retries.values()) {
      if (retry.nextAtMs <= nowMs) due.push(retry);
      else nextMs = Math.min(nextMs, retry.nextAtMs);
    }
    for (const retry of due.toSorted((one, other) => one.queued.seq - other.queued.seq)) {
      this.#retries.delete(retry.queued.seq);
      this.#due.push(retry);
    }
    return nextMs;
  }

  /** Lets what waits for its next attempt be taken now; false when it does not wait. */
  hasten(seq: number): boolean {
    const retry = this.#retries.get(seq);
    if (retry === undefined) return false;
    this.#retries.delete(seq);
    this.#due.push(retry);
    return true;
  }

  /** The earliest expiry of what waits, or earlier than that; Infinity when nothing expires. */
  get soonestExpiryMs(): number {
    return this.#soonestExpiryMs;
  }

  /** M4: removes what has expired. */
  removeExpired(nowMs: number): readonly QueuedMessage[] {
    return this.remove(({ expiresAtMs }) => expiresAtMs > 0 && expiresAtMs <= nowMs);
  }

  /** M4: removes these, also what waits for another attempt or behind one. What is in flight stays. */
  remove(isOut: (queued: QueuedMessage) => boolean): readonly QueuedMessage[] {
    const removed = [this.#freed, ...this.#lanes].flatMap((queue) => queue.removeWhere(isOut));
    const retries = [
      ...this.#due.removeWhere(({ queued }) => isOut(queued)),
      ...this.#retries.values().filter(({ queued }) => isOut(queued)),
    ];
    for (const { queued } of retries) this.#retries.delete(queued.seq);
    for (const { queuedMessages } of this.#holds.values()) {
      removed.push(...queuedMessages.filter(isOut));
      if (queuedMessages.some(isOut))
        queuedMessages.splice(0, Infinity, ...queuedMessages.filter((queued) => !isOut(queued)));
    }
    for (const { queued } of retries) this.#unhold(queued.conversationKey);
    removed.push(...retries.map(({ queued }) => queued));
    for (const queued of removed) this.release(queued.size);
    this.#soonestExpiryMs = Infinity;
    for (const queued of this.#waiting()) this.#mayExpire(queued);
    return removed;
  }

  /** All messages that are not in flight. */
  *#waiting(): Generator<QueuedMessage> {
    for (const { queued } of this.#retries.values()) yield queued;
    for (const { queued } of this.#due) yield queued;
    for (const queue of [this.#freed, ...this.#lanes]) yield* queue;
    for (const { queuedMessages } of this.#holds.values()) yield* queuedMessages;
  }

  /** Of all open deliveries. */
  *seqs(): Generator<number> {
    for (const { queued } of this.#flights) yield queued.seq;
    for (const { seq } of this.#waiting()) yield seq;
  }

  /** Where message `seq` is; undefined when it is not here. Walks the queues. */
  state(seq: number): DeliveryState | undefined {
    const flight = this.flight(seq);
    if (flight) {
      const { attempt, startedAtMs, lease } = flight;
      return { state: "leased", attempt, startedAtMs, endsAtMs: lease.endsAtMs };
    }
    const retry = this.#retries.get(seq) ?? [...this.#due].find(({ queued }) => queued.seq === seq);
    if (retry) {
      const { attempts, nextAtMs, reason } = retry;
      return { state: "retrying", attempts, nextAtMs, reason };
    }
    for (const queue of [this.#freed, ...this.#lanes]) {
      for (const queued of queue) if (queued.seq === seq) return { state: "queued" };
    }
    for (const { queuedMessages } of this.#holds.values()) {
      for (const queued of queuedMessages) if (queued.seq === seq) return { state: "blocked" };
    }
    return undefined;
  }
}
