import * as z from "zod";
import type { Clock } from "../../kernel/clock.ts";
import { RunId } from "../../kernel/ids.ts";
import { JsonObject } from "../../kernel/json.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { schemaFault } from "../../kernel/schema-fault.ts";
import {
  failedCall,
  type NativeTools,
  type Tool,
  type ToolCall,
  type ToolResult,
} from "../../tools/catalogue/index.ts";
import type { RunJournal } from "../record/index.ts";

const USER = "user";
const MINUTE_MS = 60_000;
const OPTIONS_MAX = 20;

const AskArguments = z.strictObject({
  question: z.string().min(1).max(8_000).meta({ description: "The question, complete in itself" }),
  options: z
    .array(z.string().min(1).max(200))
    .min(2)
    .max(OPTIONS_MAX)
    .optional()
    .meta({ description: "The answers to choose from; without them the answer is text" }),
  schema: JsonObject.optional().meta({
    description: "Instead of options: JSON Schema of an object, whose properties are the fields of a form",
  }),
  expires_minutes: z
    .number()
    .positive()
    .max(LIMITS.questionMsMax / MINUTE_MS)
    .default(LIMITS.questionMs / MINUTE_MS)
    .meta({ description: "How long to wait for the answer" }),
});

const ASK_USER: Tool = {
  server: USER,
  name: "ask_user",
  title: "Ask the user",
  description:
    "Asks the user and waits for the answer, which is the result. Use it when you cannot continue without a decision or a fact that only the user has. Ask several questions in one turn when they do not depend on each other.",
  inputSchema: JsonObject.parse(z.toJSONSchema(AskArguments, { io: "input", target: "draft-2020-12" })),
  outputSchema: undefined,
  effects: { readOnly: true, idempotent: true },
};

export type UserToolsDeps = {
  readonly journal: Pick<RunJournal, "summary">;
  readonly clock: Clock;
  readonly version: string;
};

/** The tool by which the model of a run asks the user. Its call waits as a call does that waits for a message. */
export class UserTools implements NativeTools {
  readonly name = USER;
  readonly description = "Questions to the user. Part of Caxton itself.";
  readonly tools = [ASK_USER];
  readonly version: string;
  readonly #deps: UserToolsDeps;

  constructor(deps: UserToolsDeps) {
    this.#deps = deps;
    this.version = deps.version;
  }

  rightFor(): undefined {
    return undefined;
  }

  async call({ id, tool, arguments: given, context }: ToolCall): Promise<ToolResult> {
    const { awaitReply, session } = context;
    if (tool !== ASK_USER.name) return failedCall("unknown-tool", `${USER} has no tool ${tool}`);
    if (awaitReply === undefined) return failedCall("tool-error", "only a run can ask the user.");
    const parsed = AskArguments.safeParse(given);
    const problem = parsed.success ? problemOf(parsed.data) : z.prettifyError(parsed.error);
    if (!parsed.success || problem !== undefined)
      return failedCall("invalid-arguments", `the question cannot be asked: ${problem}. Correct it and call again.`);
    const { question, options = [], schema = textForm(options), expires_minutes: minutes } = parsed.data;
    return awaitReply(
      {
        conversationId: "",
        replyWith: id,
        deadlineMs: this.#deadline(session, Math.round(minutes * MINUTE_MS)),
        to: "the user",
        input: { kind: "question", question, options, schema, isText: parsed.data.schema === undefined },
      },
      async () => undefined,
    );
  }

  /** No later than the answer to the message that started the run is needed. */
  #deadline(session: string, ms: number): number {
    const nowMs = this.#deps.clock.nowMs();
    const run = RunId.safeParse(session);
    const neededMs = (run.success ? this.#deps.journal.summary(run.data)?.message?.replyByMs : null) ?? Infinity;
    return neededMs > nowMs ? Math.min(nowMs + ms, neededMs) : nowMs + ms;
  }
}

const textForm = (options: readonly string[]): JsonObject => ({
  type: "object",
  properties: { answer: { type: "string", minLength: 1, ...(options.length > 0 && { enum: [...options] }) } },
  required: ["answer"],
  additionalProperties: false,
});

function problemOf({ options, schema }: z.output<typeof AskArguments>): string | undefined {
  if (schema === undefined) return undefined;
  if (options !== undefined) return "it has options and a schema; give one of them";
  if (schema["type"] !== "object") return "the schema is not one of an object";
  return schemaFault(schema)?.reason;
}
