import * as z from "zod";
import { durationText } from "../../text/documents/index.ts";
import { NO_LIMITS, type TrafficOptions } from "../../models/traffic/index.ts";

const LimitsTable = z.strictObject({
  concurrent_max: z.int().min(1).optional().meta({ description: "Maximum concurrent requests" }),
  requests_per_minute: z.int().min(1).optional().meta({ description: "Maximum requests started in any 60 seconds" }),
  tokens_per_minute: z.int().min(1).optional().meta({
    description: "Maximum input and output tokens of the requests started in any 60 seconds",
  }),
  queued_max: z.int().min(0).max(1_000_000).default(NO_LIMITS.queuedMax).meta({
    description: "Maximum queued requests; further requests fail",
  }),
  wait_max: durationText({ minMs: 100 })
    .prefault("60s")
    .meta({ description: "Maximum time a request waits in the queue" }),
});

const CircuitTable = z
  .strictObject({
    failures: z.int().min(0).max(1_000).default(5).meta({
      description: "Consecutive failed turns that open the circuit of a model; 0 disables it",
    }),
    window: durationText({ minMs: 1_000 }).prefault("60s").meta({ description: "Time window in which failures count" }),
    open_for: durationText({ minMs: 100 }).prefault("30s").meta({
      description: "Time the circuit stays open before one trial request",
    }),
  })
  .prefault({});

/** Keys of the `models` table: rate limits, circuits and stalled streams. */
export const trafficKeys = {
  idle_timeout: durationText({ minMs: 100 }).prefault("30s").meta({
    description: "Fail a started stream that is silent for this long; models.timeout applies before its first part",
  }),
  limits: z
    .record(z.string().min(1), LimitsTable)
    .default({})
    .meta({ description: "Rate limits per key of a provider, by provider name" }),
  circuit: CircuitTable,
};

type TrafficTable = {
  readonly idle_timeout: number;
  readonly limits: { readonly [provider: string]: z.output<typeof LimitsTable> };
  readonly circuit: z.output<typeof CircuitTable>;
};

/** Limits, circuits and stalled streams of models, from the configuration. */
export function trafficOptions({ limits, circuit, idle_timeout: idleMs }: TrafficTable): TrafficOptions {
  const byProvider = Object.entries(limits).map(([provider, table]) => [
    provider,
    {
      concurrentMax: table.concurrent_max,
      requestsPerMinute: table.requests_per_minute,
      tokensPerMinute: table.tokens_per_minute,
      queuedMax: table.queued_max,
      waitMaxMs: table.wait_max,
    },
  ]);
  return {
    limits: Object.fromEntries(byProvider),
    breaker: { failuresMax: circuit.failures, windowMs: circuit.window, openMs: circuit.open_for },
    idleMs,
  };
}
