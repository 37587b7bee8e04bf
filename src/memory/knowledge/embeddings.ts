import type { Clock } from "../../kernel/clock.ts";
import { log } from "../../kernel/log.ts";
import type { Embedder } from "./embedder.ts";
import type { MemoryCounts } from "./figures.ts";
import type { MemoryStore, Passage } from "./memory-store.ts";
import { passagesOf } from "./passages.ts";

/** Entities that get vectors of another model between two looks at the clock. */
const BATCH = 32;
/** Passages that lose vectors of a model that was given up between two such looks. */
const DROPPED = 1_000;
const RETRY_MS = 5_000;

/** Why a question is answered by words alone. */
export type NoVectors = "no-embedder" | "embedder-failed" | "model-changing";

/**
 * Which model's vectors memory is searched by, and the way from one model to another.
 * knowledge.embeddings.M1. While vectors of a new model are made, searches go by those of the old one if it is there,
 *   else by words alone.
 * knowledge.embeddings.M2. When all have vectors of the new one, searches go by it at once.
 * knowledge.embeddings.M7. Where the model of before is wanted again instead, what was made of the new one is
 *   removed.
 */
export class Embeddings implements AsyncDisposable {
  readonly #store: MemoryStore;
  readonly #clock: Clock;
  readonly #counts: MemoryCounts;
  readonly #embedder: Embedder | undefined;
  /** Makes the embedder of an id that was used before, when it still can be had. */
  readonly #formerly: (id: string) => Embedder | undefined;
  readonly #ranker: Embedder | undefined;
  #former: Embedder | undefined;
  /** The model that searches go by; undefined until something was embedded. */
  #active: string | undefined;
  readonly #stop = new AbortController();
  #working: Promise<void> | undefined;
  #isBehind = false;
  /** It was not yet, or could not be, learned what the store goes by. */
  #isUnknown = false;
  /** There are no vectors of a model that was given up. */
  #isTidy = false;
  #progress: { readonly done: number } = { done: 0 };

  constructor(deps: {
    readonly store: MemoryStore;
    readonly clock: Clock;
    readonly counts: MemoryCounts;
    readonly embedder: Embedder | undefined;
    readonly ranker?: Embedder | undefined;
    readonly formerly?: (id: string) => Embedder | undefined;
  }) {
    this.#store = deps.store;
    this.#clock = deps.clock;
    this.#counts = deps.counts;
    this.#embedder = deps.embedder;
    this.#ranker = deps.ranker;
    this.#formerly = deps.formerly ?? (() => undefined);
  }

