import { Worker } from "node:worker_threads";
import * as z from "zod";
import { log } from "../log.ts";
import { programFile } from "../package.ts";

const Checkpointed = z.object({ isDone: z.boolean() });

/** How the log of a database stands, in pages. */
export type LogState = { readonly log: number; readonly carried: number };

export type CheckpointerDeps = {
  readonly file: string;
  /** Pages in the log from which on it is carried over. */
  readonly pagesMax: number;
  readonly state: () => LogState;
  /** Carries the log over here and now, for when no thread can. */
  readonly carryHere: () => void;
  /** Ends the pause of writing. */
  readonly released: () => void;
};

/** To look how long the log is costs about as much as one statement. */
const LOOK_EVERY = 8;
/** A log so many times too long is not written on while it is carried over. */
const HOLD_AT = 4;

/**
 * Checkpoints the WAL of a database in a worker, since a checkpoint waits for the disk.
 * sqlite.checkpointer.K1. While the worker checkpoints most of the WAL, writing continues. Writing is then paused
 *   for the short remainder, after which the WAL is empty and restarts from its beginning, so its size is bounded at
 *   any write rate.
 * sqlite.checkpointer.K2. If no worker can run, this thread makes the checkpoint, and the server waits.
 */
export class Checkpointer implements Disposable {
  readonly #deps: CheckpointerDeps;
  #thread: Worker | undefined;
  #pass: "none" | "beside" | "held" = "none";
  #isHolding = false;
  #commits = 0;
  #isClosed = false;

  constructor(deps: CheckpointerDeps) {
    this.#deps = deps;
  }

  /** Whether writes have to wait, for some milliseconds. */
  get isHolding(): boolean {
    return this.#isHolding;
  }

  /** Call it after each commit. */
  committed(): void {
    this.#commits += 1;
    if (this.#commits < LOOK_EVERY) return;
    this.#commits = 0;
    const left = this.#left();
    if (this.#pass !== "none") {
      this.#isHolding ||= left >= this.#deps.pagesMax * HOLD_AT;
      return;
    }
    if (left < this.#deps.pagesMax) return;
    this.#pass = "beside";
    this.#ask();
  }

  #left(): number {
    const { log: pages, carried } = this.#deps.state();
    return pages - carried;
  }

  #ask(): void {
    try {
      this.#thread ??= this.#start();
      this.#thread.postMessage(this.#deps.file);
    } catch (error) {
      this.#failed(error);
    }
  }

  #start(): Worker {
    const thread = new Worker(programFile("kernel/sqlite/checkpoint-thread").path);
    thread.unref();
    thread.on("message", (response: unknown) => {
      if (Checkpointed.parse(response).isDone) this.#done();
      else this.#failed("the thread could not");
    });
    thread.on("error", (error) => this.#failed(error));
    return thread;
  }

  #done(): void {
    if (this.#isClosed) return;
    if (this.#pass === "beside" && this.#left() > 0) {
      this.#pass = "held";
      this.#isHolding = true;
      this.#ask();
      return;
    }
    this.#release();
  }

  #failed(cause: unknown): void {
    if (this.#isClosed) return;
    log.warn({ err: cause, file: this.#deps.file }, "the log of the database is carried over by the server itself");
    void this.#thread?.terminate();
    this.#thread = undefined;
    try {
      this.#deps.carryHere();
    } catch (error) {
      // A full disk: the log stays, and the next commits try again.
      log.error({ err: error }, "the log of the database could not be carried over");
    }
    this.#release();
  }

  #release(): void {
    this.#pass = "none";
    this.#isHolding = false;
    this.#deps.released();
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    void this.#thread?.terminate();
  }
}
