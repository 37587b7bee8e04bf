import * as z from "zod";
import type { Clock } from "../../kernel/clock.ts";
import { RunId } from "../../kernel/ids.ts";
import { JsonObject } from "../../kernel/json.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { schemaFault } from "../../kernel/schema-fault.ts";
import {
  CLIENT_TOOLS,
  failedCall,
  modelToolName,
  type NativeTools,
  type Tool,
  type ToolCall,
  type ToolResult,
} from "../../tools/catalogue/index.ts";
import type { RunJournal, RunView } from "../record/index.ts";

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

/** The tools that the caller of a run provides, without those whose names the agent's own tools have meanwhile. */
export function clientToolsOf({ clientTools }: RunView, own: readonly Tool[]): readonly Tool[] {
  const taken = new Set(own.map(modelToolName));
  return clientTools
    .filter(({ name }) => !taken.has(name))
    .map(({ name, description, inputSchema }) => ({
      server: CLIENT_TOOLS,
      name,
      title: name,
      description,
      inputSchema,
      outputSchema: undefined,
      // To make the call again is to wait again: the caller gives one result.
      effects: { readOnly: false, idempotent: true },
    }));
}

/** Calls of tools that the caller of a run provides: each waits for its result from the caller. */
export class ClientTools implements NativeTools {
  readonly name = CLIENT_TOOLS;
  readonly description = "Tools that the caller of a run provides.";
  /** Each run has its own. */
  readonly tools = [];
  readonly version: string;
  readonly #clock: Clock;

  constructor(clock: Clock, version: string) {
    this.#clock = clock;
    this.version = version;
  }

  rightFor(): undefined {
    return undefined;
  }

  async call({ id, tool: name, arguments: given, context }: ToolCall): Promise<ToolResult> {
    const { awaitReply, clientTools = [] } = context;
    const tool = clientTools.find((each) => each.name === name);
    if (awaitReply === undefined || tool === undefined)
      return failedCall("unknown-tool", `the caller provides no tool ${name}`);
    return awaitReply(
      {
        conversationId: "",
        replyWith: id,
        deadlineMs: this.#clock.nowMs() + tool.expiresAfterMs,
        to: "the caller",
        input: { kind: "client-tool", name, arguments: given },
      },
      async () => undefined,
    );
  }
}
