import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { statusQuery } from "../../api/queries.ts";

/** Server time in milliseconds, refreshed periodically; durations of running items are measured against it. */
export function useServerNow(everyMs: number, running = true): number {
  const skewMs = useQuery({
    ...statusQuery,
    select: ({ started_at, uptime_ms, receivedAtMs }) => Date.parse(started_at) + uptime_ms - receivedAtMs,
  }).data;
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    if (!running) return undefined;
    const timer = setInterval(() => setNowMs(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs, running]);
  return nowMs + (skewMs ?? 0);
}
