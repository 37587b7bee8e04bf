import type { Clock } from "../../kernel/clock.ts";
import type { RunId } from "../../kernel/ids.ts";
import { log } from "../../kernel/log.ts";
import { isStorageFault } from "../turn/index.ts";

/** Something of a run that ends at a time of its own. */
export type Due<Id> = { readonly id: Id; readonly runId: RunId };

export type ExpiryDeps<Id> = {
  readonly clock: Clock;
  /** Plural noun for the log. */
  readonly what: string;
  /** When the next one ends, in milliseconds since 1970; undefined when none waits. */
  readonly nextMs: () => number | undefined;
  /** Expired entries, oldest first. */
  readonly due: (atMs: number, limit: number) => readonly Due<Id>[];
  /** Ends one, unless that has happened meanwhile. */
  readonly expire: (due: Due<Id>) => Promise<void>;
};

const BATCH_MAX = 100;
/** Maximum delay of a timer, and the delay of a retry after a storage failure. */
const SLEEP_MS_MAX = 3_600_000;
const AGAIN_MS = 5_000;

/** One timer for all waits; none of them is in memory. Expires overdue waits first. */
export class Expiry<Id> implements AsyncDisposable {
  readonly #deps: ExpiryDeps<Id>;
  readonly #stop = new AbortController();
  #sweep = Promise.resolve();
  #nudge: AbortController | undefined;
  #wakesAtMs = Infinity;

  constructor(deps: ExpiryDeps<Id>) {
    this.#deps = deps;
  }

  start(): void {
    this.#sweep = this.#sweepAll();
  }

  /** Says that something will end at this time. */
  expect(atMs: number): void {
    if (atMs < this.#wakesAtMs) this.#nudge?.abort(NUDGED);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(STOPPED);
    await this.#sweep;
  }

  async #sweepAll(): Promise<void> {
    const { clock, nextMs, what } = this.#deps;
    while (!this.#stop.signal.aborted) {
      let waitMs = SLEEP_MS_MAX;
      try {
        await this.#expireDue();
        waitMs = Math.min(waitMs, Math.max(0, (nextMs() ?? Infinity) - clock.nowMs()));
      } catch (error) {
        log.error({ err: error }, `${what} could not be ended; it is tried again`);
        waitMs = AGAIN_MS;
      }
      this.#nudge = new AbortController();
      this.#wakesAtMs = clock.nowMs() + waitMs;
      await clock.sleep(waitMs, AbortSignal.any([this.#stop.signal, this.#nudge.signal])).catch(() => undefined);
    }
  }

  async #expireDue(): Promise<void> {
    const { clock, due, what } = this.#deps;
    for (;;) {
      const batch = due(clock.nowMs(), BATCH_MAX);
      const ended = await Promise.all(batch.map((each) => this.#expire(each)));
      if (batch.length < BATCH_MAX || this.#stop.signal.aborted) return;
      if (!ended.includes(true)) throw new Error(`none of ${what} that are due could be ended`);
    }
  }

  async #expire(due: Due<Id>): Promise<boolean> {
    try {
      await this.#deps.expire(due);
      return true;
    } catch (error) {
      if (isStorageFault(error)) throw error;
      log.error({ runId: due.runId, err: error }, `one of ${this.#deps.what} could not be ended`);
      return false;
    }
  }
}

const NUDGED = "something will end sooner";
const STOPPED = "the server stops";
