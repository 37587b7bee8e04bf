import * as z from "zod";

const Instant = z.iso.datetime();

/** What went into one request to a model, and why. */
export const StepContext = z
  .object({
    window: z.int().meta({ description: "Assumed context window: tokens of request and answer together" }),
    window_from: z.enum(["model", "agent", "default", "refused"]),
    reserve: z.int().meta({ description: "Tokens of it reserved for the answer" }),
    estimate: z.int().meta({ description: "Estimated tokens of the request; compare input_tokens" }),
    shortened_through: z.int().meta({ description: "Results of turns up to this one are shortened; 0: none" }),
    covered_through: z.int().meta({ description: "Turns up to this one are summarized or omitted; 0: none" }),
    degraded: z.boolean().meta({ description: "Whether the model received a shortened dialogue" }),
    parts: z.array(
      z.object({
        what: z.string(),
        tokens: z.int(),
        action: z.enum(["included", "shortened", "deduplicated", "summarized", "dropped"]),
        why: z.string(),
      }),
    ),
    warnings: z.array(z.string()).meta({ description: "Warnings that the model received about its behaviour" }),
  })
  .meta({ id: "StepContext" });
export type StepContext = z.infer<typeof StepContext>;

/** Notes that stand for turns which no longer fit into the model's window. */
export const ContextSummary = z
  .object({
    turn: z.int().meta({ description: "Turn before which it was created" }),
    covers_through: z.int(),
    text: z.string(),
    model: z.string().nullable().meta({ description: "null if no model created it" }),
    degraded: z.string().meta({ description: "Why no model created it; empty if one did" }),
    input_tokens: z.int().nullable(),
    output_tokens: z.int().nullable(),
    duration_ms: z.number(),
    created_at: Instant,
  })
  .meta({ id: "ContextSummary" });
