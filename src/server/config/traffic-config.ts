import * as z from "zod";
import { durationText } from "../../text/documents/index.ts";
import { NO_LIMITS, type TrafficOptions } from "../../models/traffic/index.ts";

const LimitsTable = z.strictObject({
  concurrent_max: z.int().min(1).optional().meta({ description: "Requests under way at once" }),
  requests_per_minute: z.int().min(1).optional().meta({ description: "Requests begun in any 60 seconds" }),
  tokens_per_minute: z.int().min(1).optional().meta({
    description: "Tokens of request and answer, of the requests begun in any 60 seconds",
  }),
  queued_max: z.int().min(0).max(1_000_000).default(NO_LIMITS.queuedMax).meta({
    description: "Requests that wait for their turn before further ones fail",
  }),
  wait_max: durationText({ minMs: 100 })
    .prefault("60s")
    .meta({ description: "Longest wait of one request for its turn" }),
});

const CircuitTable = z
  .strictObject({
    failures: z.int().min(0).max(1_000).default(5).meta({
      description: "Turns in a row that fail before nothing more is sent to a model for a while; 0 is never",
    }),
    window: durationText({ minMs: 1_000 }).prefault("60s").meta({ description: "Only failures this recent count" }),
    open_for: durationText({ minMs: 100 }).prefault("30s").meta({
      description: "How long it is left alone before one attempt is made to see whether it works again",
    }),
  })
  .prefault({});

/** Keys of the `models` table: how much is asked of models, and when they are left alone. */
export const trafficKeys = {
  idle_timeout: durationText({ minMs: 100 }).prefault("30s").meta({
    description:
      "A stream that began and sends nothing for this long has failed; before its first part the timeout holds",
  }),
  limits: z
    .record(z.string().min(1), LimitsTable)
    .default({})
    .meta({ description: "What a provider may be asked for with one key, by the provider's name" }),
  circuit: CircuitTable,
};

type TrafficTable = {
  readonly idle_timeout: number;
  readonly limits: { readonly [provider: string]: z.output<typeof LimitsTable> };
  readonly circuit: z.output<typeof CircuitTable>;
};

/** What the configuration says of limits, circuits and stalled streams of models. */
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
