import type { Clock } from "../../kernel/clock.ts";
import type { HoldReason } from "../port/index.ts";

/** Rate limits of a provider's key. Undefined: unlimited. */
export type AccountLimits = {
  /** Maximum concurrent requests. */
  readonly concurrentMax: number | undefined;
  /** Requests begun in any 60 seconds. */
  readonly requestsPerMinute: number | undefined;
  /** Tokens, of request and answer, of the requests begun in any 60 seconds. */
  readonly tokensPerMinute: number | undefined;
  /** Requests that wait before further ones are refused. */
  readonly queuedMax: number;
  /** Longest wait of one request; what would wait longer is refused as soon as that is known. */
  readonly waitMaxMs: number;
};

export const NO_LIMITS: AccountLimits = {
  concurrentMax: undefined,
  requestsPerMinute: undefined,
  tokensPerMinute: undefined,
  queuedMax: 1_000,
  waitMaxMs: 60_000,
};

export type Admission =
  | { readonly type: "admitted"; readonly queuedMs: number; readonly place: Place }
  /** `retryInMs` is when it would get its turn, where that is known. */
  | { readonly type: "refused"; readonly why: "full" | "too-long" | "aborted"; readonly retryInMs: number | undefined };

/** The right to make one request. Has to be left, once; leaving twice does nothing. */
export interface Place {
  /** `tokens` is what the request took, where the provider said so; otherwise what was reserved stands. */
  leave(tokens: number | undefined): void;
}

/** How a request stands when it has asked for a place: at once, or after a wait for the reason given. */
export type Entry = { readonly waitsFor: HoldReason | undefined; readonly admission: Promise<Admission> };

type Begun = { readonly atMs: number; tokens: number };
type Waiter = {
  readonly tokens: number;
  readonly sinceMs: number;
  readonly settle: (admission: Admission) => void;
  readonly over: AbortController;
};
type Obstacle = { readonly why: HoldReason; readonly waitMs: number | undefined };

const WINDOW_MS = 60_000;

/**
 * Admits the requests of one provider's key within its limits.
 * traffic.gate.T1. Never more than `concurrentMax` hold a place, and never more than the minute's requests begin in
 *   any 60 seconds.
 * traffic.gate.T2. Tokens are reserved before a request begins, and corrected when it has ended; what was reserved
 *   never exceeds the minute's tokens. A request that is larger than the whole limit goes when nothing else was begun
 *   for a minute.
 * traffic.gate.T3. FIFO: the head of the queue is never overtaken, so no request starves.
 * traffic.gate.T4. An aborted or refused request leaves the queue.
 */
export class Gate {
  readonly #clock: Clock;
  readonly #limits: AccountLimits;
  #waiting: Waiter[] = [];
  #begun: Begun[] = [];
  #executing = 0;
  #pausedUntilMs = 0;
  #alarm: AbortController | undefined;

