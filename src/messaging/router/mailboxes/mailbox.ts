import { type DeliveryState, type Flight, type Lease, type Parcel, type Retry, UNTRIED } from "./parcel.ts";
import { Lane, Queue } from "./queue.ts";
import { type Standings } from "./standings.ts";

/** Of this many picks, one takes the oldest of all, so that low priorities are never starved. */
const FAIR_PICK = 16;

export type MailboxBounds = { readonly messagesMax: number; readonly bytesMax: number };

/**
 * What is under way to one recipient. A parcel in it is in exactly one state: queued (in a lane), held, leased or retrying.
 * mailboxes.mailbox.M1. Within a lane first in, first out; a higher lane goes first, but one pick of sixteen takes
 *   the oldest.
 * mailboxes.mailbox.M2. Of one conversation nothing is taken before an earlier one of it was: not by a higher
 *   priority, and not while the earlier one waits for its next attempt. What was taken may end in any order.
 * mailboxes.mailbox.M3. `messages` and `bytes` count reserved, queued, held, leased and retrying alike; `reserve`
 *   refuses past the bounds.
 * mailboxes.mailbox.M4. A parcel leaves by `settle` or `remove` only.
 */
export class Mailbox {
  /** Its number in the journal. */
  readonly number: number;
  readonly workspace: string;
  readonly name: string;
  readonly #bounds: MailboxBounds;
  readonly #standings: Standings;
  readonly #lanes = [new Lane(), new Lane(), new Lane(), new Lane()] as const;
  /** What waited behind a retry that is over, or was given back: before the lanes. */
  readonly #freed = new Queue<Parcel>();
  /** In no order; each knows its place. */
  readonly #flights: Flight[] = [];
  readonly #retries = new Map<number, Retry>();
  /** Retries whose time has come, to be taken before all else. */
  readonly #due = new Queue<Retry>();
  /** By conversation: how many of it wait for another attempt, and what stands behind them. */
  readonly #holds = new Map<number, { retries: number; readonly parcels: Parcel[] }>();
  #messages = 0;
  #bytes = 0;
  #picks = 0;
  /** The earliest end of the life of any that waits, or later than that; Infinity when none ends. */
  #soonestExpiryMs = Infinity;
  isPaused = false;

  constructor(
    owner: { readonly number: number; readonly workspace: string; readonly name: string },
    bounds: MailboxBounds,
    standings: Standings,
  ) {
    this.number = owner.number;
    this.workspace = owner.workspace;
    this.name = owner.name;
    this.#bounds = bounds;
    this.#standings = standings;
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

  /** Room for one more of this size, from acceptance on; false when there is none. */
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
    this.#standings.messages[this.number] = this.#messages;
  }

  /** As `reserve`, for what is on disk already and must be held. */
  admit(size: number): void {
    this.#messages += 1;
    this.#bytes += size;
    this.#standings.messages[this.number] = this.#messages;
  }

  /** Queues what was reserved. */
  put(parcel: Parcel): void {
    this.#mayExpire(parcel);
    this.#laneFor(parcel).push(parcel);
  }

  #mayExpire({ expiresAtMs }: Parcel): void {
    if (expiresAtMs > 0 && expiresAtMs < this.#soonestExpiryMs) this.#soonestExpiryMs = expiresAtMs;
  }