  /** Learns what the store goes by, and begins to change it when it is another model. */
  async open(): Promise<void> {
    this.#isUnknown = true;
    this.#isTidy = false;
    this.#active = await this.#store.model();
    this.#isUnknown = false;
    if (!this.#embedder) return;
    // Nothing is kept yet: the first that is written names the model, so that a memory nobody uses is never made.
    if (this.#active === undefined) return;
    if (this.#active !== this.#embedder.id) {
      log.warn({ from: this.#active, to: this.#embedder.id }, "memory gets vectors of another embedding model");
      this.#former = this.#formerly(this.#active);
    }
    // Vectors that an earlier process could not make are made now.
    this.catchUp();
  }

  /** A place that did not answer when it was opened may do so by now; what it goes by has to be known first. */
  async #known(): Promise<void> {
    if (this.#isUnknown) await this.open();
  }

  /** The model that searches go by, and the one that new vectors are of. */
  get models(): {
    readonly active: string | undefined;
    readonly wanted: string | undefined;
    readonly changed: number;
    /** How long the vectors of `wanted` are. */
    readonly dims: number | undefined;
  } {
    return {
      active: this.#active,
      wanted: this.#embedder?.id,
      changed: this.#progress.done,
      dims: this.#embedder?.dims,
    };
  }

  /** Vectors for new passages; undefined ones, to be made later, when that fails. */
  async forWriting(
    texts: readonly string[],
  ): Promise<{ readonly vectors: readonly (Float32Array | undefined)[]; readonly model: string | undefined }> {
    if (!this.#embedder) return { vectors: texts.map(() => undefined), model: undefined };
    await this.#known();
    try {
      if (this.#active === undefined) await this.#switch(this.#embedder.id);
      return {
        vectors: texts.length > 0 ? await this.#embed(this.#embedder, texts, this.#stop.signal) : [],
        model: this.#embedder.id,
      };
    } catch (error) {
      log.warn({ err: error }, "what was remembered has no vectors yet; they are made when the embedder answers");
      this.#isBehind = true;
      return { vectors: texts.map(() => undefined), model: undefined };
    }
  }

  /** Embeds facts for a search, where an embedder is quick; undefined elsewhere. A failure gives none: then words decide. */
  factEmbedder(signal: AbortSignal | undefined) {
    const embedder = [this.#embedder, this.#ranker].find((one) => one?.isQuick === true);
    if (embedder === undefined) return undefined;
    return async (texts: readonly string[]): Promise<readonly Float32Array[]> => {
      try {
        return await this.#embed(embedder, texts, signal);
      } catch (error) {
        signal?.throwIfAborted();
        log.warn({ err: error }, "facts of a search are ranked by words alone");
        return [];
      }
    };
  }

  /** The question's vector, or why there is none. */
  async forSearching(
    text: string,
    signal: AbortSignal | undefined,
  ): Promise<
    | { readonly type: "vector"; readonly vector: Float32Array; readonly model: string }
    | { readonly type: "none"; readonly why: NoVectors }
  > {
    if (!this.#embedder) return { type: "none", why: "no-embedder" };
    await this.#known();
    const embedder = (this.#active ?? this.#embedder.id) === this.#embedder.id ? this.#embedder : this.#former;
    if (!embedder) return { type: "none", why: "model-changing" };
    try {
      const [vector] = await this.#embed(embedder, [text], signal);
      return vector ? { type: "vector", vector, model: embedder.id } : { type: "none", why: "embedder-failed" };
    } catch (error) {
      signal?.throwIfAborted();
      log.warn({ err: error }, "a search goes by words alone");
      return { type: "none", why: "embedder-failed" };
    }
  }

  #embed(embedder: Embedder, texts: readonly string[], signal: AbortSignal | undefined) {
    return this.#counts.timed("embedding", () => embedder.embed(texts, signal));
  }

  /** Makes what vectors are missing, in the background. */
  catchUp(): void {
    if (!this.#embedder || this.#stop.signal.aborted) return;
    this.#isBehind = true;
    this.#working ??= this.#work(this.#embedder).finally(() => {
      this.#working = undefined;
    });
  }

  /** Resolves when nothing is missing, or disposed. */
  async caughtUp(): Promise<void> {
    await this.#working;
  }

  /** Begins again when an earlier attempt failed. */
  wrote(): void {
    if (this.#isBehind) this.catchUp();
  }

  async #work(embedder: Embedder): Promise<void> {
    const { signal } = this.#stop;
    while (this.#isBehind && !signal.aborted) {
      try {
        this.#isBehind = false;
        await this.#embedAll(embedder);
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: error }, "vectors of memory cannot be made now; tried again soon");
        this.#isBehind = true;
        await this.#clock.sleep(RETRY_MS, signal).catch(() => undefined);
      }
    }
  }

  async #embedAll(embedder: Embedder): Promise<void> {
    for (;;) {
      this.#stop.signal.throwIfAborted();
      const entities = await this.#store.unembedded(embedder.id, BATCH);
      if (entities.length === 0) break;
      const texts = entities.map((entity) => passagesOf(entity));
      const vectors = await this.#embed(embedder, texts.flat(), this.#stop.signal);
      let next = 0;
      for (const [index, entity] of entities.entries()) {
        const passages = (texts[index] ?? []).map((text, ordinal): Passage => ({
          ordinal,
          text,
          vector: vectors[next++],
        }));
        const isStill = await this.#store.embedded({
          id: entity.id,
          version: entity.version,
          model: embedder.id,
          passages,
        });
        if (isStill) this.#progress = { done: this.#progress.done + 1 };
      }
    }
    if (this.#active !== embedder.id) await this.#switch(embedder.id);
    else await this.#tidy(embedder.id);
  }

  /** Once after it was opened: another server may be making vectors of the model that is to come. */
  async #tidy(model: string): Promise<void> {
    if (this.#isTidy) return;
    while (await this.#store.dropOthers(model, DROPPED)) this.#stop.signal.throwIfAborted();
    this.#isTidy = true;
  }

  async #switch(model: string): Promise<void> {
    await this.#store.switchModel(model);
    this.#active = model;
    await this.#former?.close();
    this.#former = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#working;
    await this.#former?.close();
    await this.#embedder?.close();
    await this.#ranker?.close();
  }
}
