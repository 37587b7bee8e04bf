import type { Clock } from "../../kernel/clock.ts";
import { CancelledError, toFault } from "../../kernel/errors.ts";
import type { RunId } from "../../kernel/ids.ts";
import { log } from "../../kernel/log.ts";
import { isTerminal, type RunArchive, type RunJournal, RunNotEndedError } from "../record/index.ts";
import { runNotFound } from "./refusals.ts";

/** Retention of ended runs; undefined: no limit. */
export type RunRetention = {
  /** From their end. */
  readonly ageMs: number | undefined;
  /** The newest, by their end. */
  readonly count: number | undefined;
};

export type RetentionOptions = {
  readonly kept: (workspace: string) => RunRetention;
};

type RetentionDeps = {
  readonly archive: RunArchive;
  readonly journal: RunJournal;
  /** Deletes what has an expiry of its own. */
  readonly threads: { readonly deleteExpired: () => Promise<number> };
  readonly clock: Clock;
};

/** Interval of the search for expired runs. */
const SCAN_MS = 60_000;
/** Runs hidden in one write. */
const RUNS_PER_BATCH = 200;
/** Journal rows deleted in one write: a few milliseconds. */
const ROWS_PER_BATCH = 200;

/**
 * Deletes ended runs: named ones, and expired ones. A deleted run is hidden at once; its data is deleted in the
 * background, in small steps, also after a restart.
 */
export class Retention implements AsyncDisposable {
  readonly #deps: RetentionDeps;
  readonly #options: RetentionOptions;
  readonly #stopping = new AbortController();
  #sweeping: Promise<void> | undefined;
  #looking: Promise<void> | undefined;

  constructor(deps: RetentionDeps, options: RetentionOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /** Looks for runs past their time now, and every minute until disposed. */
  start(): void {
    this.#looking ??= this.#look();
  }

  /** Deletes a run that has ended. Throws RunNotFoundError, RunNotEndedError, storage errors. */
  async delete(runId: RunId): Promise<void> {
    const { journal, archive } = this.#deps;
    const summary = journal.summary(runId);
    if (summary === undefined) throw runNotFound(runId);
    if (!isTerminal(summary.state)) throw notEnded(runId, summary.state);
    await archive.remove([runId]);
    void this.sweep();
  }

  /** Ended runs of a workspace past an age, oldest first, at most `limit`. */
  expiredRuns(workspace: string, ageMs: number, limit: number): readonly RunId[] {
    const endedBeforeMs = this.#deps.clock.nowMs() - ageMs;
    return this.#deps.archive.ended({ workspace, endedBeforeMs, exceptNewest: undefined, limit });
  }

  /** Deletes all ended runs of a workspace past an age; how many. Throws storage errors. */
  async prune(workspace: string, ageMs: number): Promise<number> {
    let removed = 0;
    for (;;) {
      const ids = this.expiredRuns(workspace, ageMs, RUNS_PER_BATCH);
      if (ids.length === 0) break;
      removed += (await this.#deps.archive.remove(ids)).length;
    }
    void this.sweep();
    return removed;
  }

  /** Deletes every run of a workspace with its files. Throws storage errors. */
  async deleteWorkspace(workspace: string): Promise<void> {
    const { archive } = this.#deps;
    await archive.removeWorkspace(workspace);
    while (await archive.sweep(ROWS_PER_BATCH)) await breath();
  }

  /** Takes runs past what is kept out of sight and deletes what they held; how many. Throws storage errors. */
  async apply(): Promise<number> {
    const { archive, threads, clock } = this.#deps;
    let removed = await threads.deleteExpired();
    for (const workspace of archive.workspaces()) {
      const { ageMs, count } = this.#options.kept(workspace);
      const limits = [
        ...(ageMs === undefined ? [] : [{ endedBeforeMs: clock.nowMs() - ageMs, exceptNewest: undefined }]),
        ...(count === undefined ? [] : [{ endedBeforeMs: undefined, exceptNewest: count }]),
      ];
      for (const limit of limits) {
        for (;;) {
          const ids = archive.ended({ workspace, ...limit, limit: RUNS_PER_BATCH });
          if (ids.length === 0 || this.#stopping.signal.aborted) break;
          removed += (await archive.remove(ids)).length;
          await breath();
        }
      }
    }
    await this.sweep();
    return removed;
  }

  /** Deletes what runs out of sight hold, batch by batch. Never rejects: what it cannot delete is tried again at the next look. */
  async sweep(): Promise<void> {
    // A running sweep may have started before the data to delete was there.
    await this.#sweeping;
    this.#sweeping ??= this.#sweepAll().finally(() => (this.#sweeping = undefined));
    await this.#sweeping;
  }

  async #sweepAll(): Promise<void> {
    try {
      while (!this.#stopping.signal.aborted && (await this.#deps.archive.sweep(ROWS_PER_BATCH))) await breath();
    } catch (error) {
      log.warn({ err: error }, "what deleted runs held could not be deleted; it is tried again");
    }
  }

  async #look(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        const removed = await this.apply();
        if (removed > 0) log.info({ runs: removed }, "runs past their time are deleted");
      } catch (error) {
        log.warn({ fault: toFault(error) }, "runs past their time could not be deleted");
      }
      await this.#deps.clock.sleep(SCAN_MS, signal).catch(() => undefined);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort(new CancelledError("the deletion of runs"));
    await this.#looking;
    await this.#sweeping;
  }
}

/** Lets whatever else waits go first. */
const breath = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

const notEnded = (id: RunId, state: string): RunNotEndedError =>
  new RunNotEndedError(`run ${id} has not ended: it is ${state}`, `Stop it first: caxton run cancel ${id}`, {
    id,
    state,
  });
