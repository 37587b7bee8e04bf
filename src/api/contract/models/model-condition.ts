import * as z from "zod";

/** How a model of one key stands. */
export const ModelCondition = z
  .object({
    provider: z.string(),
    model: z.string(),
    account: z
      .string()
      .meta({ description: "Distinguishes keys and addresses without revealing them; empty: the server's" }),
    circuit: z.enum(["closed", "open", "half-open"]).meta({ description: "open: no requests are sent for a while" }),
    faults: z.int().meta({ description: "Consecutive failed turns; all attempts of a turn count once" }),
    retry_in_ms: z.int(),
    executing: z.int().meta({ description: "Requests of the whole account in flight" }),
    waiting: z.int(),
    paused_ms: z.int().meta({ description: "Remaining delay that the provider requested" }),
  })
  .meta({ id: "ModelCondition" });
export type ModelCondition = z.infer<typeof ModelCondition>;
