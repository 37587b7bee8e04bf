import * as z from "zod";
import type { Clock } from "../../kernel/clock.ts";
import { isJsonObject, type Json, type JsonObject, parseJson } from "../../kernel/json.ts";
import type {
  FinishReason,
  LanguageModel,
  ModelFailureClass,
  ModelLimits,
  ModelMessage,
  ModelPart,
  ModelRequest,
  ModelToolCall,
  ModelUsage,
} from "../port/index.ts";
import { startDeadline } from "./deadline.ts";
import { failure } from "./failure.ts";

/** Outcome of a call to a tool that acts as a model. `reason` is one of the failures of tools. */
export type ToolAnswer =
  | { readonly type: "done"; readonly text: string; readonly structured: Json | undefined }
  | { readonly type: "failed"; readonly reason: string; readonly message: string };

/** Calls a tool without a run; checks its arguments and its structured result. Never rejects. */
export type CallTool = (
  tool: { readonly server: string; readonly tool: string },
  given: JsonObject,
  signal: AbortSignal,
) => Promise<ToolAnswer>;

type ToolModelOptions = {
  readonly id: string;
  readonly server: string;
  readonly tool: string;
  /** Model name passed to the tool; undefined leaves the choice to the tool. */
  readonly model: string | undefined;
  readonly limits: ModelLimits;
};

/** A tool that takes messages and gives a completion, as a model. It comes in one piece: tools do not stream. */
export class ToolModel implements LanguageModel {
  readonly id: string;
  readonly limits: ModelLimits;
  readonly #deps: { readonly clock: Clock; readonly callTool: CallTool | undefined };
  readonly #options: ToolModelOptions;

  constructor(deps: { readonly clock: Clock; readonly callTool: CallTool | undefined }, options: ToolModelOptions) {
    this.id = options.id;
    this.limits = options.limits;
    this.#deps = deps;
    this.#options = options;
  }

