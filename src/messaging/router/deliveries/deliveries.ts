import { log } from "../../../kernel/log.ts";
import { type Message } from "../../acl/index.ts";
import { type DeliveryParts, type End } from "./delivery-parts.ts";
import { deadLetter, type Death } from "./dead-letter.ts";
import { isPast, notTaken } from "./expiry.ts";
import { withFailure } from "./failed-attempts.ts";
import { type InFlight, Leases, type QueuedMessage, type Recipient } from "../mailboxes/index.ts";
import { type FailedAttempt, failure, type Outcome, type Settlement } from "../ports/index.ts";
import { type RouterCore } from "../router-core.ts";

/** Deliveries in one turn of the event loop; what is more waits for the next, so that others get their turn. */
const TURN_MAX = 512;
/** After bodies could not be read, the next try. */
const READ_AGAIN_MS = 1_000;
/** A mailbox is swept at most this often. */
const SWEEP_LEAST_MS = 100;

/**
 * Brings what is in mailboxes to those who handle it, and sees each delivery to its end.
 * router.deliveries.R1. A delivery ends once: settled as done, dead, expired or dropped. What comes after that counts
 *   for nothing.
 * router.deliveries.R2. The end is in the journal after the handler's own effect: it is written when the handler has
 *   resolved.
 * router.deliveries.R3. A lease that ends is a failed attempt. The last attempt's failure is a dead letter, whole,
 *   and the sender is notified.
 * router.deliveries.R4. A recipient has at most `window` deliveries in flight, one while its breaker is on trial, none
 *   while it is open.
 * router.deliveries.R5. A delivery that expired and its sender's notification are written together, or neither.
 */
export class Deliveries {
  readonly #core: RouterCore;
  readonly #parts: DeliveryParts;
  readonly #leases: Leases;
  /** Recipients with in-flight deliveries, and some that had: each is in it once (`isBusy`), and removed when leases end. */
  readonly #busy = new Set<Recipient>();
  /** Pumped in the next turn of the event loop. */
  #later: Recipient[] = [];
  #turn = 0;
  #isTurnTimed = false;
  #isStopped = false;

  constructor(parts: DeliveryParts) {
    this.#core = parts.core;
    this.#parts = parts;
    this.#leases = new Leases({ alarm: parts.core.alarm, ended: (lease) => this.#leaseEnded(lease) });
  }

