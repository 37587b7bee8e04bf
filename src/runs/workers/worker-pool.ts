import type { Clock } from "../../kernel/clock.ts";
import type { ExecutionPlan } from "../record/index.ts";
import type { WorkerDeps } from "./worker-rpc-server.ts";
import { RunWorker, type WorkerExit, type WorkerOptions } from "./run-worker.ts";
import { executeInWorker, type WorkerOutcome } from "./execute-in-worker.ts";

export type WorkerPoolOptions = WorkerOptions & {
  /** Pre-started workers, each for one run. */
  readonly warm: number;
  /** Runs in workers at once; others wait. */
  readonly max: number;
  /** A worker that does not answer for so long is ended. */
  readonly unresponsiveAfterMs: number;
  /** Time without an isolated run after which the pre-started workers are terminated. */
  readonly idleMs: number;
};

const SURPLUS: WorkerExit = { why: "crashed", message: "surplus worker" };

/**
 * Workers for runs that are kept apart.
 * workers.worker-pool.W1. A worker executes one run and exits.
 * workers.worker-pool.W2. No worker exists before the first isolated run is accepted, or some minutes after the last.
 */
export class WorkerPool implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #options: WorkerPoolOptions;
  readonly #standby: RunWorker[] = [];
  readonly #used = new Set<RunWorker>();
  readonly #waiting = new Set<() => void>();
  #idle: AbortController | undefined;
  #isClosed = false;

  constructor(clock: Clock, options: WorkerPoolOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** Number of pre-started workers, of workers that execute runs, and of runs that wait for one. */
  load(): { readonly standing: number; readonly used: number; readonly waiting: number } {
    return { standing: this.#standby.length, used: this.#used.size, waiting: this.#waiting.size };
  }

  /** Starts the pre-started workers, before an isolated run. */
  prepare(): void {
    this.#idle?.abort("a run comes");
    this.#idle = undefined;
    while (!this.#isClosed && this.#standby.length < this.#options.warm) this.#standby.push(this.#start());
    if (this.#used.size === 0) this.#restLater();
  }

  /**
   * Returns a worker when one is available; undefined if the signal is aborted first. The caller executes one run with
   * it, or terminates it.
   */
  async take(signal: AbortSignal): Promise<RunWorker | undefined> {
    while (this.#used.size >= this.#options.max) {
      if (signal.aborted || this.#isClosed) return undefined;
      await this.#turn(signal);
    }
    if (signal.aborted || this.#isClosed) {
      // The turn was had for nothing.
      this.#next();
      return undefined;
    }
    const worker = this.#standby.shift() ?? this.#start();
    this.#used.add(worker);
    void this.#giveBack(worker);
    this.prepare();
    await worker.ready;
    return worker;
  }

  /** Executes a run in a worker, as `execute` would; throws the same errors. */
  async execute(worker: RunWorker, deps: WorkerDeps, plan: ExecutionPlan, signal: AbortSignal): Promise<WorkerOutcome> {
    const { unresponsiveAfterMs } = this.#options;
    return executeInWorker(worker, deps, plan, { signal, clock: this.#clock, unresponsiveAfterMs });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#idle?.abort("the server stops");
    const workers = [...this.#standby.splice(0), ...this.#used];
    for (const worker of workers) worker.kill(SURPLUS);
    await Promise.all(workers.map(({ exited }) => exited));
    for (const wake of this.#waiting) wake();
  }

  /** Waits for a worker that is gone. */
  async #turn(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const leave = (): void => {
      this.#waiting.delete(resolve);
      resolve();
    };
    this.#waiting.add(resolve);
    signal.addEventListener("abort", leave, { once: true });
    await promise;
    signal.removeEventListener("abort", leave);
  }

  #next(): void {
    const [wake] = this.#waiting;
    if (wake === undefined) return;
    this.#waiting.delete(wake);
    wake();
  }

  #start(): RunWorker {
    const { memoryMib, program } = this.#options;
    const worker = new RunWorker({ memoryMib, program });
    void this.#forget(worker);
    return worker;
  }

  /** A standby worker that exits is replaced when a run arrives. */
  async #forget(worker: RunWorker): Promise<void> {
    await worker.exited;
    const place = this.#standby.indexOf(worker);
    if (place >= 0) this.#standby.splice(place, 1);
  }

  async #giveBack(worker: RunWorker): Promise<void> {
    await worker.exited;
    this.#used.delete(worker);
    this.#next();
    if (this.#used.size === 0) this.#restLater();
  }

  #restLater(): void {
    if (this.#isClosed || this.#standby.length === 0) return;
    this.#idle?.abort("the timer restarts");
    this.#idle = new AbortController();
    void this.#rest(this.#idle.signal);
  }

  async #rest(signal: AbortSignal): Promise<void> {
    try {
      await this.#clock.sleep(this.#options.idleMs, signal);
    } catch {
      return;
    }
    for (const worker of this.#standby.splice(0)) worker.kill(SURPLUS);
  }
}
