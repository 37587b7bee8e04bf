import type { LanguageModel, ModelFailure, ModelFailureClass } from "../port/index.ts";

/** Creates a failure without details from an HTTP response. */
export const failure = (
  kind: ModelFailureClass,
  message: string,
  more: { readonly status?: number | undefined; readonly retryAfterMs?: number | undefined } = {},
): ModelFailure => ({ class: kind, message, status: more.status, retryAfterMs: more.retryAfterMs });

/** Creates a model whose calls all fail with `reason`, for example because its key is missing. */
export const failingModel = (id: string, reason: ModelFailure): LanguageModel => ({
  id,
  limits: undefined,
  async *stream() {
    yield { type: "error", failure: reason };
  },
});