  /** In-flight deliveries. */
  get leased(): number {
    let count = 0;
    for (const { mailbox } of this.#busy) count += mailbox.leased;
    return count;
  }

  /** After a message came into the mailbox, or its owner is there again. */
  pump(recipient: Recipient): void {
    const { handler } = recipient;
    if (handler === undefined) {
      if (recipient.waiters.size > 0) recipient.wakeWaiters();
      return;
    }
    if (this.#parts.crashes.hasSuspects(recipient)) this.resume();
    while (this.#hasTurn(recipient)) {
      const flight = this.take(recipient, this.#core.options.leaseMs);
      if (flight === undefined) return;
      if (flight.message !== undefined) this.#dispatch(recipient, flight, flight.message);
      else void this.#dispatchLoaded(recipient, flight);
    }
  }

  /** Whether it may be handed something in this turn of the event loop; if only later, it is pumped then. */
  #hasTurn(recipient: Recipient): boolean {
    if (this.#isStopped || recipient.isLoading || !recipient.mailbox.hasWork) return false;
    if (this.#turn < TURN_MAX) {
      this.#turn += 1;
      if (!this.#isTurnTimed) this.#timeTurn();
      return true;
    }
    this.#schedule(recipient);
    return false;
  }

  #schedule(recipient: Recipient): void {
    if (recipient.isScheduled) return;
    recipient.isScheduled = true;
    this.#later.push(recipient);
    if (!this.#isTurnTimed) this.#timeTurn();
  }

  #timeTurn(): void {
    this.#isTurnTimed = true;
    setImmediate(() => {
      this.#turn = 0;
      this.#isTurnTimed = false;
      const later = this.#later;
      this.#later = [];
      for (const recipient of later) {
        recipient.isScheduled = false;
        this.pump(recipient);
      }
    });
  }

  /** The next delivery that has not expired, now leased; undefined when no delivery is available at the moment (R4). */
  take(recipient: Recipient, leaseMs: number): InFlight | undefined {
    const { clock, options } = this.#core;
    const { crashes } = this.#parts;
    const { mailbox } = recipient;
    const nowMs = clock.monotonicMs();
    if (crashes.isIsolating && !crashes.permits(recipient, this.#busy)) return undefined;
    while (!mailbox.isPaused && mailbox.hasWork && mailbox.leased < recipient.window(options.window, nowMs)) {
      const flight = mailbox.take(this.#leases.begin(leaseMs, nowMs), nowMs);
      if (flight === undefined) return undefined;
      if (!isPast(flight.queued.expiresAtMs, clock.nowMs())) {
        if (!recipient.isBusy) this.#busy.add(recipient);
        recipient.isBusy = true;
        return flight;
      }
      this.#endExpired(recipient, flight);
    }
    return undefined;
  }

  #endExpired(recipient: Recipient, flight: InFlight): void {
    recipient.mailbox.settle(flight);
    this.#rest(flight, recipient);
    void this.#expired(recipient, [flight.queued]);
  }

  /** Reads the bodies of what comes next, up to the window, and hands it over in order. */
  async #dispatchLoaded(recipient: Recipient, first: InFlight): Promise<void> {
    const { options } = this.#core;
    const flights = [first];
    recipient.isLoading = true;
    for (let next = this.take(recipient, options.leaseMs); next; next = this.take(recipient, options.leaseMs))
      flights.push(next);
    const loaded = await this.load(recipient, flights);
    recipient.isLoading = false;
    for (const flight of loaded) {
      if (this.#isStopped || recipient.handler === undefined) this.giveBack(recipient, flight);
      else if (flight.message !== undefined) this.#dispatch(recipient, flight, flight.message);
    }
    this.pump(recipient);
  }

  /**
   * Those of the flights whose messages are there now, in order. What retention has dropped is settled as dropped; when
   * nothing can be read, all go back into the mailbox and the answer is empty.
   */
  async load(recipient: Recipient, flights: readonly InFlight[]): Promise<readonly InFlight[]> {
    const cold = flights.filter(({ message }) => message === undefined);
    if (cold.length === 0) return flights;
    try {
      const messages = await this.#parts.read(cold.map(({ queued }) => queued.seq));
      for (const flight of cold) {
        flight.message = messages.get(flight.queued.seq);
        if (flight.message === undefined) this.#end(recipient, flight, "dropped");
      }
      return flights.filter(({ message }) => message !== undefined);
    } catch (error) {
      log.error({ error }, "messages could not be read");
      const { alarm, clock } = this.#core;
      for (const flight of flights.toReversed()) this.giveBack(recipient, flight);
      alarm.at(clock.monotonicMs() + READ_AGAIN_MS, () => this.pump(recipient));
      return [];
    }
  }

  /** Ends the lease and returns the message to its place in the mailbox. Of several, the newest first. */
  giveBack(recipient: Recipient, flight: InFlight): void {
    if (flight.isOver) return;
    recipient.mailbox.giveBack(flight);
    this.#rest(flight, recipient);
  }

  /** The delivery is not in flight any more. */
  #rest({ queued: { seq, expiresAtMs } }: InFlight, recipient: Recipient): void {
    const { crashes } = this.#parts;
    if (expiresAtMs > 0) this.watchExpiry(recipient);
    const { isIsolating } = crashes;
    if (seq <= crashes.lastSeq) crashes.over(seq, recipient);
    if (isIsolating) this.resume();
  }

  /** Delivers the next suspect of a crash; if no suspect is left, the deliveries that were kept back for one. */
  resume(): void {
    for (const recipient of this.#parts.crashes.ready()) this.#schedule(recipient);
  }

  #ended(recipient: Recipient): void {
    recipient.isBusy = false;
    this.#busy.delete(recipient);
  }

  #dispatch(recipient: Recipient, flight: InFlight, message: Message): void {
    const { handler, mailbox } = recipient;
    if (handler === undefined) return this.giveBack(recipient, flight);
    const { crashes } = this.#parts;
    if (flight.queued.seq <= crashes.lastSeq && !crashes.recordInFlight(flight.queued.seq, recipient)) {
      const reason = `the server ended ${crashes.of(flight.queued.seq, recipient)} times while only it was in flight`;
      // This attempt is not made.
      const { attempt, history } = flight;
      return this.#bury(recipient, flight, { code: "CRASHED_DELIVERIES", reason, attempts: attempt - 1, history });
    }
    this.emitDelivery(recipient, flight, message);
    const { queued, attempt, lease } = flight;
    const settle = (settlement: Settlement) => {
      this.settle(recipient, flight, settlement);
      this.pump(recipient);
    };
    let handled: Promise<Settlement>;
    try {
      handled = handler.handle({ seq: queued.seq, message, recipient: mailbox.name, attempt }, lease.signal);
    } catch (error) {
      handled = Promise.reject(error);
    }
    handled.then(settle, (error: unknown) => {
      log.warn({ error, recipient: mailbox.name, message: message.id }, "a message was not handled");
      settle({ type: "failed", reason: error instanceof Error ? error.message : String(error) });
    });
  }

  emitDelivery(recipient: Recipient, { queued, attempt, startedAtMs }: InFlight, message: Message): void {
    const { feed, figures, clock } = this.#core;
    if (attempt === 1) figures.delivered(message.atMs, startedAtMs, clock);
    if (!feed.isWatched) return;
    const { workspace, name } = recipient.mailbox;
    feed.emit({ type: "delivery", seq: queued.seq, workspace, recipient: name, attempt }, message.conversationId);
  }

  /** R1, R2: how it went. False when the delivery was over already. */
  settle(recipient: Recipient, flight: InFlight, settlement: Settlement): boolean {
    if (flight.isOver) return false;
    switch (settlement.type) {
      case "done":
        recipient.succeeded(this.#end(recipient, flight, "done"));
        return true;
      case "postponed":
        this.giveBack(recipient, flight);
        return true;
      case "failed":
        this.#failed(recipient, flight, settlement.reason);
        return true;
      case "rejected": {
        const { code, reason } = settlement;
        const history = this.#history(flight, reason);
        this.#bury(recipient, flight, { code, reason, attempts: flight.attempt, history });
        return true;
      }
    }
  }

  /** How long it took. */
  #end(recipient: Recipient, flight: InFlight, outcome: Outcome): number {
    const { queued, attempt, message } = flight;
    const tookMs = this.#core.clock.monotonicMs() - flight.startedAtMs;
    recipient.mailbox.settle(flight);
    this.#rest(flight, recipient);
    this.#over(recipient, queued, { message, outcome, attempt, tookMs });
    return tookMs;
  }

  /** R1: the end of a delivery that has left its mailbox. */
  #over({ mailbox }: Recipient, queued: QueuedMessage, { message, outcome, attempt, tookMs }: End): void {
    const { recipients, writer, feed, figures } = this.#core;
    const { seq } = queued;
    if (message !== undefined) figures.settled(message.performative, outcome, tookMs);
    recipients.released(queued.size);
    if (queued.message !== undefined) recipients.cool(queued.size);
    if (!queued.isVolatile) writer.batch().settlement({ seq, party: mailbox.number, outcome, attempt });
    if (!feed.isWatched) return;
    const { workspace, name } = mailbox;
    feed.emit(
      { type: "settlement", seq, workspace, recipient: name, outcome, attempt, tookMs },
      message?.conversationId,
    );
  }

  #failed(recipient: Recipient, flight: InFlight, reason: string): void {
    const { clock, options, alarm, writer, feed } = this.#core;
    const { chance } = this.#parts;
    const nowMs = clock.monotonicMs();
    if (recipient.failed(nowMs)) this.#opened(recipient);
    const { queued, attempt } = flight;
    if (isPast(queued.expiresAtMs, clock.nowMs())) return this.#endExpired(recipient, flight);
    const history = this.#history(flight, reason);
    // Crashes are not the recipient's failures.
    if (attempt - this.#parts.crashes.of(queued.seq, recipient) >= options.attemptsMax) {
      const why = `${attempt} attempts failed; the last: ${reason}`;
      return this.#bury(recipient, flight, { code: "DELIVERY_FAILED", reason: why, attempts: attempt, history });
    }
    const { mailbox } = recipient;
    this.#core.figures.retried();
    const backoffMs = Math.min(options.retryDelayMaxMs, options.retryDelayMs * 2 ** (attempt - 1));
    // Half of it by chance, so that what failed together does not come back together.
    const retry = mailbox.retryLater(flight, nowMs + backoffMs * (0.5 + chance() / 2), { reason, history });
    this.#rest(flight, recipient);
    const inMs = retry.nextAtMs - nowMs;
    const place = { seq: queued.seq, party: mailbox.number, attempts: attempt };
    if (!queued.isVolatile)
      writer.batch().retry({ ...place, nextAtMs: clock.nowMs() + Math.ceil(inMs), reason, history });
    alarm.at(retry.nextAtMs, () => this.wake(recipient));
    if (!feed.isWatched) return;
    const { workspace, name } = mailbox;
    const event = { seq: queued.seq, workspace, recipient: name, attempts: attempt, inMs, reason };
    feed.emit({ type: "retry", ...event }, flight.message?.conversationId);
  }

  /** Retries of it may be due. */
  wake(recipient: Recipient): void {
    // The alarm may ring a millisecond early, and rings once.
    recipient.mailbox.wake(this.#core.clock.monotonicMs() + 1);
    this.pump(recipient);
  }

  #opened(recipient: Recipient): void {
    const { alarm, feed } = this.#core;
    const { workspace, name } = recipient.mailbox;
    alarm.at(recipient.opensAtMs ?? 0, () => this.pump(recipient));
    feed.emit({ type: "breaker", workspace, recipient: name, isOpen: true });
  }

  #history(flight: InFlight, reason: string): readonly FailedAttempt[] {
    const { clock, options } = this.#core;
    return withFailure(flight, { atMs: clock.nowMs(), reason }, options.attemptsMax);
  }

