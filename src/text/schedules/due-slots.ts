import type { Schedule } from "./schedule.ts";

export type DueSlots = {
  /** Slots to fire, in their order. */
  readonly slots: readonly number[];
  /** The first slot that was left out because later ones are due too. */
  readonly missedFromMs: number | undefined;
  /** The first slot that is not due yet. */
  readonly nextMs: number | undefined;
};

const MINUTE_MS = 60_000;
const WIDER = 4;

/**
 * Returns the newest `max` slots from a slot up to now. `delayOf` is the time by which a slot is later than planned. However long ago
 * the first slot was, the cost is that of the slots which are returned and of some before them.
 */
export function dueSlots(
  schedule: Schedule,
  { fromMs, nowMs, max }: { readonly fromMs: number; readonly nowMs: number; readonly max: number },
  delayOf: (slotMs: number) => number,
): DueSlots {
  const isDue = (slotMs: number) => slotMs + delayOf(slotMs) <= nowMs;
  for (let spanMs = MINUTE_MS * max; ; spanMs *= WIDER) {
    const startMs = Math.max(fromMs - 1, nowMs - spanMs);
    const due: number[] = [];
    let next = schedule.next(startMs);
    while (next !== undefined && isDue(next)) {
      due.push(next);
      next = schedule.next(next);
    }
    const isWhole = startMs < fromMs;
    if (!isWhole && due.length < max) continue;
    const slots = due.slice(-max);
    const isComplete = isWhole && slots.length === due.length;
    return { slots, missedFromMs: isComplete ? undefined : fromMs, nextMs: next };
  }
}
