import type { LanguageModel, ModelFailure, ModelFailureClass } from "../port/index.ts";

/** A failure that has no HTTP answer behind it, or whose answer says nothing more. */
export const failure = (
  kind: ModelFailureClass,
  message: string,
  more: { readonly status?: number | undefined; readonly retryAfterMs?: number | undefined } = {},
): ModelFailure => ({ class: kind, message, status: more.status, retryAfterMs: more.retryAfterMs });

/** A model whose every call fails the same way, such as one whose key is missing. */
export const failingModel = (id: string, reason: ModelFailure): LanguageModel => ({
  id,
  limits: undefined,
  async *stream() {
    yield { type: "error", failure: reason };
  },
});