  /** M2: not into a higher lane than the last one of its conversation. */
  #laneFor({ priority, conversationKey }: Parcel): Lane {
    const lanes = this.#lanes;
    for (let lower = 0; lower < priority; lower += 1) {
      const lane = lanes[lower];
      if (lane !== undefined && lane.length > 0 && lane.has(conversationKey)) return lane;
    }
    return lanes[priority] ?? lanes[1];
  }

  /** What failed before, as the journal tells after a start. */
  resume(retry: Retry): void {
    this.#hold(retry);
  }

  /** The next delivery, now leased; undefined when there is none at the moment. */
  take(lease: Lease, nowMs: number): Flight | undefined {
    const retry = this.#due.shift();
    if (retry !== undefined) return this.#lease(retry.parcel, retry, lease, nowMs);
    for (;;) {
      const parcel = this.#pick();
      if (parcel === undefined) return undefined;
      const hold = this.#holds.size === 0 ? undefined : this.#holds.get(parcel.conversationKey);
      if (hold === undefined) return this.#lease(parcel, UNTRIED, lease, nowMs);
      hold.parcels.push(parcel);
    }
  }

  #pick(): Parcel | undefined {
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

  #lease(parcel: Parcel, { attempts, history }: typeof UNTRIED, lease: Lease, nowMs: number): Flight {
    const { message } = parcel;
    const attempt = attempts + 1;
    const place = this.#flights.length;
    const flight = { parcel, attempt, history, startedAtMs: nowMs, lease, message, place, isOver: false };
    this.#flights.push(flight);
    return flight;
  }

  /** What is in hand of message `seq`. */
  flight(seq: number): Flight | undefined {
    return this.#flights.find(({ parcel }) => parcel.seq === seq);
  }

  /** Those in hand under this lease, the oldest message first. */
  flights(lease: Lease): Flight[] {
    const under = this.#flights.filter((flight) => flight.lease === lease);
    return under.toSorted((one, other) => one.parcel.seq - other.parcel.seq);
  }

  /** All that is in hand, in no order. */
  inHand(): Iterable<Flight> {
    return this.#flights.values();
  }

  #leave(flight: Flight): void {
    flight.isOver = true;
    const last = this.#flights.pop();
    if (last === undefined || last === flight) return;
    last.place = flight.place;
    this.#flights[flight.place] = last;
  }

  /** M4: a leased delivery is over; its conversation goes on. */
  settle(flight: Flight): void {
    this.#leave(flight);
    this.release(flight.parcel.size);
    if (flight.attempt > 1) this.#unhold(flight.parcel.conversationKey);
  }

  /** Back as if never taken: whoever had it is gone, and it was not his fault. Of several, the newest first. */
  giveBack(flight: Flight): void {
    this.#leave(flight);
    this.#mayExpire(flight.parcel);
    const { parcel, attempt, history } = flight;
    if (attempt > 1) {
      const reason = history.at(-1)?.reason ?? "";
      this.#due.pushFront({ parcel, attempts: attempt - 1, nextAtMs: 0, reason, history });
    } else this.#freed.pushFront(parcel);
  }

  /** A leased delivery failed and is tried again at `nextAtMs`; until it is over, its conversation waits (M2). */
  retryLater(flight: Flight, nextAtMs: number, why: Pick<Retry, "reason" | "history">): Retry {
    const { parcel, attempt } = flight;
    this.#leave(flight);
    const retry = { parcel, attempts: attempt, nextAtMs: this.#afterEarlier(parcel, nextAtMs), ...why };
    // Held anew before the old hold goes, so that nothing slips out between.
    this.#hold(retry);
    if (attempt > 1) this.#unhold(parcel.conversationKey);
    return retry;
  }

  /** Not before an earlier one of the same conversation that waits too. */
  #afterEarlier(parcel: Parcel, nextAtMs: number): number {
    let atMs = nextAtMs;
    for (const { parcel: other, nextAtMs: otherMs } of this.#retries.values()) {
      if (other.conversationKey === parcel.conversationKey && other.seq < parcel.seq) atMs = Math.max(atMs, otherMs);
    }
    return atMs;
  }

  #hold(retry: Retry): void {
    this.#mayExpire(retry.parcel);
    this.#retries.set(retry.parcel.seq, retry);
    const key = retry.parcel.conversationKey;
    const hold = this.#holds.get(key);
    if (hold === undefined) this.#holds.set(key, { retries: 1, parcels: [] });
    else hold.retries += 1;
  }

  #unhold(key: number): void {
    const hold = this.#holds.get(key);
    if (hold === undefined) return;
    hold.retries -= 1;
    if (hold.retries > 0) return;
    this.#holds.delete(key);
    for (const parcel of hold.parcels.toReversed()) this.#freed.pushFront(parcel);
  }

  /** Retries whose time has come may be taken; answers when the next one's comes, Infinity for none. */
  wake(nowMs: number): number {
    let nextMs = Infinity;
    const due: Retry[] = [];
    for (const retry of this.#retries.values()) {
      if (retry.nextAtMs <= nowMs) due.push(retry);
      else nextMs = Math.min(nextMs, retry.nextAtMs);
    }
    for (const retry of due.toSorted((one, other) => one.parcel.seq - other.parcel.seq)) {
      this.#retries.delete(retry.parcel.seq);
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
  removeExpired(nowMs: number): readonly Parcel[] {
    return this.remove(({ expiresAtMs }) => expiresAtMs > 0 && expiresAtMs <= nowMs);
  }

  /** M4: removes these, also what waits for another attempt or behind one. What is in flight stays. */
  remove(isOut: (parcel: Parcel) => boolean): readonly Parcel[] {
    const removed = [this.#freed, ...this.#lanes].flatMap((queue) => queue.removeWhere(isOut));
    const retries = [
      ...this.#due.removeWhere(({ parcel }) => isOut(parcel)),
      ...this.#retries.values().filter(({ parcel }) => isOut(parcel)),
    ];
    for (const { parcel } of retries) this.#retries.delete(parcel.seq);
    for (const { parcels } of this.#holds.values()) {
      removed.push(...parcels.filter(isOut));
      if (parcels.some(isOut)) parcels.splice(0, Infinity, ...parcels.filter((parcel) => !isOut(parcel)));
    }
    for (const { parcel } of retries) this.#unhold(parcel.conversationKey);
    removed.push(...retries.map(({ parcel }) => parcel));
    for (const parcel of removed) this.release(parcel.size);
    this.#soonestExpiryMs = Infinity;
    for (const parcel of this.#waiting()) this.#mayExpire(parcel);
    return removed;
  }

  /** All that is in nobody's hand. */
  *#waiting(): Generator<Parcel> {
    for (const { parcel } of this.#retries.values()) yield parcel;
    for (const { parcel } of this.#due) yield parcel;
    for (const queue of [this.#freed, ...this.#lanes]) yield* queue;
    for (const { parcels } of this.#holds.values()) yield* parcels;
  }

  /** Of all that is under way. */
  *seqs(): Generator<number> {
    for (const { parcel } of this.#flights) yield parcel.seq;
    for (const { seq } of this.#waiting()) yield seq;
  }

  /** Where message `seq` is; undefined when it is not here. Walks the queues. */
  state(seq: number): DeliveryState | undefined {
    const flight = this.flight(seq);
    if (flight) {
      const { attempt, startedAtMs, lease } = flight;
      return { state: "leased", attempt, startedAtMs, endsAtMs: lease.endsAtMs };
    }
    const retry = this.#retries.get(seq) ?? [...this.#due].find(({ parcel }) => parcel.seq === seq);
    if (retry) {
      const { attempts, nextAtMs, reason } = retry;
      return { state: "retrying", attempts, nextAtMs, reason };
    }
    for (const queue of [this.#freed, ...this.#lanes]) {
      for (const parcel of queue) if (parcel.seq === seq) return { state: "queued" };
    }
    for (const { parcels } of this.#holds.values()) {
      for (const parcel of parcels) if (parcel.seq === seq) return { state: "held" };
    }
    return undefined;
  }
}
