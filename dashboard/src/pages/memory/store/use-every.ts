import { useEffect, useEffectEvent } from "react";

/** Does something again and again while the page shows this; undefined: not now. */
export function useEvery(everyMs: number | undefined, act: () => void): void {
  const doIt = useEffectEvent(act);
  useEffect(() => {
    if (everyMs === undefined) return undefined;
    const timer = setInterval(() => doIt(), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
}
