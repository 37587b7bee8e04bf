import * as z from "zod";
import { Json } from "../../../kernel/json.ts";
import { LIMITS } from "../../../kernel/quantities.ts";
import { OnModelFailure } from "../models/model-choice.ts";
import { Tags } from "../tags.ts";
import { ClientToolList } from "./inputs.ts";

const Id = z.string();
const Files = z.array(Id).max(LIMITS.uploadsPerRunMax);

export const SideEffects = z.enum(["allow", "ask", "deny"]).meta({
  description:
    "Calls of tools with side effects. allow: made as the agent's permissions say; ask: each needs an approval; deny: the model does not get these tools. It also applies to agents that the run delegates or hands off to. Default: allow",
});
export type SideEffects = z.infer<typeof SideEffects>;

export const Instructions = z
  .string()
  .max(LIMITS.instructionsCharsMax)
  .meta({ description: "Text that is added to the agent's system prompt" });

export const AssistantMessage = z.strictObject({
  role: z.literal("assistant"),
  text: z.string(),
  calls: z
    .array(z.strictObject({ id: z.string().min(1), name: z.string().min(1), arguments: z.string() }))
    .max(LIMITS.toolCallsPerTurnMax)
    .optional()
    .meta({ description: "Calls of tools. One without a result among the messages that follow is left out" }),
});
export const ToolMessage = z.strictObject({ role: z.literal("tool"), call: z.string(), text: z.string() });

const Message = z.discriminatedUnion("role", [
  z.strictObject({
    role: z.literal("user"),
    text: z.string(),
    uploads: Files.optional().meta({ description: "Ids of files sent to /uploads" }),
  }),
  AssistantMessage,
  ToolMessage,
]);
type Message = z.infer<typeof Message>;

/** Whether each result follows the answer with its call. */
function isPaired(messages: readonly Message[]): boolean {
  let open = new Set<string>();
  return messages.every((message) => {
    if (message.role === "tool") return open.delete(message.call);
    open = new Set(message.role === "assistant" ? message.calls?.map(({ id }) => id) : []);
    return true;
  });
}

const charsOf = (message: Message): number =>
  message.text.length +
  (message.role === "assistant" ? (message.calls ?? []).reduce((sum, call) => sum + call.arguments.length, 0) : 0);

const isShort = (messages: readonly Message[]): boolean =>
  messages.reduce((sum, message) => sum + charsOf(message), 0) <= LIMITS.transcriptCharsMax;

const filesIn = (messages: readonly Message[]): number =>
  messages.reduce((sum, message) => sum + (message.role === "user" ? (message.uploads?.length ?? 0) : 0), 0);

const Messages = z
  .array(Message)
  .max(LIMITS.transcriptMessagesMax)
  .refine(isPaired, "a result of a tool does not follow the answer that has its call")
  .refine(isShort, `the messages have more than ${LIMITS.transcriptCharsMax} characters together`)
  .refine(
    (messages) => filesIn(messages) <= LIMITS.threadFilesMax,
    `the messages have more than ${LIMITS.threadFilesMax} files together`,
  );

export const StartRunBody = z
  .strictObject({
    agent: z.string(),
    input: z.string().meta({
      description: "The request, as text. It may be empty only if messages ends with the result of a tool",
    }),
    messages: Messages.optional().meta({
      description:
        "Dialogue before the request that the caller keeps itself. It becomes no thread, and the run is not remembered. The system prompt says that it comes from the caller",
    }),
    instructions: Instructions.optional(),
    side_effects: SideEffects.optional(),
    text_only: z.boolean().default(false).meta({
      description:
        "Whether the run has neither tools nor memory nor the definition's output schema, and the model for summaries: for titles and the like",
    }),
    variables: z
      .record(z.string(), Json)
      .optional()
      .meta({
        description:
          "Values for {{name}} in the agent's prompt template: context, data, user_id, data_source, requirements, user_info, and its [parameters]",
        examples: [{ context: "sales of 2026" }],
      }),
    uploads: Files.default([]).meta({
      description: "Ids of files sent to /uploads; only this run's tools can read them",
    }),
    model: z.string().optional().meta({ description: "provider/model, instead of the definition's" }),
    on_model_failure: OnModelFailure.optional(),
    attended: z.boolean().default(false).meta({
      description:
        "Whether a user follows the run: if neither this request nor the definition sets on_model_failure, the run asks on a model failure",
    }),
    output_schema: z.record(z.string(), Json).optional().meta({
      description: "JSON Schema of the answer, instead of the definition's; the answer is then in output_json",
    }),
    tags: Tags.default([]),
    client_tools: ClientToolList,
    wait: z.boolean().default(false).meta({
      description:
        "Respond when the run has ended, or waits for a person, itself or by a run below it, instead of immediately",
    }),
  })
  .meta({ id: "StartRun" });
export type StartRunBody = z.input<typeof StartRunBody>;
/** It, as the server reads it. */
export type StartRunInput = z.output<typeof StartRunBody>;
