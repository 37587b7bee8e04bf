/** Time as the server sees it. Tests pass their own. */
export interface Clock {
  /** Milliseconds since the Unix epoch, whole. */
  nowMs(): number;
  /** Milliseconds on a clock that never steps back; only differences mean something. */
  monotonicMs(): number;
  /** Resolves after `ms`; rejects with the signal's reason when aborted first. Does not keep the process alive. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** What a timer can hold, 24.8 days; a longer one would fire at once. No process waits that long for one thing. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: async (ms, signal) => {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, Math.min(ms, TIMER_MS_MAX));
    timer.unref();
    const abort = () => reject(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
  },
};
