import { useEffect, useEffectEvent } from "react";

/** Calls a function periodically while the component is mounted; undefined pauses it. */
export function useEvery(everyMs: number | undefined, act: () => void): void {
  const doIt = useEffectEvent(act);
  useEffect(() => {
    if (everyMs === undefined) return undefined;
    const timer = setInterval(() => doIt(), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
}
