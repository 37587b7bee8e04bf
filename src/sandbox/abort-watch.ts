import type { Job } from "./job.ts";

/** Tells of aborted calls: one listener for each signal, however many calls of a run share it. */
export class AbortWatch {
  readonly #onAbort: (job: Job) => void;
  readonly #bySignal = new Map<AbortSignal, { readonly jobs: Set<Job>; readonly abort: () => void }>();

  constructor(onAbort: (job: Job) => void) {
    this.#onAbort = onAbort;
  }

  add(job: Job): void {
    const { signal } = job;
    let entry = this.#bySignal.get(signal);
    if (entry === undefined) {
      const jobs = new Set<Job>();
      const abort = (): void => {
        for (const each of jobs) this.#onAbort(each);
      };
      entry = { jobs, abort };
      this.#bySignal.set(signal, entry);
      signal.addEventListener("abort", abort, { once: true });
    }
    entry.jobs.add(job);
  }

  remove(job: Job): void {
    const entry = this.#bySignal.get(job.signal);
    if (entry === undefined) return;
    entry.jobs.delete(job);
    if (entry.jobs.size > 0) return;
    this.#bySignal.delete(job.signal);
    job.signal.removeEventListener("abort", entry.abort);
  }
}
