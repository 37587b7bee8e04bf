import type { Embedder } from "../../src/memory/knowledge/index.ts";

/** Words that mean the same to a `WordEmbedder`. */
const MEANINGS: Readonly<Record<string, string>> = {
  automobile: "car",
  vehicle: "car",
  physician: "doctor",
  dwelling: "house",
  home: "house",
};

/**
 * An embedder without a model: a text is the sum of its words' vectors, and a few words share one. Two texts are as near as
 * they share words or meanings; always the same for the same id and text.
 */
export class WordEmbedder implements Embedder {
  readonly id: string;
  readonly dims: number;
  readonly tokensMax = 512;
  /** Rejects while it is set. */
  failure: Error | undefined;
  /** Texts that were embedded. */
  texts = 0;

  constructor(id = "words-64@1", dims = 64) {
    this.id = id;
    this.dims = dims;
  }

  async embed(texts: readonly string[], signal?: AbortSignal): Promise<readonly Float32Array[]> {
    signal?.throwIfAborted();
    if (this.failure) throw this.failure;
    this.texts += texts.length;
    return texts.map((text) => this.#vector(text));
  }

  #vector(text: string): Float32Array {
    const vector = new Float32Array(this.dims);
    for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? ["?"]) {
      let state = hash(`${this.id} ${MEANINGS[word] ?? word}`);
      for (let at = 0; at < this.dims; at += 1) {
        state = Math.imul(state ^ (state >>> 15), 2_246_822_519) + 374_761_393;
        vector[at] = (vector[at] ?? 0) + ((state >>> 8) / 2 ** 24 - 0.5);
      }
    }
    const length = Math.hypot(...vector);
    return vector.map((part) => part / length);
  }

  async close(): Promise<void> {}
}

function hash(text: string): number {
  let state = 2_166_136_261;
  for (let at = 0; at < text.length; at += 1) state = Math.imul(state ^ text.charCodeAt(at), 16_777_619);
  return state;
}
