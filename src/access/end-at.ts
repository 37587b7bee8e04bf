import type { Clock } from "../kernel/clock.ts";

/** The longest time of a timer. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Returns a signal that aborts at a time. */
export const endAt = (atMs: number, clock: Clock): AbortSignal =>
  AbortSignal.timeout(Math.max(0, Math.min(atMs - clock.nowMs(), TIMER_MS_MAX)));

/** Returns a signal that aborts with the first of two. */
export const firstEnd = (one: AbortSignal | undefined, other: AbortSignal): AbortSignal =>
  one === undefined ? other : AbortSignal.any([one, other]);
