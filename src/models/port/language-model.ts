import type { ReasoningEffort } from "../../agents/definitions/index.ts";
import type { ArtifactId } from "../../kernel/ids.ts";
import type { JsonObject } from "../../kernel/json.ts";

/** A message of the dialogue with a model. The system prompt is separate, in `ModelRequest.system`. */
export type ModelMessage =
  | { readonly role: "user"; readonly text: string; readonly images?: readonly ModelImage[] | undefined }
  | {
      readonly role: "assistant";
      readonly text: string;
      readonly toolCalls: readonly ModelToolCall[];
      readonly providerMetadata?: JsonObject | undefined;
    }
  | { readonly role: "tool"; readonly results: readonly ModelToolResult[] };

/** A call the model asks for; `arguments` is its raw text and may not be JSON. */
export type ModelToolCall = {
  readonly id: string;
  /** The id that the model gave, if `id` replaces it; provider metadata names the call by it. */
  readonly givenId?: string | undefined;
  readonly name: string;
  readonly arguments: string;
};

export type ModelToolResult = {
  readonly id: string;
  readonly name: string;
  readonly text: string;
  /** The machine-readable result, if any; text-only providers receive `text`. */
  readonly structured: JsonObject | undefined;
  readonly failed: boolean;
  /** Images that the tool created. */
  readonly images?: readonly ModelImage[] | undefined;
};

/**
 * An image or PDF in a dialogue, named but not loaded: the model loads it if it accepts such files, and receives a
 * note otherwise.
 */
export type ModelImage = {
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: number;
  /** Location of the bytes: a file sent with the request, stored by the server, or an artifact of the run. */
  readonly source:
    | { readonly type: "file"; readonly location: string }
    | { readonly type: "artifact"; readonly id: ArtifactId };
};

/** Media types of images that language models accept; other files are only named. */
export const IMAGE_TYPES: readonly string[] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/** A tool as a model sees it; `name` has letters, digits, `_` and `-` only. */
export type ModelTool = { readonly name: string; readonly description: string; readonly inputSchema: JsonObject };

export type ModelRequest = {
  /** The same for all attempts of one turn of one run; a circuit breaker counts turns. */
  readonly turn?: string | undefined;
  readonly system: string;
  readonly messages: readonly ModelMessage[];
  readonly tools: readonly ModelTool[];
  readonly settings: ModelSettings;
  /** JSON Schema of the answer, for providers that can enforce it. No guarantee: the answer is validated in any case. */
  readonly answerSchema?: JsonObject | undefined;
  /** Place in `messages` of the request to work on; earlier messages are the dialogue before it. Absent: 0. */
  readonly requestAt?: number | undefined;
  /** Turns of the model since that request that did not fit into `messages`; a script counts them. */
  readonly turnsLeftOut?: number | undefined;
};

export type ModelSettings = {
  readonly temperature: number | undefined;
  readonly outputTokensMax: number | undefined;
  readonly headers: { readonly [name: string]: string };
  /** For one attempt, from the request to its last part. */
  readonly timeoutMs: number;
  /** Undefined is the provider's own default. */
  readonly reasoning?: ReasoningEffort | undefined;
  /** Provider options by the provider's names, passed unchanged. */
  readonly options?: JsonObject | undefined;
  /** Equal for requests with a common prefix, so that the provider can cache it; undefined requests no caching. */
  readonly cacheKey?: string | undefined;
};

/** Tokens of one call. Undefined, not zero, if the provider does not report a value. */
export type ModelUsage = {
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
  /** Of `inputTokens`, those read from the provider's cache. */
  readonly cachedInputTokens: number | undefined;
  /** Of `inputTokens`, those written into the provider's cache for later calls. */
  readonly cacheWriteTokens: number | undefined;
  readonly reasoningTokens: number | undefined;
};

/** Size limits of one call. */
export type ModelLimits = {
  /** Request and answer together, in tokens. */
  readonly contextTokens: number;
  /** The longest answer, in tokens. */
  readonly outputTokens: number;
  /** The largest PDF file that it is sent, in bytes; absent where it takes none. */
  readonly pdfBytesMax?: number | undefined;
};

/** Limits assumed for an unknown model. */
export const DEFAULT_MODEL_LIMITS: ModelLimits = { contextTokens: 32_768, outputTokens: 4_096 };

export const MODEL_FAILURES = [
  "rate_limited",
  "overloaded",
  "auth",
  "invalid_request",
  "context_too_long",
  "content_filtered",
  "output_too_large",
  "timeout",
  "network",
  "bad_response",
  "cancelled",
  /** The server's own queue for the provider's key is full; nothing was sent. */
  "queue_full",
  /** The circuit of the model is open after consecutive failures; nothing was sent. */
  "circuit_open",
] as const;
export type ModelFailureClass = (typeof MODEL_FAILURES)[number];

export type ModelFailure = {
  readonly class: ModelFailureClass;
  /** The provider's message, without keys or headers. */
  readonly message: string;
  readonly status: number | undefined;
  /** From the provider's Retry-After. */
  readonly retryAfterMs: number | undefined;
};

/** Whether the same request may work a moment later. */
export const isRetryable = (failure: ModelFailure): boolean =>
  failure.class === "rate_limited" ||
  failure.class === "overloaded" ||
  failure.class === "timeout" ||
  failure.class === "network" ||
  failure.class === "bad_response";

