import { Worker } from "node:worker_threads";
import { CancelledError, type Fault, RemoteError } from "../../kernel/errors.ts";
import { programFile } from "../../kernel/package.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { RpcThread } from "../../kernel/rpc/thread.ts";
import { type Embedder, EmbedderOverloadedError, EmbedderUnavailableError } from "../knowledge/index.ts";
import type { EmbedderMethods, ThreadModel } from "./requests.ts";

/** Maximum texts per batch; a cancelled call waits at most for one batch. */
const BATCH_MAX = 256;
/** Maximum characters of a batch with more than one text: about a quarter of a second of an encoder, a few milliseconds of a table. */
const CHARACTERS_MAX = { encoder: 4_096, static: 65_536 };
/** Requests with fewer characters, for example queries, take precedence over larger ones. */
const SHORT_CHARACTERS_MAX = 512;
/** Batches in the worker at once: the current one and the next. */
const BATCHES_MAX = 2;
/** Worker crashes after which texts fail. */
const LOSSES_MAX = 2;
/** Texts and vectors of a batch are small; a young generation of many megabytes would only fill up. */
const YOUNG_MIB_MAX = 6;

export type ThreadedOptions = {
  readonly id: string;
  readonly dims: number;
  readonly model: ThreadModel;
  /** Maximum waiting texts before callers are refused; default: LIMITS.embeddingTextsWaitingMax. */
  readonly waitingMax?: number | undefined;
  /** An idle worker is stopped after this time; undefined: never. */
  readonly idleMsMax?: number | undefined;
  /** Makes a thread; tests make others. */
  readonly startThread?: (() => Worker) | undefined;
};

/** The part of a call that fits into one batch. */
type Job = {
  readonly texts: readonly string[];
  readonly characters: number;
  readonly done: (vectors: readonly Float32Array[]) => void;
  readonly failed: (error: Error) => void;
  losses: number;
};
type Batch = readonly Job[];

/**
 * Runs a model in a worker thread, which starts at the first use. Calls of one turn are combined. A crashed worker is replaced, and its
 * batches are retried once.
 */
export class ThreadedEmbedder implements Embedder {
  readonly id: string;
  readonly dims: number;
  readonly tokensMax: number;
  readonly #options: ThreadedOptions;
  readonly #waitingMax: number;
  readonly #thread: RpcThread<EmbedderMethods, Fault>;
  #idle: NodeJS.Timeout | undefined;
  #isReady = false;
  #isClosed = false;
  #isFlushing = false;
  #queue: Job[] = [];
  #waiting = 0;
  readonly #batches = new Set<Batch>();

