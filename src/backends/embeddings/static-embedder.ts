import type { Embedder } from "../../memory/index.ts";
import { type Embed, loadModel } from "./load-model.ts";
import type { ThreadModel } from "./requests.ts";
import { ThreadedEmbedder, type ThreadedOptions } from "./threaded-embedder.ts";

/**
 * Texts of fewer characters together are done at once: that takes less than a tenth of a millisecond, and to send them to a
 * thread and back takes longer.
 */
const AT_ONCE_CHARACTERS_MAX = 2_048;

/** A table of words. Few texts are done where they are asked for, many in a thread. */
export class StaticEmbedder implements Embedder {
  readonly id: string;
  readonly dims: number;
  readonly tokensMax: number;
  readonly #threaded: ThreadedEmbedder;
  readonly #model: ThreadModel;
  #embed: Embed | undefined;

  /** The table is read when it is first needed. */
  constructor(options: ThreadedOptions) {
    this.#threaded = new ThreadedEmbedder(options);
    this.#model = options.model;
    this.id = options.id;
    this.dims = options.dims;
    this.tokensMax = options.model.tokensMax;
  }

  /** Rejects as well with ModelFileInvalidError. */
  async embed(texts: readonly string[], signal?: AbortSignal): Promise<readonly Float32Array[]> {
    let characters = 0;
    for (const { length } of texts) characters += length + 1;
    if (characters > AT_ONCE_CHARACTERS_MAX || signal?.aborted === true) return this.#threaded.embed(texts, signal);
    this.#embed ??= loadModel(this.#model);
    const vectors = this.#embed(texts);
    return texts.map((_, index) => vectors.slice(index * this.dims, (index + 1) * this.dims));
  }

  close(): Promise<void> {
    return this.#threaded.close();
  }
}
