/** Whether a call may begin: at once, or after its wait; a refusal says which limit it met. */
export type Entry =
  | { readonly type: "open"; readonly release: () => void }
  | { readonly type: "refused"; readonly reason: string };

const WAITING_PER_PERMIT = 4;
const MINUTE_MS = 60_000;

/** Limits concurrent calls, and calls started per minute. */
export class CallLimiter {
  readonly #concurrentMax: number;
  readonly #perMinuteMax: number;
  readonly #nowMs: () => number;
  #begun: number[] = [];
  #inside = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limits: { readonly concurrentMax: number; readonly callsPerMinuteMax: number }, nowMs: () => number) {
    this.#concurrentMax = limits.concurrentMax;
    this.#perMinuteMax = limits.callsPerMinuteMax;
    this.#nowMs = nowMs;
  }

  /** Rejects with the signal's reason when aborted while it waits. */
  async enter(signal: AbortSignal): Promise<Entry> {
    signal.throwIfAborted();
    const refusal = this.#refusal();
    if (refusal !== undefined) return { type: "refused", reason: refusal };
    this.#begun.push(this.#nowMs());
    if (this.#inside < this.#concurrentMax) this.#inside += 1;
    else await this.#wait(signal);
    return { type: "open", release: () => this.#leave() };
  }

  #refusal(): string | undefined {
    const minuteAgo = this.#nowMs() - MINUTE_MS;
    const first = this.#begun.findIndex((atMs) => atMs > minuteAgo);
    if (first !== 0) this.#begun = first < 0 ? [] : this.#begun.slice(first);
    if (this.#begun.length >= this.#perMinuteMax) {
      const seconds = Math.max(1, Math.ceil(((this.#begun[0] ?? 0) - minuteAgo) / 1_000));
      return `${this.#perMinuteMax} calls were begun in the last minute, as many as limits.calls_per_minute allows; try again in ${seconds} s`;
    }
    if (this.#waiting.length < this.#concurrentMax * WAITING_PER_PERMIT) return undefined;
    return `${this.#inside} calls are running and ${this.#waiting.length} wait; limits.concurrent_calls is ${this.#concurrentMax}`;
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = () => {
      const place = this.#waiting.indexOf(resolve);
      if (place >= 0) this.#waiting.splice(place, 1);
      reject(signal.reason);
    };
    this.#waiting.push(resolve);
    signal.addEventListener("abort", abort, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** The place goes to who waits longest. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#inside -= 1;
  }
}
