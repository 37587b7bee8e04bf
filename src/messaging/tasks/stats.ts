import { Histogram, type HistogramNow } from "../../kernel/histogram.ts";
import { isFinished, type Task, TASK_PROTOCOLS, type TaskProtocol, type TaskState } from "./task.ts";

const DURATION_BOUNDS_S = [0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400];
const ENDS = ["done", "failed", "cancelled"] as const satisfies readonly TaskState[];

/** How tasks ended, and how long they took, since the server started. */
export type TaskStats = {
  /** Each protocol with each end; those that did not occur with 0. */
  readonly ended: readonly {
    readonly protocol: TaskProtocol;
    readonly end: (typeof ENDS)[number];
    readonly count: number;
  }[];
  /** Seconds from making a task to its end, however it ended; protocols that had none are not there. */
  readonly durations: readonly { readonly protocol: TaskProtocol; readonly took: HistogramNow }[];
  /** Share of done tasks among the done and failed, 0 to 1; undefined before the first. */
  readonly successRate: number | undefined;
};

/** Counts tasks as they end. */
export class TaskCounts {
  readonly #ended = new Map<string, number>();
  readonly #durations = new Map<TaskProtocol, Histogram>();

  /** Counts a change of a task. */
  changed(before: Task, after: Task): void {
    if (isFinished(before) || !isFinished(after)) return;
    const { protocol, state, createdAtMs, updatedAtMs } = after;
    const key = `${protocol} ${state}`;
    this.#ended.set(key, (this.#ended.get(key) ?? 0) + 1);
    const took = this.#durations.get(protocol) ?? new Histogram(DURATION_BOUNDS_S);
    this.#durations.set(protocol, took);
    took.add(Math.max(0, updatedAtMs - createdAtMs) / 1_000);
  }

  now(): TaskStats {
    const ended = TASK_PROTOCOLS.flatMap((protocol) =>
      ENDS.map((end) => ({ protocol, end, count: this.#ended.get(`${protocol} ${end}`) ?? 0 })),
    );
    const sum = (of: string) => ended.reduce((total, { end, count }) => (end === of ? total + count : total), 0);
    const [done, failed] = [sum("done"), sum("failed")];
    return {
      ended,
      durations: [...this.#durations].map(([protocol, took]) => ({ protocol, took: took.now() })),
      successRate: done + failed === 0 ? undefined : done / (done + failed),
    };
  }
}
