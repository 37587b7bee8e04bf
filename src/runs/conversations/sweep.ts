import type { Clock } from "../../kernel/clock.ts";
import { log } from "../../kernel/log.ts";

const AGAIN_MS = 1_000;

/** Work that is done when it is due, one time after the other; what could not be done is tried again a second later. */
export class Sweep implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #work: () => Promise<boolean>;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #isDue = false;

  /** `work` says whether all was done; what it throws is logged. */
  constructor(clock: Clock, work: () => Promise<boolean>) {
    this.#clock = clock;
    this.#work = work;
  }

  due(): void {
    this.#isDue = true;
    if (this.#stop.signal.aborted) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      // Something became due in the moment in which it ended.
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
      // What happens in one turn is looked at together.
      await new Promise((resolve) => void setImmediate(resolve));
      if (await this.#try()) continue;
      this.#isDue = true;
      await this.#clock.sleep(AGAIN_MS, this.#stop.signal).catch(() => undefined);
    }
  }

  async #try(): Promise<boolean> {
    try {
      return await this.#work();
    } catch (error) {
      log.error({ err: error }, "what runs leave to be said could not be said; it is tried again");
      return false;
    }
  }
}
