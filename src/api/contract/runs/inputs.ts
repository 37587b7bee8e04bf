import * as z from "zod";
import { Json } from "../../../kernel/json.ts";
import { page } from "../problem.ts";

const Instant = z.iso.datetime();
const Id = z.string();

export const RunQuestion = z
  .object({
    id: Id,
    call_id: Id,
    server: z.string().meta({ description: "Tool server of the question; user for a question of the model" }),
    message: z.string(),
    options: z.array(z.string()).meta({ description: "Answers to choose from; empty for any" }),
    schema: z.record(z.string(), Json).nullable().meta({ description: "JSON Schema of the answer, an object" }),
    url: z.string().nullable().meta({ description: "A page to visit instead of a form to fill in" }),
    asked_at: Instant,
    expires_at: Instant,
    state: z.enum(["open", "accepted", "declined", "cancelled", "expired"]),
    by: z.string().meta({ description: "Who answered; empty until then, and for questions of tool servers" }),
  })
  .meta({ id: "RunQuestion" });
export type RunQuestion = z.infer<typeof RunQuestion>;

export const RunInput = z
  .object({
    turn: z.int().meta({ description: "Turn of the model that reads it" }),
    text: z.string(),
    author: z.string(),
    at: Instant,
  })
  .meta({ id: "JoinedMessage" });
export type RunInput = z.infer<typeof RunInput>;

export const InputBody = z
  .discriminatedUnion("action", [
    z.strictObject({
      action: z.literal("accept"),
      content: Json.default({}).meta({
        description: "An object with the fields of the schema; a text for a question of the model without a form",
      }),
    }),
    z.strictObject({
      action: z.literal("decline"),
      reason: z.string().max(2_000).default("").meta({ description: "Note that the model receives" }),
    }),
  ])
  .meta({ id: "Input" });
export type InputBody = z.input<typeof InputBody>;

/** An open question with its run. */
export const WaitingInput = z
  .object({ run: Id, agent: z.string(), question: RunQuestion })
  .meta({ id: "WaitingInput" });
export const WaitingInputPage = page(WaitingInput).meta({ id: "WaitingInputPage" });
