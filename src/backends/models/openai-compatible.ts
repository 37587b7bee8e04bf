import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import type {
  LanguageModelV4,
  LanguageModelV4FinishReason,
  LanguageModelV4StreamPart,
  LanguageModelV4Usage,
} from "@ai-sdk/provider";
import type { Clock } from "../../kernel/clock.ts";
import type {
  FinishReason,
  LanguageModel,
  ModelPart,
  ModelRequest,
  ModelToolCall,
  ModelUsage,
} from "../../runs/index.ts";
import { startDeadline } from "./deadline.ts";
import { failure } from "./failure.ts";
import { callOptions } from "./prompt.ts";
import { classify, type FailureContext } from "./vendor-failure.ts";

export type OpenAiCompatibleOptions = {
  /** As in definitions, for `LanguageModel.id`. */
  readonly id: string;
  /** What the endpoint calls it. */
  readonly model: string;
  readonly baseUrl: URL;
  readonly apiKey: string | undefined;
};

/** A model behind the OpenAI chat completions protocol. */
export class OpenAiCompatibleModel implements LanguageModel {
  readonly id: string;
  readonly limits = undefined;
  readonly #clock: Clock;
  readonly #model: LanguageModelV4;
  readonly #address: string;
  readonly #apiKey: string | undefined;

  constructor(clock: Clock, { id, model, baseUrl, apiKey }: OpenAiCompatibleOptions) {
    this.id = id;
    this.#clock = clock;
    this.#address = baseUrl.origin;
    this.#apiKey = apiKey;
    this.#model = createOpenAICompatible({
      name: "caxton",
      baseURL: baseUrl.href,
      includeUsage: true,
      convertUsage,
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(baseUrl.hostname === OPENAI_HOST ? { transformRequestBody: renameOutputLimit } : {}),
    }).chatModel(model);
  }

  async *stream(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelPart, void, undefined> {
    using deadline = startDeadline(this.#clock, request.settings.timeoutMs, signal);
    try {
      const { stream } = await this.#model.doStream({ ...callOptions(request), abortSignal: deadline.signal });
      yield* this.#parts(stream, request);
    } catch (error) {
      yield { type: "error", failure: deadline.failure ?? classify(error, this.#failureContext(request)) };
    }
  }

  async *#parts(stream: ReadableStream<LanguageModelV4StreamPart>, request: ModelRequest): AsyncGenerator<ModelPart> {
    // A cut stream yields what it had of a call before its error, so calls wait for the finish.
    const calls: ModelToolCall[] = [];
    // Leaving this loop early, here or by the caller, cancels the stream and so closes the connection.
    for await (const part of stream) {
      if (part.type === "text-delta" || part.type === "reasoning-delta") {
        if (part.delta !== "") yield { type: part.type, text: part.delta };
      } else if (part.type === "tool-call") {
        calls.push({ id: part.toolCallId, name: part.toolName, arguments: part.input });
      } else if (part.type === "error") {
        yield { type: "error", failure: classify(part.error, this.#failureContext(request)) };
        return;
      } else if (part.type === "finish") {
        for (const call of calls) yield { type: "tool-call", call };
        yield finish(part.finishReason, calls.length, usageOf(part.usage));
        return;
      }
    }
    yield { type: "error", failure: failure("bad_response", `${this.#address}: the answer ended early`) };
  }

  #failureContext({ settings }: ModelRequest): FailureContext {
    const secrets = [...Object.values(settings.headers), ...(this.#apiKey === undefined ? [] : [this.#apiKey])];
    return { nowMs: this.#clock.nowMs(), secrets, address: this.#address };
  }
}

function finish({ unified }: LanguageModelV4FinishReason, calls: number, usage: ModelUsage): ModelPart {
  if (unified === "content-filter") {
    return { type: "error", failure: failure("content_filtered", "the provider's content filter stopped the answer") };
  }
  return { type: "finish", reason: finishReason(unified, calls), usage };
}

/** Servers differ in the reason they give with tool calls, so the calls themselves decide. */
const finishReason = (unified: LanguageModelV4FinishReason["unified"], calls: number): FinishReason => {
  if (unified === "length") return "length";
  return calls > 0 ? "tool-calls" : "stop";
};

type VendorUsage = Parameters<NonNullable<Parameters<typeof createOpenAICompatible>[0]["convertUsage"]>>[0];

/** The package's own conversion writes 0 where a server says nothing. */
const convertUsage = (usage: VendorUsage): LanguageModelV4Usage => ({
  inputTokens: {
    total: usage?.prompt_tokens ?? undefined,
    noCache: undefined,
    cacheRead: usage?.prompt_tokens_details?.cached_tokens ?? undefined,
    cacheWrite: undefined,
  },
  outputTokens: {
    total: usage?.completion_tokens ?? undefined,
    text: undefined,
    reasoning: usage?.completion_tokens_details?.reasoning_tokens ?? undefined,
  },
});

const usageOf = ({ inputTokens, outputTokens }: LanguageModelV4Usage): ModelUsage => ({
  inputTokens: inputTokens.total,
  outputTokens: outputTokens.total,
  cachedInputTokens: inputTokens.cacheRead,
  cacheWriteTokens: inputTokens.cacheWrite,
  reasoningTokens: outputTokens.reasoning,
});

const OPENAI_HOST = "api.openai.com";

/** OpenAI's own newer models refuse `max_tokens`; everyone else knows only that. */
const renameOutputLimit = ({ max_tokens: limit, ...body }: Record<string, unknown>): Record<string, unknown> =>
  limit === undefined ? body : { ...body, max_completion_tokens: limit };
