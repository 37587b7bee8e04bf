import type { Clock } from "../../kernel/clock.ts";
import type { HoldReason } from "../port/index.ts";

/** Rate limits of a provider's key. Undefined: unlimited. */
export type AccountLimits = {
  /** Maximum concurrent requests. */
  readonly concurrentMax: number | undefined;
  /** Maximum requests started in any 60 seconds. */
  readonly requestsPerMinute: number | undefined;
  /** Maximum tokens, of request and answer, of the requests started in any 60 seconds. */
  readonly tokensPerMinute: number | undefined;
  /** Requests that wait before further ones are refused. */
  readonly queuedMax: number;
  /** Longest wait of one request; a request that would wait longer is refused as soon as that is known. */
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
  | { readonly type: "admitted"; readonly queuedMs: number; readonly permit: RequestPermit }
  /** `retryInMs`: expected wait, if known. */
  | { readonly type: "refused"; readonly why: "full" | "too-long" | "aborted"; readonly retryInMs: number | undefined };

/** The right to make one request. The holder releases it; a second release does nothing. */
export interface RequestPermit {
  /** `tokens`: tokens used, if the provider reported them; otherwise the reserved tokens count. */
  release(tokens: number | undefined): void;
}

/** The result of a request for a permit: `waitsFor` is undefined if it did not have to wait. */
export type AdmissionResult = { readonly waitsFor: HoldReason | undefined; readonly admission: Promise<Admission> };

type StartedRequest = { readonly atMs: number; tokens: number };
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
 * traffic.limiter.T1. Never more than `concurrentMax` hold a permit, and never more than the minute's requests begin in
 *   any 60 seconds.
 * traffic.limiter.T2. Tokens are reserved before a request begins, and corrected when it has ended; what was reserved
 *   never exceeds the minute's tokens. A request that is larger than the whole limit is admitted when no other request
 *   started for a minute.
 * traffic.limiter.T3. FIFO: the head of the queue is never overtaken, so no request starves.
 * traffic.limiter.T4. An aborted or refused request leaves the queue.
 */
export class ProviderLimiter {
  readonly #clock: Clock;
  readonly #limits: AccountLimits;
  #waiting: Waiter[] = [];
  #started: StartedRequest[] = [];
  #executing = 0;
  #pausedUntilMs = 0;
  #timer: AbortController | undefined;

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

  /** Whether tokens are limited. */
  get countsTokens(): boolean {
    return this.#limits.tokensPerMinute !== undefined;
  }

  /** Remaining time of a pause that the provider requested; 0 without one. */
  pausedMs(): number {
    return Math.max(0, this.#pausedUntilMs - this.#clock.monotonicMs());
  }

  /** Requests a permit. The admission never rejects. */
  enter(tokens: number, signal: AbortSignal): AdmissionResult {
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

  #admitNow(tokens: number): AdmissionResult {
    return { waitsFor: undefined, admission: Promise.resolve(this.#admit(tokens, this.#clock.monotonicMs())) };
  }

  #queue(tokens: number, signal: AbortSignal): Promise<Admission> {
    const { promise, resolve } = Promise.withResolvers<Admission>();
    const over = new AbortController();
    const waiter: Waiter = { tokens, sinceMs: this.#clock.monotonicMs(), settle: resolve, over };
    this.#waiting.push(waiter);
    const abandon = () => this.#refuse(waiter, "aborted", undefined);
    signal.addEventListener("abort", abandon, { once: true, signal: over.signal });
    void this.#clock.sleep(this.#limits.waitMaxMs, over.signal).then(
      () => this.#expire(waiter),
      () => undefined,
    );
    this.#pump();
    return promise;
  }

  #expire(waiter: Waiter): void {
    // A permit may have become available at the same moment.
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
    const request: StartedRequest = { atMs: nowMs, tokens };
    if (this.#counts) this.#started.push(request);
    this.#executing += 1;
    let isReleased = false;
    const release = (used: number | undefined) => {
      if (isReleased) return;
      isReleased = true;
      this.#executing -= 1;
      if (used !== undefined) request.tokens = used;
      this.#pump();
    };
    return { type: "admitted", queuedMs: nowMs - sinceMs, permit: { release } };
  }

  get #counts(): boolean {
    return this.#limits.requestsPerMinute !== undefined || this.#limits.tokensPerMinute !== undefined;
  }

  /** Admits requests from the head of the queue, and sets the timer for the next one. */
  #pump(): void {
    this.#timer?.abort("set again");
    this.#timer = undefined;
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
      return this.#scheduleWake(waitMs);
    }
  }

  #scheduleWake(ms: number): void {
    const timer = new AbortController();
    this.#timer = timer;
    void this.#clock.sleep(ms, timer.signal).then(
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
    const current = this.#started.findIndex(({ atMs }) => atMs > nowMs - WINDOW_MS);
    this.#started = current < 0 ? [] : this.#started.slice(current);
    if (requestsPerMinute !== undefined && this.#started.length >= requestsPerMinute)
      return { why: "requests", waitMs: this.#untilExpired(this.#started.length - requestsPerMinute, nowMs) };
    if (tokensPerMinute === undefined) return undefined;
    let reserved = this.#started.reduce((sum, request) => sum + request.tokens, 0);
    if (reserved + tokens <= tokensPerMinute) return undefined;
    const last = this.#started.findIndex((request) => (reserved -= request.tokens) + tokens <= tokensPerMinute);
    return { why: "tokens", waitMs: this.#untilExpired(last < 0 ? this.#started.length - 1 : last, nowMs) };
  }

  /** Milliseconds until the request at `index`, and all before it, are older than a minute. */
  #untilExpired(index: number, nowMs: number): number {
    const request = this.#started[index];
    return request === undefined ? 0 : Math.max(1, Math.ceil(request.atMs + WINDOW_MS - nowMs));
  }
}

const refused = (why: "full" | "too-long" | "aborted", retryInMs: number | undefined): AdmissionResult => ({
  waitsFor: undefined,
  admission: Promise.resolve({ type: "refused", why, retryInMs }),
});
