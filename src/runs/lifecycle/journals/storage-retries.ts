import type { Clock } from "../../../kernel/clock.ts";
import type { RunId } from "../../../kernel/ids.ts";
import { log } from "../../../kernel/log.ts";

const RETRY_MS = 5_000;

/** Runs whose journal could not be written: each keeps its place in the journal and resumes when writing works again. */
export class StorageRetries {
  readonly #clock: Clock;
  readonly #stopping: AbortSignal;
  readonly #resume: (runId: RunId) => void;
  readonly #waits = new Map<RunId, AbortController>();

  constructor(clock: Clock, stopping: AbortSignal, resume: (runId: RunId) => void) {
    this.#clock = clock;
    this.#stopping = stopping;
    this.#resume = resume;
  }

  has(runId: RunId): boolean {
    return this.#waits.has(runId);
  }

  cancel(runId: RunId): void {
    this.#waits.get(runId)?.abort(CANCELLED);
  }

  /** Resumes the run after a delay. */
  add(runId: RunId, error: unknown): void {
    log.error({ runId, err: error }, "the journal cannot be written; the run is tried again");
    const wait = new AbortController();
    this.#waits.set(runId, wait);
    void this.#clock
      .sleep(RETRY_MS, AbortSignal.any([wait.signal, this.#stopping]))
      .then(
        () => this.#resume(runId),
        () => undefined,
      )
      .finally(() => this.#waits.delete(runId));
  }
}

const CANCELLED = "the run was cancelled while it waited for the disk";