  async *stream(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelPart, void, undefined> {
    const { clock, callTool } = this.#deps;
    if (callTool === undefined) {
      yield { type: "error", failure: failure("invalid_request", "tools cannot be called from here") };
      return;
    }
    using deadline = startDeadline(clock, request.settings.timeoutMs, signal);
    const { server, tool, model } = this.#options;
    const answer = await callTool({ server, tool }, argumentsOf(request, model), deadline.signal);
    if (deadline.failure !== undefined) {
      yield { type: "error", failure: deadline.failure };
    } else if (answer.type === "failed") {
      const kind = FAILURES[answer.reason] ?? "bad_response";
      yield { type: "error", failure: failure(kind, `${server}.${tool}: ${answer.message}`) };
    } else {
      yield* partsOf(answer, `${server}.${tool}`);
    }
  }
}

const FAILURES: { readonly [reason: string]: ModelFailureClass | undefined } = {
  "unknown-tool": "invalid_request",
  "invalid-arguments": "invalid_request",
  denied: "auth",
  deadline: "timeout",
  cancelled: "cancelled",
  crashed: "overloaded",
  busy: "overloaded",
};

/** Converts the request to a chat completion. Unset fields are omitted, so that a tool's schema need not contain them. */
function argumentsOf({ system, messages, tools, settings }: ModelRequest, model: string | undefined): JsonObject {
  const opening = system === "" ? [] : [{ role: "system", content: system }];
  return {
    ...(model === undefined ? {} : { model }),
    messages: [...opening, ...messages.flatMap(messageOf)],
    ...(tools.length === 0
      ? {}
      : {
          tools: tools.map(({ name, description, inputSchema }) => ({
            type: "function",
            function: { name, description, parameters: inputSchema },
          })),
        }),
    ...(settings.temperature === undefined ? {} : { temperature: settings.temperature }),
    ...(settings.outputTokensMax === undefined ? {} : { max_tokens: settings.outputTokensMax }),
    ...settings.options,
  };
}

function messageOf(message: ModelMessage): readonly JsonObject[] {
  switch (message.role) {
    case "user":
      return [{ role: "user", content: message.text }];
    case "assistant": {
      const calls = message.toolCalls.map(({ id, name, arguments: text }) => ({
        id,
        type: "function",
        function: { name, arguments: text },
      }));
      return [{ role: "assistant", content: message.text, ...(calls.length === 0 ? {} : { tool_calls: calls }) }];
    }
    case "tool":
      return message.results.map(({ id, text }) => ({ role: "tool", tool_call_id: id, content: text }));
  }
}

const Count = z.int().min(0).nullish();
const Call = z.object({
  id: z.string().min(1).optional(),
  function: z.object({ name: z.string().min(1), arguments: z.union([z.string(), z.record(z.string(), z.json())]) }),
});
const Message = z.object({ content: z.string().nullish(), tool_calls: z.array(Call).nullish() });
const Usage = z.object({
  prompt_tokens: Count,
  input_tokens: Count,
  completion_tokens: Count,
  output_tokens: Count,
});
/** A chat completion, or its message alone: `content` and `tool_calls`, or `response`. */
const Completion = z.object({
  choices: z.tuple([z.object({ message: Message, finish_reason: z.string().nullish() })]).optional(),
  ...Message.shape,
  response: z.string().optional(),
  finish_reason: z.string().nullish(),
  usage: Usage.nullish(),
});

function* partsOf(answer: Extract<ToolAnswer, { type: "done" }>, name: string): Generator<ModelPart, void, undefined> {
  const said = answer.structured ?? parsedObject(answer.text);
  if (said === undefined) {
    // Plain text is the answer itself.
    if (answer.text !== "") yield { type: "text-delta", text: answer.text };
    yield { type: "finish", reason: "stop", usage: usageOf(undefined) };
    return;
  }
  const parsed = Completion.safeParse(said);
  const [choice] = parsed.data?.choices ?? [];
  const message = choice?.message ?? parsed.data;
  const text = message?.content ?? parsed.data?.response;
  const calls = (message?.tool_calls ?? []).map(callOf);
  if (!parsed.success || ((text ?? undefined) === undefined && calls.length === 0)) {
    const why = parsed.success ? "it has neither content nor tool_calls" : z.prettifyError(parsed.error);
    yield { type: "error", failure: failure("bad_response", `${name} gave no chat completion: ${why}`) };
    return;
  }
  const reason = choice?.finish_reason ?? parsed.data.finish_reason;
  if (reason === "content_filter") {
    yield { type: "error", failure: failure("content_filtered", "the provider's content filter stopped the answer") };
    return;
  }
  if (text !== undefined && text !== null && text !== "") yield { type: "text-delta", text };
  for (const call of calls) yield { type: "tool-call", call };
  yield { type: "finish", reason: finishOf(reason, calls.length), usage: usageOf(parsed.data.usage ?? undefined) };
}

const parsedObject = (text: string): JsonObject | undefined => {
  const parsed = parseJson(text);
  return parsed.type === "parsed" && isJsonObject(parsed.value) ? parsed.value : undefined;
};

const callOf = (call: z.infer<typeof Call>, index: number): ModelToolCall => {
  const given = call.function.arguments;
  return {
    id: call.id ?? `call_${index + 1}`,
    name: call.function.name,
    arguments: typeof given === "string" ? given : JSON.stringify(given),
  };
};

const finishOf = (reason: string | null | undefined, calls: number): FinishReason => {
  if (reason === "length") return "length";
  return calls > 0 ? "tool-calls" : "stop";
};

const usageOf = (usage: z.infer<typeof Usage> | undefined): ModelUsage => ({
  inputTokens: usage?.prompt_tokens ?? usage?.input_tokens ?? undefined,
  outputTokens: usage?.completion_tokens ?? usage?.output_tokens ?? undefined,
  cachedInputTokens: undefined,
  cacheWriteTokens: undefined,
  reasoningTokens: undefined,
});
