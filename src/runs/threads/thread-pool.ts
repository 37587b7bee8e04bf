import type { Clock } from "../../kernel/clock.ts";
import type { ExecutionPlan } from "../record/index.ts";
import type { ThreadDeps } from "./desk.ts";
import { Thread, type ThreadEnd, type ThreadOptions } from "./thread.ts";
import { executeInThread, type ThreadOutcome } from "./thread-work.ts";

export type ThreadPoolOptions = ThreadOptions & {
  /** Threads that stand by, each for one run. */
  readonly warm: number;
  /** Runs in threads at once; others wait. */
  readonly max: number;
  /** A thread that does not answer for so long is ended. */
  readonly stuckMs: number;
  /** After so long without a run those that stand by are ended. */
  readonly idleMs: number;
};

export const DEFAULT_THREADS: ThreadPoolOptions = {
  warm: 2,
  max: 16,
  memoryMib: 256,
  stuckMs: 10_000,
  idleMs: 300_000,
};

const NOT_NEEDED: ThreadEnd = { why: "crashed", message: "nobody needs it" };

/**
 * Threads for runs that are kept apart.
 * threads.thread-pool.W1. A thread carries out one run and is gone.
 * threads.thread-pool.W2. There is none before the first such run is accepted, and none some minutes after the last.
 */
export class ThreadPool implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #options: ThreadPoolOptions;
  readonly #standing: Thread[] = [];
  readonly #used = new Set<Thread>();
  readonly #waiting = new Set<() => void>();
  #idle: AbortController | undefined;
  #isClosed = false;

  constructor(clock: Clock, options: ThreadPoolOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** How many stand by and how many carry out runs. */
  load(): { readonly standing: number; readonly used: number; readonly waiting: number } {
    return { standing: this.#standing.length, used: this.#used.size, waiting: this.#waiting.size };
  }

  /** A run is about to come: starts the threads that stand by. */
  prepare(): void {
    this.#idle?.abort("a run comes");
    this.#idle = undefined;
    while (!this.#isClosed && this.#standing.length < this.#options.warm) this.#standing.push(this.#start());
    if (this.#used.size === 0) this.#restLater();
  }

  /**
   * A thread, once there is room for one; undefined when the signal came first. Whoever has it carries one run out with it,
   * or ends it.
   */
  async take(signal: AbortSignal): Promise<Thread | undefined> {
    while (this.#used.size >= this.#options.max) {
      if (signal.aborted || this.#isClosed) return undefined;
      await this.#turn(signal);
    }
    if (signal.aborted || this.#isClosed) {
      // The turn was had for nothing.
      this.#next();
      return undefined;
    }
    const thread = this.#standing.shift() ?? this.#start();
    this.#used.add(thread);
    void this.#giveBack(thread);
    this.prepare();
    await thread.ready;
    return thread;
  }

  /** Carries out a run in a thread, as `execute` would; throws what that would throw. */
  async execute(thread: Thread, deps: ThreadDeps, plan: ExecutionPlan, signal: AbortSignal): Promise<ThreadOutcome> {
    const { stuckMs } = this.#options;
    return executeInThread(thread, deps, plan, { signal, clock: this.#clock, stuckMs });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#idle?.abort("the server stops");
    const threads = [...this.#standing.splice(0), ...this.#used];
    for (const thread of threads) thread.kill(NOT_NEEDED);
    await Promise.all(threads.map(({ ended }) => ended));
    for (const wake of this.#waiting) wake();
  }

  /** Waits for a thread that is gone. */
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

  #start(): Thread {
    const { memoryMib, program } = this.#options;
    const thread = new Thread({ memoryMib, program });
    void this.#forget(thread);
    return thread;
  }

  /** One that could not stay is not missed: another is started when a run comes. */
  async #forget(thread: Thread): Promise<void> {
    await thread.ended;
    const place = this.#standing.indexOf(thread);
    if (place >= 0) this.#standing.splice(place, 1);
  }

  async #giveBack(thread: Thread): Promise<void> {
    await thread.ended;
    this.#used.delete(thread);
    this.#next();
    if (this.#used.size === 0) this.#restLater();
  }

  #restLater(): void {
    if (this.#isClosed || this.#standing.length === 0) return;
    this.#idle?.abort("it begins anew");
    this.#idle = new AbortController();
    void this.#rest(this.#idle.signal);
  }

  async #rest(signal: AbortSignal): Promise<void> {
    try {
      await this.#clock.sleep(this.#options.idleMs, signal);
    } catch {
      return;
    }
    for (const thread of this.#standing.splice(0)) thread.kill(NOT_NEEDED);
  }
}
