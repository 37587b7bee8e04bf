/**
 * Converts texts to vectors of one length whose cosine is their similarity in meaning.
 * knowledge.embedder.E1. The same text gives the same vector for as long as `id` is the same.
 */
export interface Embedder {
  /**
   * Names the model and its version, for example `static-minilm-256@1`. Stored with each vector; vectors with different ids are never
   * compared.
   */
  readonly id: string;
  readonly dims: number;
  /** Longer texts are truncated to this length. */
  readonly tokensMax: number;
  /** Whether it embeds a thousand short texts within the time of a search. */
  readonly isQuick?: boolean | undefined;
  /**
   * Returns unit vectors, one per text, in order.
   * Rejects with EmbedderUnavailableError, EmbedderOverloadedError, CancelledError.
   */
  embed(texts: readonly string[], signal?: AbortSignal): Promise<readonly Float32Array[]>;
  close(): Promise<void>;
}
