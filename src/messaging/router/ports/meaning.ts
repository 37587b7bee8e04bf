/** Embeds texts as vectors whose cosine is their similarity; memory's embedders are such. */
export interface TextVectors {
  /** Unit vectors of one length, one for each text, in order. May reject. */
  embed(texts: readonly string[], signal?: AbortSignal): Promise<readonly Float32Array[]>;
}