export const FINISH_REASONS = ["stop", "tool-calls", "length"] as const;
export type FinishReason = (typeof FINISH_REASONS)[number];

/** Reasons for an attempt to wait. */
export const HOLD_REASONS = ["concurrency", "requests", "tokens", "retry-after"] as const;
export type HoldReason = (typeof HOLD_REASONS)[number];

/** A part of a stream. A stream ends with exactly one `finish` or one `error`. */
export type ModelPart =
  /** The attempt waits because of the limits of the provider's key. Always the first part; `admitted` or `error` follows. */
  | { readonly type: "hold"; readonly why: HoldReason }
  | { readonly type: "admitted"; readonly queuedMs: number }
  | { readonly type: "text-delta"; readonly text: string }
  | { readonly type: "reasoning-delta"; readonly text: string }
  | { readonly type: "tool-call"; readonly call: ModelToolCall }
  /** Output of the model other than text, for example an image. */
  | { readonly type: "file"; readonly mediaType: string; readonly data: Uint8Array }
  | {
      readonly type: "finish";
      readonly reason: FinishReason;
      readonly usage: ModelUsage;
      /** Opaque provider metadata that later requests send back with this turn, such as signed reasoning. */
      readonly providerMetadata?: JsonObject | undefined;
    }
  /** `usage`: usage that the provider charges although the call failed; absent if not reported. */
  | { readonly type: "error"; readonly failure: ModelFailure; readonly usage?: ModelUsage | undefined };

/** One language model. */
export interface LanguageModel {
  /** `provider/model`, as in definitions. */
  readonly id: string;
  /** Limits of one call; if undefined, callers assume DEFAULT_MODEL_LIMITS. */
  readonly limits: ModelLimits | undefined;
  /** Digest of the stored key it is called with; models with different keys have separate limits. */
  readonly account?: string | undefined;
  /** One attempt, streamed. Never throws and never retries: a failure is its last part. An abort ends it with class `cancelled`. */
  stream(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelPart>;
}

/** Purpose of a model in a run. `execution` is the agent's own work; the others may use smaller models. */
export type ModelRole = "execution" | "routing" | "summarizing" | "embedding";
/** Models by role, each `provider/model`; a role that is absent is the agent's own model's. */
export type RoleModels = { readonly [Role in ModelRole]?: string | undefined };

/** Resolves models for runs. */
export interface ModelCatalogue {
  /**
   * The model of a choice for a role, `execution` unless said: the definition's for that role, the server's for that role,
   * else the model of the choice, and without one the server's default. Throws UnknownModelError, naming the known providers.
   */
  resolve(choice: ModelChoice, role?: ModelRole): Promise<LanguageModel>;
  /** Returns every provider with its settings that a workspace lacks; sends no request. Default: the settings of all workspaces. */
  providers(workspace?: string): readonly ModelProvider[];
  /** Models that a workspace can name, of providers that are ready; others may be as well. No network. */
  known(workspace?: string): readonly KnownModel[];
  /** Lists the models of local servers. Never rejects; takes two seconds at most. */
  discover(signal: AbortSignal): Promise<readonly DiscoveredServer[]>;
  /** The configured models of the server by role. */
  readonly roles: RoleModels;
  /** The `provider/model` an undefined choice of a workspace stands for. */
  defaultModel(workspace?: string): string;
}

export type ModelChoice = {
  /** `provider/model`; undefined means the server's default. */
  readonly model: string | undefined;
  readonly baseUrl: string | undefined;
  /** Already resolved from its reference; never logged. */
  readonly apiKey: string | undefined;
  /** Keys of the server that go out with the calls: names of variables, or `file:` and a path. */
  readonly keys?: readonly string[] | undefined;
  /** Stored secrets that go out with the calls, to these origins only. */
  readonly boundKeys?: readonly BoundKey[] | undefined;
  /** Whose stored keys are used; without it, only those of all workspaces. */
  readonly workspace?: string | undefined;
  /** Protocol of OpenAI to use; undefined selects the provider's default. */
  readonly api?: "responses" | "chat" | undefined;
  /** The definition's models for other work than its own. */
  readonly roles?: RoleModels | undefined;
};

type BoundKey = { readonly name: string; readonly origins: readonly string[] };

/** A model that can be used by name, with its known facts. */
export type KnownModel = {
  /** `provider/model`. */
  readonly id: string;
  readonly provider: string;
  readonly limits: ModelLimits;
  /** Whether it accepts images. */
  readonly images: boolean;
};

/** A local server that was asked for its models. */
export type DiscoveredServer = {
  readonly provider: string;
  readonly address: string;
  readonly answers: boolean;
  /** `provider/model`, each with its size in bytes, if the server reports it. */
  readonly models: readonly { readonly id: string; readonly bytes: number | undefined }[];
};

export type ModelProvider = {
  readonly name: string;
  /** The protocol it speaks. */
  readonly type: string;
  readonly ready: boolean;
  /** "no key needed", "OPENAI_API_KEY is set", "set OPENAI_API_KEY" … */
  readonly note: string;
  /** Name of the variable or the stored secret that gives its key. */
  readonly keyName: string | undefined;
  /** `provider/model` for a test of the key. */
  readonly testModel: string | undefined;
};
