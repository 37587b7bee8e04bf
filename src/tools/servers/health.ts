import type { ToolServerLife } from "./life.ts";
import type { UsageTotals } from "./usage.ts";

export const HEALTHS = ["healthy", "degraded", "unhealthy", "unknown"] as const;
export type Health = (typeof HEALTHS)[number];

/** The last time a server was started apart and asked for its tools. */
export type HealthCheck = {
  readonly atMs: number;
  readonly ok: boolean;
  readonly durationMs: number;
  readonly note: string;
};

/** Shares of the last calls that ended by the server's own fault. */
const DEGRADED_AT = 0.1;
const UNHEALTHY_AT = 0.5;
/** Fewer faults than this prove nothing. */
const FAULTS_MIN = 2;

/**
 * Health of a server, with its reason. A fault of the caller (wrong arguments, cancelled, denied) does not count. Pure.
 */
export function healthOf(
  life: ToolServerLife,
  { calls, recent, recentFaults }: UsageTotals,
  check: HealthCheck | undefined,
): { readonly health: Health; readonly note: string } {
  if (life.state === "failed") return { health: "unhealthy", note: life.reason };
  if (life.state === "quarantined") return { health: "unhealthy", note: life.reason };
  if (check?.ok === false) return { health: "unhealthy", note: `it did not pass its last check: ${check.note}` };
  const share = recent === 0 ? 0 : recentFaults / recent;
  const faults =
    recent === 1
      ? `its last call ${recentFaults === 0 ? "did not end" : "ended"} by its own fault`
      : `${recentFaults === 0 ? "none" : recentFaults} of its last ${recent} calls ended by its own fault`;
  if (recentFaults >= FAULTS_MIN && share >= UNHEALTHY_AT) return { health: "unhealthy", note: faults };
  if (recentFaults > 0 && share >= DEGRADED_AT) return { health: "degraded", note: faults };
  if (calls === 0 && check === undefined) return { health: "unknown", note: "it has not been called or checked yet" };
  return { health: "healthy", note: recent === 0 ? "it passed its last check" : faults };
}
