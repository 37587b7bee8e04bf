const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Times between the attempts of one delivery, which has one attempt more. */
const DELAYS_MS = [
  5 * SECOND_MS,
  30 * SECOND_MS,
  2 * MINUTE_MS,
  10 * MINUTE_MS,
  HOUR_MS,
  3 * HOUR_MS,
  6 * HOUR_MS,
  12 * HOUR_MS,
] as const;
const RETRY_AFTER_MAX_MS = 24 * HOUR_MS;
const PAUSE_MAX_MS = MINUTE_MS;
/** A delay is longer by at most this part, so that deliveries that failed together are not repeated together. */
const JITTER = 0.1;

/** A webhook whose attempts have failed for so long stops. */
export const FAILING_MAX_MS = 72 * HOUR_MS;

/** The time until the next attempt; undefined after the last one. `tries` counts the attempts, `chance` is from 0 to 1. */
export function retryDelayMs(tries: number, retryAfterMs: number | undefined, chance: number): number | undefined {
  const delayMs = DELAYS_MS[tries - 1];
  if (delayMs === undefined) return undefined;
  return Math.max(Math.round(delayMs * (1 + JITTER * chance)), cappedRetryAfterMs(retryAfterMs));
}

/** How long a webhook rests after attempts that failed one after the other, so that a queue does not flood a target. */
export const pauseMs = (failures: number, retryAfterMs: number | undefined): number =>
  Math.max(Math.min(PAUSE_MAX_MS, SECOND_MS * 2 ** Math.min(failures - 1, 6)), cappedRetryAfterMs(retryAfterMs));

const cappedRetryAfterMs = (retryAfterMs = 0): number => Math.min(retryAfterMs, RETRY_AFTER_MAX_MS);