  constructor(clock: Clock, limits: AccountLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  get executing(): number {
    return this.#executing;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Whether it matters how many tokens a request takes. */
  get countsTokens(): boolean {
    return this.#limits.tokensPerMinute !== undefined;
  }

  /** Remaining time of a pause that the provider requested; 0 without one. */
  pausedMs(): number {
    return Math.max(0, this.#pausedUntilMs - this.#clock.monotonicMs());
  }

  /** Asks for a place. The admission never rejects. */
  enter(tokens: number, signal: AbortSignal): Entry {
    const { concurrentMax, requestsPerMinute, tokensPerMinute } = this.#limits;
    const isOpen = concurrentMax === undefined && requestsPerMinute === undefined && tokensPerMinute === undefined;
    if (signal.aborted) return refused("aborted", undefined);
    if (isOpen && this.#pausedUntilMs === 0) return this.#admitNow(tokens);
    const reserved = Math.min(tokens, tokensPerMinute ?? tokens);
    const obstacle = this.#obstacle(reserved);
    if (obstacle === undefined && this.#waiting.length === 0) return this.#admitNow(reserved);
    const { waitMs } = obstacle ?? { waitMs: undefined };
    if (this.#waiting.length >= this.#limits.queuedMax) return refused("full", waitMs);
    if (waitMs !== undefined && waitMs > this.#limits.waitMaxMs) return refused("too-long", waitMs);
    return { waitsFor: obstacle?.why ?? "concurrency", admission: this.#queue(reserved, signal) };
  }

  /** Pauses admission at the provider's request. */
  pause(ms: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#clock.monotonicMs() + ms);
    this.#pump();
  }

  #admitNow(tokens: number): Entry {
    return { waitsFor: undefined, admission: Promise.resolve(this.#admit(tokens, this.#clock.monotonicMs())) };
  }

  #queue(tokens: number, signal: AbortSignal): Promise<Admission> {
    const { promise, resolve } = Promise.withResolvers<Admission>();
    const over = new AbortController();
    const waiter: Waiter = { tokens, sinceMs: this.#clock.monotonicMs(), settle: resolve, over };
    this.#waiting.push(waiter);
    const leave = () => this.#refuse(waiter, "aborted", undefined);
    signal.addEventListener("abort", leave, { once: true, signal: over.signal });
    void this.#clock.sleep(this.#limits.waitMaxMs, over.signal).then(
      () => this.#giveUp(waiter),
      () => undefined,
    );
    this.#pump();
    return promise;
  }

  #giveUp(waiter: Waiter): void {
    // In the moment that its wait is over it may just as well be its turn.
    this.#pump();
    this.#refuse(waiter, "too-long", this.#obstacle(waiter.tokens)?.waitMs);
  }

  #refuse(waiter: Waiter, why: "too-long" | "aborted", retryInMs: number | undefined): void {
    const at = this.#waiting.indexOf(waiter);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    waiter.over.abort("refused");
    waiter.settle({ type: "refused", why, retryInMs });
    this.#pump();
  }

  #admit(tokens: number, sinceMs: number): Admission {
    const nowMs = this.#clock.monotonicMs();
    const begun: Begun = { atMs: nowMs, tokens };
    if (this.#counts) this.#begun.push(begun);
    this.#executing += 1;
    let isLeft = false;
    const leave = (used: number | undefined) => {
      if (isLeft) return;
      isLeft = true;
      this.#executing -= 1;
      if (used !== undefined) begun.tokens = used;
      this.#pump();
    };
    return { type: "admitted", queuedMs: nowMs - sinceMs, place: { leave } };
  }

  get #counts(): boolean {
    return this.#limits.requestsPerMinute !== undefined || this.#limits.tokensPerMinute !== undefined;
  }

  /** Admits requests from the head of the queue, and sets the timer for the next one. */
  #pump(): void {
    this.#alarm?.abort("set anew");
    this.#alarm = undefined;
    for (let head = this.#waiting[0]; head; head = this.#waiting[0]) {
      const obstacle = this.#obstacle(head.tokens);
      if (obstacle === undefined) {
        this.#waiting.shift();
        head.over.abort("admitted");
        head.settle(this.#admit(head.tokens, head.sinceMs));
        continue;
      }
      const { waitMs } = obstacle;
      if (waitMs === undefined) return;
      const leftMs = head.sinceMs + this.#limits.waitMaxMs - this.#clock.monotonicMs();
      if (waitMs > leftMs) return this.#refuse(head, "too-long", waitMs);
      return this.#wakeIn(waitMs);
    }
  }

  #wakeIn(ms: number): void {
    const alarm = new AbortController();
    this.#alarm = alarm;
    void this.#clock.sleep(ms, alarm.signal).then(
      () => this.#pump(),
      () => undefined,
    );
  }

  /** Returns what blocks a request with this number of tokens now; a wait of unknown duration has no `waitMs`. */
  #obstacle(tokens: number): Obstacle | undefined {
    const { concurrentMax, requestsPerMinute, tokensPerMinute } = this.#limits;
    const nowMs = this.#clock.monotonicMs();
    if (this.#pausedUntilMs > nowMs) return { why: "retry-after", waitMs: Math.ceil(this.#pausedUntilMs - nowMs) };
    this.#pausedUntilMs = 0;
    if (concurrentMax !== undefined && this.#executing >= concurrentMax)
      return { why: "concurrency", waitMs: undefined };
    const current = this.#begun.findIndex(({ atMs }) => atMs > nowMs - WINDOW_MS);
    this.#begun = current < 0 ? [] : this.#begun.slice(current);
    if (requestsPerMinute !== undefined && this.#begun.length >= requestsPerMinute)
      return { why: "requests", waitMs: this.#untilGone(this.#begun.length - requestsPerMinute, nowMs) };
    if (tokensPerMinute === undefined) return undefined;
    let held = this.#begun.reduce((sum, begun) => sum + begun.tokens, 0);
    if (held + tokens <= tokensPerMinute) return undefined;
    const gone = this.#begun.findIndex((begun) => (held -= begun.tokens) + tokens <= tokensPerMinute);
    return { why: "tokens", waitMs: this.#untilGone(gone < 0 ? this.#begun.length - 1 : gone, nowMs) };
  }

  /** Until the request at this place, and all before it, began longer than a minute ago. */
  #untilGone(place: number, nowMs: number): number {
    const begun = this.#begun[place];
    return begun === undefined ? 0 : Math.max(1, Math.ceil(begun.atMs + WINDOW_MS - nowMs));
  }
}

const refused = (why: "full" | "too-long" | "aborted", retryInMs: number | undefined): Entry => ({
  waitsFor: undefined,
  admission: Promise.resolve({ type: "refused", why, retryInMs }),
});
