import { type MouseEvent, type RefObject, useEffect, useSyncExternalStore } from "react";

/** Milliseconds for which all cards must have stood still before an answer counts. */
const GUARD_MS = 600;
const MEASURED_EVERY_MS = 100;
/** Pixels; a smaller movement does not put another button under the pointer. */
const MOVED_MIN = 2;

type Place = { readonly top: number; readonly bottom: number; readonly left: number };

const places = new Map<Element, Place>();
const listeners = new Set<() => void>();
let disturbedAtMs = Number.NEGATIVE_INFINITY;
let isSteady = false;
let timer: ReturnType<typeof setInterval> | undefined;

const hasMoved = (one: Place, other: Place): boolean =>
  Math.abs(one.top - other.top) > MOVED_MIN ||
  Math.abs(one.bottom - other.bottom) > MOVED_MIN ||
  Math.abs(one.left - other.left) > MOVED_MIN;

/** Finds out whether a card moved since the last look. */
function look(): void {
  for (const [card, before] of places) {
    const now = card.getBoundingClientRect();
    if (!hasMoved(before, now)) continue;
    places.set(card, now);
    disturbedAtMs = performance.now();
  }
  const steady = performance.now() - disturbedAtMs >= GUARD_MS;
  if (steady === isSteady) return;
  isSteady = steady;
  for (const listener of listeners) listener();
}

/** Begins the guard time: an answer was given, or the list changed. */
export function disturb(): void {
  disturbedAtMs = performance.now();
  look();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === undefined) {
    timer = setInterval(look, MEASURED_EVERY_MS);
    addEventListener("scroll", look, { capture: true, passive: true });
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    removeEventListener("scroll", look, { capture: true });
    timer = undefined;
  };
}

/**
 * Guards the answers on a card; returns whether they may be given now.
 *
 * approvals.guard.G1. Nothing is answered within GUARD_MS after any card appeared, moved or was answered, nor by the
 *   second click of a double click, because the press was meant for what stood there before.
 */
export function useGuard(card: RefObject<Element | null>): boolean {
  const steady = useSyncExternalStore(subscribe, () => isSteady);
  useEffect(() => {
    const { current } = card;
    if (current === null) return undefined;
    places.set(current, current.getBoundingClientRect());
    disturb();
    return () => {
      places.delete(current);
      disturb();
    };
  }, [card]);
  return steady;
}

/** Whether a press counts. */
export function mayPress({ detail }: MouseEvent): boolean {
  // A card may have moved since the timer's last look.
  look();
  return isSteady && detail <= 1;
}
