import type { Embedder } from "../knowledge/index.ts";
import { type Embed, loadModel } from "./load-model.ts";
import type { ThreadModel } from "./requests.ts";
import { ThreadedEmbedder, type ThreadedOptions } from "./threaded-embedder.ts";

/**
 * Texts with fewer characters in total are embedded on the calling thread: that takes about a tenth of a millisecond, no more than the
 * messages to and from a worker.
 */
const AT_ONCE_CHARACTERS_MAX = 1_024;
/** Maximum characters embedded on the calling thread in one turn of the event loop; further texts go to the worker. */
const TURN_CHARACTERS_MAX = 4_096;

/** Embeds by a table of words. Few texts are embedded on the calling thread, many in a worker. */
export class StaticEmbedder implements Embedder {
  readonly id: string;
  readonly dims: number;
  readonly tokensMax: number;
  readonly isQuick = true;
  readonly #threaded: ThreadedEmbedder;
  readonly #model: ThreadModel;
  #embed: Embed | undefined;
  /** Characters embedded on the calling thread in this turn. */
  #turnCharacters = 0;

  /** Loads the table at its first use. */
  constructor(options: ThreadedOptions) {
    this.#threaded = new ThreadedEmbedder(options);
    this.#model = options.model;
    this.id = options.id;
    this.dims = options.dims;
    this.tokensMax = options.model.tokensMax;
  }

  /** Also rejects with ModelFileInvalidError. */
  async embed(texts: readonly string[], signal?: AbortSignal): Promise<readonly Float32Array[]> {
    let characters = 0;
    for (const { length } of texts) characters += length + 1;
    if (signal?.aborted === true || !this.#isAtOnce(characters)) return this.#threaded.embed(texts, signal);
    this.#embed ??= loadModel(this.#model);
    const vectors = this.#embed(texts);
    return texts.map((_, index) => vectors.slice(index * this.dims, (index + 1) * this.dims));
  }

  #isAtOnce(characters: number): boolean {
    if (characters > AT_ONCE_CHARACTERS_MAX || this.#turnCharacters + characters > TURN_CHARACTERS_MAX) return false;
    if (this.#turnCharacters === 0) setImmediate(() => (this.#turnCharacters = 0));
    this.#turnCharacters += characters;
    return true;
  }

  close(): Promise<void> {
    return this.#threaded.close();
  }
}
