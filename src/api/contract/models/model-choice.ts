import * as z from "zod";
import { StepCost } from "../agents/budgets.ts";

/** What a request may say of a failing model. */
export const OnModelFailure = z.enum(["ask", "fail", "fallback"]).meta({
  description:
    "Action on a model failure. fallback: use the definition's fallback models, then fail; ask: use them, then wait for a choice; fail: use none",
});

/** Open choice of a run in state awaiting-choice. */
export const RunChoice = z
  .object({
    turn: z.int(),
    model: z.string().meta({ description: "The model that failed last" }),
    failure: z.object({ code: z.string(), message: z.string(), hint: z.string() }),
    backups: z
      .array(z.string())
      .meta({ description: "Fallback models of the definition; any other model can be chosen too" }),
    asked_at: z.iso.datetime(),
    expires_at: z.iso.datetime().meta({ description: "When the run fails without a choice" }),
  })
  .meta({ id: "RunChoice" });
export type RunChoice = z.infer<typeof RunChoice>;

export const ChooseBody = z
  .discriminatedUnion("choice", [
    z.strictObject({ choice: z.literal("retry") }),
    z.strictObject({
      choice: z.literal("use"),
      model: z
        .string()
        .min(1)
        .meta({ description: "provider/model; the run stays with it", examples: ["openai/gpt-5-nano"] }),
    }),
    z.strictObject({ choice: z.literal("cancel") }),
  ])
  .meta({ id: "Choose" });
export type ChooseBody = z.infer<typeof ChooseBody>;

/** A failed attempt of a turn. */
export const ModelAttempt = z.object({
  model: z.string(),
  class: z.string(),
  message: z.string(),
  retry_in_ms: z.number().nullable(),
  next: z.string().nullable().meta({ description: "Fallback model that the run uses" }),
  cost: StepCost.nullable().meta({ description: "Cost charged for the failed attempt; null if none" }),
});
