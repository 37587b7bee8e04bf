/**
 * Texts made into vectors of one length whose cosine says how near they are in meaning.
 * knowledge.embedder.E1. The same text gives the same vector for as long as `id` is the same.
 */
export interface Embedder {
  /** Names model and table, as `static-minilm-256@1`. It is kept with each vector; vectors of two ids are never compared. */
  readonly id: string;
  readonly dims: number;
  /** Longer texts are cut there. */
  readonly tokensMax: number;
  /** It embeds a thousand short texts within a search. */
  readonly isQuick?: boolean | undefined;
  /**
   * Unit vectors, one for each text, in order.
   * Rejects with EmbedderUnavailableError, EmbedderOverloadedError, CancelledError.
   */
  embed(texts: readonly string[], signal?: AbortSignal): Promise<readonly Float32Array[]>;
  close(): Promise<void>;
}
