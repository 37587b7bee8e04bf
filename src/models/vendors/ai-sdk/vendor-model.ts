import type { LanguageModelV4FinishReason, LanguageModelV4StreamPart, LanguageModelV4Usage } from "@ai-sdk/provider";
import type { Clock } from "../../../kernel/clock.ts";
import { LIMITS } from "../../../kernel/quantities.ts";
import type {
  FinishReason,
  LanguageModel,
  ModelLimits,
  ModelPart,
  ModelRequest,
  ModelToolCall,
  ModelUsage,
} from "../../port/index.ts";
import { ProviderMetadataCollector } from "./provider-metadata.ts";
import { startDeadline } from "../deadline.ts";
import { failure } from "../failure.ts";
import type { ModelFacts } from "../model-facts.ts";
import { loadImages, type ReadImage } from "../loaded-images.ts";
import { callOptions } from "./prompt.ts";
import type { Vendor } from "./vendor.ts";
import { classify, type FailureContext } from "./vendor-failure.ts";

export type VendorModelOptions = {
  /** As in definitions, for `LanguageModel.id`. */
  readonly id: string;
  /** For `LanguageModel.account`. */
  readonly account?: string | undefined;
  /** Address of the endpoint without credentials, for error messages. */
  readonly address: string;
  /** Whether the operator did not name the address. */
  readonly isForeign: boolean;
  readonly facts: ModelFacts;
  /** Keys and header values that must not appear in a message. */
  readonly secrets: readonly string[];
};

type VendorModelDeps = {
  readonly clock: Clock;
  readonly readImage: ReadImage | undefined;
};

/** A model of any vendor, behind one of the packages of `@ai-sdk`. */
export class VendorModel implements LanguageModel {
  readonly id: string;
  readonly account: string | undefined;
  readonly limits: ModelLimits;
  readonly #deps: VendorModelDeps;
  readonly #vendor: Vendor;
  readonly #options: VendorModelOptions;

  constructor(deps: VendorModelDeps, vendor: Vendor, options: VendorModelOptions) {
    this.id = options.id;
    this.account = options.account;
    const { images, contextTokens, outputTokens } = options.facts;
    // Models without image support cannot see PDF pages either.
    const pdfBytesMax = images ? vendor.traits.pdfBytesMax : undefined;
    this.limits = { contextTokens, outputTokens, ...(pdfBytesMax !== undefined && { pdfBytesMax }) };
    this.#deps = deps;
    this.#vendor = vendor;
    this.#options = options;
  }

  async *stream(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelPart, void, undefined> {
    using deadline = startDeadline(this.#deps.clock, request.settings.timeoutMs, signal);
    try {
      const { model, traits } = this.#vendor;
      const takes = { takes: this.#options.facts.images, read: this.#deps.readImage };
      const loaded = await loadImages(request.messages, takes);
      const options = callOptions(request, { traits, loaded });
      const { stream } = await model.doStream({ ...options, abortSignal: deadline.signal });
      for await (const part of this.#parts(stream, request)) {
        // Some packages take the abort for the end of their answer, or report it as an error of their own.
        if (deadline.failure !== undefined && (part.type === "error" || part.type === "finish")) break;
        yield part;
        if (part.type === "error" || part.type === "finish") return;
      }
      const cut = failure("bad_response", `${this.#options.address}: the answer ended early`);
      yield { type: "error", failure: deadline.failure ?? cut };
    } catch (error) {
      yield { type: "error", failure: deadline.failure ?? classify(error, this.#failureContext(request)) };
    }
  }

  async *#parts(stream: ReadableStream<LanguageModelV4StreamPart>, request: ModelRequest): AsyncGenerator<ModelPart> {
    // A cut stream yields what it had of a call before its error, so calls wait for the finish.
    const calls: ModelToolCall[] = [];
    const metadata = new ProviderMetadataCollector(this.#vendor.traits.optionsKey);
    // Leaving this loop early, here or by the caller, cancels the stream and so closes the connection.
    for await (const part of stream) {
      metadata.take(part);
      if (part.type === "text-delta" || part.type === "reasoning-delta") {
        if (part.delta !== "") yield { type: part.type, text: part.delta };
      } else if (part.type === "tool-call" && part.providerExecuted !== true) {
        calls.push({ id: part.toolCallId, name: part.toolName, arguments: part.input });
      } else if (part.type === "file") {
        yield* fileParts(part);
      } else if (part.type === "error") {
        yield { type: "error", failure: classify(part.error, this.#failureContext(request)) };
        return;
      } else if (part.type === "finish") {
        const end = this.#finish(part, calls.length);
        if (end.type === "finish") for (const call of calls) yield { type: "tool-call", call };
        yield end.type === "finish" ? { ...end, providerMetadata: metadata.result() } : end;
        return;
      }
    }
  }

  #finish(
    { finishReason, usage }: Extract<LanguageModelV4StreamPart, { type: "finish" }>,
    calls: number,
  ): Extract<ModelPart, { type: "finish" | "error" }> {
    const { unified, raw } = finishReason;
    if (unified === "content-filter") {
      return {
        type: "error",
        failure: failure("content_filtered", "the provider's content filter stopped the answer"),
        usage: usageOf(usage),
      };
    }
    if (raw === undefined && unified !== "stop" && unified !== "tool-calls" && unified !== "length") {
      const message = `${this.#options.address}: the answer ended without a finish reason`;
      return { type: "error", failure: failure("bad_response", message), usage: usageOf(usage) };
    }
    if (unified === "error") {
      const message = `${this.#options.address}: the model could not end its answer (${raw})`;
      return { type: "error", failure: failure("bad_response", message), usage: usageOf(usage) };
    }
    return { type: "finish", reason: finishReasonOf(unified, calls), usage: usageOf(usage) };
  }

  #failureContext({ settings }: ModelRequest): FailureContext {
    const secrets = [...Object.values(settings.headers), ...this.#options.secrets];
    return {
      nowMs: this.#deps.clock.nowMs(),
      secrets,
      address: this.#options.address,
      isForeign: this.#options.isForeign,
    };
  }
}

/** Yields a file given by its bytes. Files given by address or too large for an artifact are dropped. */
function* fileParts({
  mediaType,
  data,
}: Extract<LanguageModelV4StreamPart, { type: "file" }>): Generator<ModelPart, void, undefined> {
  if (data.type !== "data") return;
  const bytes = typeof data.data === "string" ? Buffer.from(data.data, "base64") : data.data;
  if (bytes.byteLength <= LIMITS.artifactBytesMax) yield { type: "file", mediaType, data: bytes };
}

/** Servers differ in the reason they give with tool calls, so the calls themselves decide. */
const finishReasonOf = (unified: LanguageModelV4FinishReason["unified"], calls: number): FinishReason => {
  if (unified === "length") return "length";
  return calls > 0 ? "tool-calls" : "stop";
};

const usageOf = ({ inputTokens, outputTokens }: LanguageModelV4Usage): ModelUsage => ({
  inputTokens: inputTokens.total,
  outputTokens: outputTokens.total,
  cachedInputTokens: inputTokens.cacheRead,
  cacheWriteTokens: inputTokens.cacheWrite,
  reasoningTokens: outputTokens.reasoning,
});
