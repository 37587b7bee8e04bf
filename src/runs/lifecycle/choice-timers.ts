import type { Clock } from "../../kernel/clock.ts";
import type { RunId } from "../../kernel/ids.ts";
import { log } from "../../kernel/log.ts";

/** Calls `expire` when the time of a choice is over. The callee checks whether a choice was made in the meantime. */
export class ChoiceTimers {
  readonly #clock: Clock;
  readonly #over: AbortSignal;
  readonly #expire: (runId: RunId) => Promise<void>;

  /** `expire` is not called after `over` is aborted. */
  constructor(clock: Clock, over: AbortSignal, expire: (runId: RunId) => Promise<void>) {
    this.#clock = clock;
    this.#over = over;
    this.#expire = expire;
  }

  set(runId: RunId, atMs: number): void {
    void this.#wait(runId, atMs);
  }

  async #wait(runId: RunId, atMs: number): Promise<void> {
    try {
      // One sleep may be shorter than the whole time: a timer holds 24 days.
      for (let leftMs = this.#leftMs(atMs); leftMs > 0; leftMs = this.#leftMs(atMs))
        await this.#clock.sleep(leftMs, this.#over);
    } catch {
      return;
    }
    try {
      await this.#expire(runId);
    } catch (error) {
      log.error({ runId, err: error }, "the end of a choice's time could not be written");
    }
  }

  #leftMs(atMs: number): number {
    return atMs - this.#clock.nowMs();
  }
}
