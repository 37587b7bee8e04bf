import type { Clock } from "../../kernel/clock.ts";
import { log } from "../../kernel/log.ts";
import type { Embedder } from "./embedder.ts";
import type { MemoryCounts } from "./stats.ts";
import type { MemoryStore, Passage } from "./memory-store.ts";
import { passagesOf } from "./search/passages.ts";

/** Entities re-embedded between two reads of the clock. */
const BATCH = 32;
/** Passages whose obsolete vectors are deleted between two reads of the clock. */
const DROPPED = 1_000;
const RETRY_MS = 5_000;

/** Why a search uses keywords only. */
export type NoVectors = "no-embedder" | "embedder-failed" | "model-changing";

/**
 * The embedding model that searches use, and the change from one model to another.
 * knowledge.embeddings.M1. While vectors of a new model are computed, searches use those of the old model if it is available, else keywords only.
 * knowledge.embeddings.M2. When all passages have vectors of the new model, searches use it at once.
 * knowledge.embeddings.M7. If the previous model is configured again, vectors of the abandoned model are deleted.
 */
export class Embeddings implements AsyncDisposable {
  readonly #store: MemoryStore;
  readonly #clock: Clock;
  readonly #counts: MemoryCounts;
  readonly #embedder: Embedder | undefined;
  /** Opens the embedder of a model that was used before, if it is still available. */
  readonly #formerly: (id: string) => Embedder | undefined;
  readonly #ranker: Embedder | undefined;
  #former: Embedder | undefined;
  /** The model that searches use; undefined until something was embedded. */
  #active: string | undefined;
  readonly #stop = new AbortController();
  #working: Promise<void> | undefined;
  #isBehind = false;
  /** The store's model could not be read yet. */
  #isUnknown = false;
  /** No vectors of an abandoned model remain. */
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

  /** Reads the store's model, and starts re-embedding if another one is configured. */
  async open(): Promise<void> {
    this.#isUnknown = true;
    this.#isTidy = false;
    this.#active = await this.#store.model();
    this.#isUnknown = false;
    if (!this.#embedder) return;
    // An empty store has no model: the first write names it, so that unused memory creates no database.
    if (this.#active === undefined) return;
    if (this.#active !== this.#embedder.id) {
      log.warn({ from: this.#active, to: this.#embedder.id }, "re-embedding memory with another model");
      this.#former = this.#formerly(this.#active);
    }
    // Computes vectors that an earlier process could not compute.
    this.catchUp();
  }

  /** Reads the store's model if the store did not answer when it was opened. */
  async #known(): Promise<void> {
    if (this.#isUnknown) await this.open();
  }

  /** The model that searches use, and the model of new vectors. */
  get models(): {
    readonly active: string | undefined;
    readonly wanted: string | undefined;
    readonly changed: number;
    /** Dimensions of the vectors of `wanted`. */
    readonly dims: number | undefined;
  } {
    return {
      active: this.#active,
      wanted: this.#embedder?.id,
      changed: this.#progress.done,
      dims: this.#embedder?.dims,
    };
  }

  /** Returns vectors for new passages. If that fails, they are undefined and computed later. */
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
      log.warn(
        { err: error },
        "embedding failed; vectors of the written passages are computed when the embedder answers",
      );
      this.#isBehind = true;
      return { vectors: texts.map(() => undefined), model: undefined };
    }
  }

  /**
   * Embeds facts for a search with a quick embedder; undefined without one. On failure returns no vectors, and facts are ranked by
   * keywords.
   */
  factEmbedder(signal: AbortSignal | undefined) {
    const embedder = [this.#embedder, this.#ranker].find((one) => one?.isQuick === true);
    if (embedder === undefined) return undefined;
    return async (texts: readonly string[]): Promise<readonly Float32Array[]> => {
      try {
        return await this.#embed(embedder, texts, signal);
      } catch (error) {
        signal?.throwIfAborted();
        log.warn({ err: error }, "facts of a search are ranked by keywords only");
        return [];
      }
    };
  }

  /** Returns the vector of the query, or why there is none. */
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
      log.warn({ err: error }, "a search uses keywords only");
      return { type: "none", why: "embedder-failed" };
    }
  }

  #embed(embedder: Embedder, texts: readonly string[], signal: AbortSignal | undefined) {
    return this.#counts.timed("embedding", () => embedder.embed(texts, signal));
  }

  /** Computes missing vectors in the background. */
  catchUp(): void {
    if (!this.#embedder || this.#stop.signal.aborted) return;
    this.#isBehind = true;
    this.#working ??= this.#work(this.#embedder).finally(() => {
      this.#working = undefined;
    });
  }

  /** Resolves when no vector is missing, or when disposed. */
  async caughtUp(): Promise<void> {
    await this.#working;
  }

  /** Starts again after an earlier attempt failed. */
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
        log.warn({ err: error }, "failed to compute vectors of memory; retrying");
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

  /** Runs once after opening: another server may be computing vectors of a new model. */
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
