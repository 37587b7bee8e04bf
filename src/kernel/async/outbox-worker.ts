import type { Clock } from "../clock.ts";
import { log } from "../log.ts";

/** What is left after a run of the work: nothing, work to retry, or work that is due in so many milliseconds. */
export type OutboxRest = "done" | "retry" | number;

const RETRY_MS = 1_000;

/** Runs `work` when it is due, one run at a time. Work that fails or asks for it is retried after a second. */
export class OutboxWorker implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #work: (signal: AbortSignal) => Promise<OutboxRest>;
  readonly #failure: string;
  readonly #stop = new AbortController();
  #wake = new AbortController();
  #running: Promise<void> | undefined;
  #isDue = false;

  /** `failure` is logged with each error of the work; the signal of the work is aborted when the worker stops. */
  constructor(clock: Clock, work: (signal: AbortSignal) => Promise<OutboxRest>, failure: string) {
    this.#clock = clock;
    this.#work = work;
    this.#failure = failure;
  }

  /** Runs the work soon, once for all calls of one turn. */
  due(): void {
    this.#isDue = true;
    this.#wake.abort();
    if (this.#stop.signal.aborted) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      // Work that became due in the moment in which the run ended.
      if (this.#isDue) this.due();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort("the server stops");
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#isDue && !this.#stop.signal.aborted) {
      this.#isDue = false;
      this.#wake = new AbortController();
      await new Promise((resolve) => void setImmediate(resolve));
      const rest = await this.#try();
      if (rest === "done") continue;
      this.#isDue = true;
      if (rest === "retry") await this.#sleep(RETRY_MS, this.#stop.signal);
      else if (rest > 0) await this.#sleep(rest, AbortSignal.any([this.#wake.signal, this.#stop.signal]));
    }
  }

  async #try(): Promise<OutboxRest> {
    try {
      return await this.#work(this.#stop.signal);
    } catch (error) {
      log.error({ err: error }, this.#failure);
      return "retry";
    }
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    await this.#clock.sleep(ms, signal).catch(() => undefined);
  }
}
