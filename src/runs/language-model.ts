import type { JsonObject } from "../kernel/json.ts";

/** A message of the dialogue with a model. The system prompt is apart, in `ModelRequest.system`. */
export type ModelMessage =
  | { readonly role: "user"; readonly text: string }
  | { readonly role: "assistant"; readonly text: string; readonly toolCalls: readonly ModelToolCall[] }
  | { readonly role: "tool"; readonly results: readonly ModelToolResult[] };

/** A call the model asks for; `arguments` is its raw text and may not be JSON. */
export type ModelToolCall = { readonly id: string; readonly name: string; readonly arguments: string };

export type ModelToolResult = {
  readonly id: string;
  readonly name: string;
  readonly text: string;
  /** The machine-readable result where the tool gave one; providers that take only text are given `text`. */
  readonly structured: JsonObject | undefined;
  readonly failed: boolean;
};

/** A tool as a model sees it; `name` has letters, digits, `_` and `-` only. */
export type ModelTool = { readonly name: string; readonly description: string; readonly inputSchema: JsonObject };

export type ModelRequest = {
  readonly system: string;
  readonly messages: readonly ModelMessage[];
  readonly tools: readonly ModelTool[];
  readonly settings: ModelSettings;
};

export type ModelSettings = {
  readonly temperature: number | undefined;
  readonly outputTokensMax: number | undefined;
  readonly headers: { readonly [name: string]: string };
  /** For one attempt, from the request to its last part. */
  readonly timeoutMs: number;
};

/** Tokens of one call. A provider that does not say gives undefined, which is not zero. */
export type ModelUsage = {
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
  readonly cachedInputTokens: number | undefined;
  readonly reasoningTokens: number | undefined;
};

export const MODEL_FAILURES = [
  "rate_limited",
  "overloaded",
  "auth",
  "invalid_request",
  "context_too_long",
  "content_filtered",
  "timeout",
  "network",
  "bad_response",
  "cancelled",
] as const;
export type ModelFailureClass = (typeof MODEL_FAILURES)[number];

export type ModelFailure = {
  readonly class: ModelFailureClass;
  /** What the provider said, without keys or headers. */
  readonly message: string;
  readonly status: number | undefined;
  /** The provider's own wish, from Retry-After. */
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

/** What a stream yields. It ends with exactly one `finish` or one `error`. */
export type ModelPart =
  | { readonly type: "text-delta"; readonly text: string }
  | { readonly type: "reasoning-delta"; readonly text: string }
  | { readonly type: "tool-call"; readonly call: ModelToolCall }
  | { readonly type: "finish"; readonly reason: FinishReason; readonly usage: ModelUsage }
  | { readonly type: "error"; readonly failure: ModelFailure };

/** One language model. */
export interface LanguageModel {
  /** `provider/model`, as in definitions. */
  readonly id: string;
  /** One attempt, streamed. Never throws and never retries: a failure is its last part. An abort ends it with class `cancelled`. */
  stream(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelPart>;
}

/** Where a run gets its model. */
export interface ModelCatalogue {
  /** The model of a `provider/model` string; undefined means the server's default. Throws UnknownModelError, naming the known providers. */
  resolve(choice: ModelChoice): Promise<LanguageModel>;
  /** Every provider with what it would need to work; no network. */
  providers(): readonly ModelProvider[];
  /** The `provider/model` an undefined choice stands for. */
  readonly defaultModel: string;
}

export type ModelChoice = {
  readonly model: string | undefined;
  readonly baseUrl: string | undefined;
  /** Already resolved from its reference; never logged. */
  readonly apiKey: string | undefined;
};

export type ModelProvider = {
  readonly name: string;
  readonly ready: boolean;
  /** "no key needed", "OPENAI_API_KEY is set", "set OPENAI_API_KEY" … */
  readonly note: string;
};