  /** R3: given up, whole and with its reason. */
  #bury(recipient: Recipient, flight: InFlight, why: Omit<Death, "atMs">): void {
    this.#end(recipient, flight, "dead");
    if (flight.message !== undefined) this.#dead(recipient, flight.queued, flight.message, why);
  }

  /** R3: gives up these deliveries to a recipient that was removed. */
  async withdraw(recipient: Recipient, isOut: (message: Message) => boolean): Promise<void> {
    const { mailbox } = recipient;
    for (const seq of Array.from(mailbox.seqs())) {
      const message = (await this.#parts.read([seq])).get(seq);
      if (message === undefined || !isOut(message)) continue;
      const flight = mailbox.flight(seq);
      const { attempt: attempts, history } = flight ?? { attempt: 0, history: [] };
      const why = { code: "AGENT_NOT_FOUND", reason: `${mailbox.name} was deleted`, attempts, history };
      if (flight !== undefined) this.#bury(recipient, flight, why);
      for (const queued of mailbox.remove((each) => each.seq === seq)) {
        this.#over(recipient, queued, { message, outcome: "dead", attempt: 1, tookMs: 0 });
        this.#dead(recipient, queued, message, why);
      }
    }
  }

  /** Ends every delivery to a recipient whose workspace is deleted; no sender is notified. */
  drop(recipient: Recipient): void {
    const { mailbox } = recipient;
    recipient.handler = undefined;
    for (const flight of Array.from(mailbox.inFlight())) this.#end(recipient, flight, "dropped");
    for (const queued of mailbox.remove(() => true))
      this.#over(recipient, queued, { message: undefined, outcome: "dropped", attempt: 1, tookMs: 0 });
    recipient.wakeWaiters();
  }

  #dead({ mailbox }: Recipient, queued: QueuedMessage, message: Message, why: Omit<Death, "atMs">): void {
    const { writer, clock } = this.#core;
    const { gaveUp } = this.#parts;
    const letter = () => deadLetter(message, { seq: queued.seq, mailbox }, { ...why, atMs: clock.nowMs() });
    if (!queued.isVolatile) writer.batch().bury(letter());
    const details = { recipient: mailbox.name, message: message.id, attempts: why.attempts, reason: why.code };
    const error = failure("DELIVERY_FAILED", `${mailbox.name} did not take it: ${why.reason}`, { details });
    gaveUp(message, mailbox.name, error);
  }

  #leaseEnded(lease: InFlight["lease"]): void {
    // A copy: what is handed out here must not be looked at again.
    for (const recipient of Array.from(this.#busy)) {
      if (recipient.mailbox.leased === 0) this.#ended(recipient);
      else for (const flight of recipient.mailbox.flights(lease)) this.#failed(recipient, flight, "its lease ended");
      this.pump(recipient);
    }
  }

  /** Removes what has expired from the mailbox. */
  sweep(recipient: Recipient): void {
    const nowMs = this.#core.clock.nowMs();
    const { mailbox } = recipient;
    if (mailbox.soonestExpiryMs <= nowMs) void this.#expired(recipient, mailbox.removeExpired(nowMs));
  }

  /** Sweeps the mailbox soon after the first of what waits in it expires. */
  watchExpiry(recipient: Recipient): void {
    const { clock, alarm } = this.#core;
    const { soonestExpiryMs: atMs } = recipient.mailbox;
    if (atMs >= recipient.sweepAtMs) return;
    recipient.sweepAtMs = atMs;
    alarm.at(clock.monotonicMs() + Math.max(SWEEP_LEAST_MS, atMs - clock.nowMs()), () => {
      if (recipient.sweepAtMs !== atMs) return;
      recipient.sweepAtMs = Infinity;
      this.sweep(recipient);
      this.watchExpiry(recipient);
    });
  }

  /** R5: settles what has left the mailbox because it expired; its senders are notified in the same transaction. */
  async #expired(recipient: Recipient, queuedMessages: readonly QueuedMessage[]): Promise<void> {
    const cold: QueuedMessage[] = [];
    for (const queued of queuedMessages) {
      if (queued.message === undefined) cold.push(queued);
      else this.#expire(recipient, queued, queued.message);
    }
    if (cold.length === 0) return;
    try {
      const messages = await this.#parts.read(cold.map(({ seq }) => seq));
      if (!this.#isStopped) for (const queued of cold) this.#expire(recipient, queued, messages.get(queued.seq));
    } catch (error) {
      log.error({ error }, "expired messages cannot be read; they expire again at the next start");
      for (const { size } of cold) this.#core.recipients.released(size);
    }
  }

  #expire(recipient: Recipient, queued: QueuedMessage, message: Message | undefined): void {
    const { name } = recipient.mailbox;
    this.#over(recipient, queued, { message, outcome: "expired", attempt: 1, tookMs: 0 });
    if (message !== undefined) this.#parts.gaveUp(message, name, notTaken(name));
  }

  /** Stops all deliveries; resolves when handlers have ended theirs, or after `waitMs`. */
  async stop(waitMs: number): Promise<void> {
    const { clock } = this.#core;
    this.#isStopped = true;
    const untilMs = clock.monotonicMs() + waitMs;
    while (this.#isHandling() && clock.monotonicMs() < untilMs) await clock.sleep(Math.min(20, waitMs));
    this.#leases.stopAll();
  }

  #isHandling(): boolean {
    for (const { handler, mailbox } of this.#busy) if (handler !== undefined && mailbox.leased > 0) return true;
    return false;
  }
}
