import * as z from "zod";
import { Json } from "../../../kernel/json.ts";
import { LIMITS } from "../../../kernel/quantities.ts";
import { page } from "../problem.ts";

const Instant = z.iso.datetime();
const Id = z.string();

export const RunQuestion = z
  .object({
    id: Id,
    call_id: Id,
    kind: z.enum(["question", "sign-in"]).meta({
      description:
        "sign-in: the run continues automatically when a user has signed in to the tool server; to accept it tries the call again",
    }),
    server: z.string().meta({ description: "Tool server of the question; user for a question of the model" }),
    message: z.string(),
    options: z.array(z.string()).meta({ description: "Answers to choose from; empty for any" }),
    schema: z.record(z.string(), Json).nullable().meta({ description: "JSON Schema of the answer, an object" }),
    url: z.string().nullable().meta({ description: "A page to visit instead of a form to fill in" }),
    asked_at: Instant,
    expires_at: Instant,
    state: z.enum(["open", "accepted", "declined", "cancelled", "expired"]),
    by: z
      .string()
      .meta({ description: "Who answered; empty until then, and for questions on a connection of a tool server" }),
  })
  .meta({ id: "RunQuestion" });
export type RunQuestion = z.infer<typeof RunQuestion>;

/** Id that a client gives its message. */
export const ClientMessageId = z.string().min(1).max(LIMITS.clientMessageIdCharsMax);
export const ShownMessageId = z
  .string()
  .nullable()
  .meta({ description: "Id that the client gave the message; null if it gave none" });

export const RunInput = z
  .object({
    turn: z.int().meta({ description: "Turn of the model that reads it" }),
    text: z.string(),
    author: z.string(),
    client_message_id: ShownMessageId,
    at: Instant,
  })
  .meta({ id: "JoinedMessage" });
export type RunInput = z.infer<typeof RunInput>;

/** A tool that the caller of a run executes itself. */
const ClientTool = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  description: z.string().max(8_000).default(""),
  input_schema: z
    .record(z.string(), Json)
    .default({ type: "object" })
    .meta({ description: "JSON Schema of the arguments, an object" }),
  expires_after: z
    .int()
    .min(1)
    .max(LIMITS.clientToolMsMax / 1_000)
    .default(LIMITS.clientToolMs / 1_000)
    .meta({ description: "Seconds that a call waits for its result" }),
});
const isUnique = (tools: readonly { readonly name: string }[]): boolean =>
  new Set(tools.map(({ name }) => name)).size === tools.length;
const isSmall = (tools: readonly object[]): boolean => JSON.stringify(tools).length <= LIMITS.clientToolsBytesMax;
export const ClientToolList = z
  .array(ClientTool)
  .max(LIMITS.clientToolsMax)
  .refine(isUnique, "two tools have the same name")
  .refine(isSmall, `the tools have more than ${LIMITS.clientToolsBytesMax} characters together`)
  .optional()
  .meta({
    description:
      "Tools that the client executes: a run that calls one is awaiting-input until `run.input` brings the result",
  });

export const ClientCall = z
  .object({
    id: Id,
    call_id: Id,
    name: z.string(),
    arguments: z.record(z.string(), Json),
    asked_at: Instant,
    expires_at: Instant,
    state: z.enum(["open", "accepted", "declined", "cancelled", "expired"]),
    by: z.string().meta({ description: "Who gave the result; empty until then" }),
  })
  .meta({ id: "ClientCall" });
export type ClientCall = z.infer<typeof ClientCall>;

export const InputBody = z
  .discriminatedUnion("action", [
    z.strictObject({
      action: z.literal("accept"),
      content: Json.default({}).meta({
        description:
          "An object with the fields of the schema; a text for a question of the model without a form; any result of a tool of the client",
      }),
    }),
    z.strictObject({
      action: z.literal("decline"),
      reason: z.string().max(2_000).default("").meta({ description: "Note that the model receives" }),
    }),
  ])
  .meta({ id: "Input" });
export type InputBody = z.input<typeof InputBody>;

/** An open question, or call of a tool of a client, with its run. */
export const WaitingInput = z
  .object({ run: Id, agent: z.string(), question: RunQuestion.nullable(), client_call: ClientCall.nullable() })
  .meta({ id: "WaitingInput" });
export const WaitingInputPage = page(WaitingInput).meta({ id: "WaitingInputPage" });
