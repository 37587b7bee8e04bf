/** Makes texts into vectors by which nearness in meaning is told; memory's embedders are such. */
export interface TextVectors {
  /** Unit vectors of one length, one for each text, in order. May reject. */
  embed(texts: readonly string[], signal?: AbortSignal): Promise<readonly Float32Array[]>;
}
