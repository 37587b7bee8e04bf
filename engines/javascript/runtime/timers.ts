import { host } from "./host.ts";

type Timer = {
  readonly id: number;
  readonly run: () => void;
  readonly everyMs: number | undefined;
  dueMs: number;
};

let timers: Timer[] = [];
let nextId = 1;
/** Time as these timers see it: it also passes, by what was slept, where the clock stands still. */
let passedMs = 0;

const now = (): number => {
  passedMs = Math.max(passedMs, host.now());
  return passedMs;
};

function add(run: unknown, ms: unknown, repeats: boolean, values: readonly unknown[]): number {
  if (typeof run !== "function") throw new TypeError("a timer needs a function");
  const waitMs = Math.max(0, Number(ms) || 0);
  const id = nextId++;
  const everyMs = repeats ? Math.max(1, waitMs) : undefined;
  timers.push({ id, run: () => void run(...values), everyMs, dueMs: now() + waitMs });
  return id;
}

export const setTimeout = (run: unknown, ms?: unknown, ...values: unknown[]): number => add(run, ms, false, values);
export const setInterval = (run: unknown, ms?: unknown, ...values: unknown[]): number => add(run, ms, true, values);
export function clearTimer(id: unknown): void {
  timers = timers.filter((timer) => timer.id !== id);
}

/** Sleeps until the next timer is due and runs it; false when there is none. */
export function runNextTimer(): boolean {
  let next = timers[0];
  for (const timer of timers) if (next && timer.dueMs < next.dueMs) next = timer;
  if (next === undefined) return false;
  const waitMs = next.dueMs - now();
  if (waitMs > 0) {
    host.sleep(waitMs);
    passedMs += waitMs;
  }
  if (next.everyMs === undefined) clearTimer(next.id);
  else next.dueMs = now() + next.everyMs;
  next.run();
  return true;
}

/** Timers belong to a call and end with it. */
export function clearTimers(): void {
  if (timers.length > 0) timers = [];
}