  constructor(options: ThreadedOptions) {
    this.id = options.id;
    this.dims = options.dims;
    this.tokensMax = options.model.tokensMax;
    this.#options = options;
    this.#waitingMax = options.waitingMax ?? LIMITS.embeddingTextsWaitingMax;
    this.#thread = new RpcThread({
      start: options.startThread ?? startThread,
      errorOf: (fault) => new RemoteError(fault),
      ended: (cause) => this.#lost(cause),
      absent: () => this.#unavailable("its thread does not run"),
    });
  }

  /** Also rejects with the errors of loading the model. */
  async embed(texts: readonly string[], signal?: AbortSignal): Promise<readonly Float32Array[]> {
    if (signal?.aborted === true) throw new CancelledError("making vectors of texts");
    if (this.#isClosed) throw this.#unavailable("it was closed");
    if (texts.length === 0) return [];
    // A single call may exceed the limit, but no call may follow it.
    if (this.#waiting > 0 && this.#waiting + texts.length > this.#waitingMax) throw this.#overloaded();
    const parts: Promise<readonly Float32Array[]>[] = [];
    for (let at = 0; at < texts.length;) {
      const part = this.#batchOf(texts, at, ({ length }) => length);
      parts.push(this.#enqueue(part, signal));
      at += part.length;
    }
    return (await Promise.all(parts)).flat();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const closed = this.#unavailable("it was closed");
    for (const job of [...this.#batches, this.#queue.splice(0)].flat()) job.failed(closed);
    clearTimeout(this.#idle);
    await this.#thread.stop(closed);
  }

  async #enqueue(texts: readonly string[], signal: AbortSignal | undefined): Promise<readonly Float32Array[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly Float32Array[]>();
    const characters = texts.reduce((sum, { length }) => sum + length, 0);
    const job: Job = { texts, characters, done: resolve, failed: reject, losses: 0 };
    const cancel = (): void => {
      this.#queue = this.#queue.filter((other) => other !== job);
      reject(new CancelledError("making vectors of texts"));
    };
    this.#queue.splice(isShort(job) ? this.#queue.findLastIndex(isShort) + 1 : this.#queue.length, 0, job);
    this.#waiting += texts.length;
    signal?.addEventListener("abort", cancel, { once: true });
    this.#flushSoon();
    try {
      return await promise;
    } finally {
      this.#waiting -= texts.length;
      signal?.removeEventListener("abort", cancel);
    }
  }

  /** Waits for the end of the turn, so that its calls are combined. */
  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    queueMicrotask(() => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#isClosed || this.#queue.length === 0) return;
    clearTimeout(this.#idle);
    if (!this.#thread.isRunning) void this.#start();
    this.#thread.keepsAlive(true);
    while (this.#isReady && this.#batches.size < BATCHES_MAX && this.#queue.length > 0) void this.#send();
  }

  async #send(): Promise<void> {
    // Who asks something short waits for no long text beside it either.
    const isFirstShort = this.#queue[0] !== undefined && isShort(this.#queue[0]);
    const end = this.#queue.findIndex((job) => isShort(job) !== isFirstShort);
    const jobs = this.#batchOf(
      end === -1 ? this.#queue : this.#queue.slice(0, end),
      0,
      ({ characters }) => characters,
      ({ texts }) => texts.length,
    );
    this.#queue.splice(0, jobs.length);
    this.#batches.add(jobs);
    try {
      this.#deliver(jobs, await this.#thread.call("embed", [jobs.flatMap(({ texts }) => texts)]));
    } catch (error) {
      // Texts of a lost thread are in the queue again.
      if (this.#isClosed || !this.#batches.has(jobs)) return;
      // A model that failed may be in any state.
      void this.#thread.stop(this.#unavailable("its thread failed", error));
      this.#lost(error);
      return;
    }
    this.#batches.delete(jobs);
    this.#next();
  }

  /** As many parts as fit into a batch, from `first` on; at least one. */
  #batchOf<Part>(
    parts: readonly Part[],
    first: number,
    charactersOf: (part: Part) => number,
    textsOf: (part: Part) => number = () => 1,
  ): readonly Part[] {
    const max = CHARACTERS_MAX[this.#options.model.type];
    let [count, characters, end] = [0, 0, first];
    for (; end < parts.length; end += 1) {
      const part = parts[end];
      if (part === undefined) break;
      count += textsOf(part);
      characters += charactersOf(part);
      if (end > first && (count > BATCH_MAX || characters > max)) break;
    }
    return parts.slice(first, end);
  }

  async #start(): Promise<void> {
    this.#isReady = false;
    this.#thread.start();
    try {
      await this.#thread.call("load", [this.#options.model]);
      this.#isReady = true;
    } catch (error) {
      if (!(error instanceof RemoteError)) return;
      // The files may be corrected later: the next text starts another thread.
      await this.#thread.stop(error);
      for (const job of this.#queue.splice(0)) job.failed(error);
    }
    this.#next();
  }

  #next(): void {
    this.#flush();
    if (!this.#isClosed && this.#batches.size === 0 && this.#queue.length === 0) this.#rest();
  }

  /** A thread that has nothing to do keeps no process alive, and does not keep its memory permanently. */
  #rest(): void {
    this.#thread.keepsAlive(false);
    const { idleMsMax } = this.#options;
    if (idleMsMax === undefined) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => void this.#thread.stop(this.#unavailable("it was idle")), idleMsMax).unref();
  }

  #deliver(jobs: Batch, vectors: Float32Array): void {
    let at = 0;
    for (const { texts, done } of jobs) {
      const first = at;
      done(texts.map((_, index) => vectors.slice((first + index) * this.dims, (first + index + 1) * this.dims)));
      at += texts.length;
    }
  }

  #lost(cause: unknown): Error {
    const error = this.#unavailable("its worker crashed twice on these texts", cause);
    if (this.#isClosed) return error;
    const jobs = this.#isReady ? [...this.#batches].flat() : this.#queue.splice(0);
    this.#batches.clear();
    this.#isReady = false;
    for (const job of jobs) job.losses += 1;
    for (const job of jobs.filter(({ losses }) => losses >= LOSSES_MAX)) job.failed(error);
    this.#queue.unshift(...jobs.filter(({ losses }) => losses < LOSSES_MAX));
    this.#flush();
    return error;
  }

  #unavailable(why: string, cause?: unknown): EmbedderUnavailableError {
    const hint = "Retry; see the server's log.";
    return new EmbedderUnavailableError(
      `${this.id} cannot embed texts: ${why}`,
      hint,
      { embedder: this.id },
      { cause },
    );
  }

  #overloaded(): EmbedderOverloadedError {
    const waiting = this.#waiting;
    return new EmbedderOverloadedError(
      `${waiting} texts are waiting for ${this.id}; the limit is ${this.#waitingMax}`,
      "Try again in a moment, or send fewer texts at once.",
      { embedder: this.id, waiting },
    );
  }
}

const isShort = ({ characters }: Job): boolean => characters <= SHORT_CHARACTERS_MAX;

const startThread = (): Worker =>
  new Worker(programFile("memory/embeddings/thread").path, {
    name: "embeddings",
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB_MAX },
  });
