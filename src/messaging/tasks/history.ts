/** Reputation of a provider from its completed tasks; older ones weigh less. */
export type Reputation = {
  readonly provider: string;
  /** The capability that was asked for; empty where none was. */
  readonly capability: string;
  /** Tasks awarded, each at its full weight. */
  readonly tasks: number;
  /** Sum of weights of tasks, and of those done. */
  readonly weight: number;
  readonly done: number;
  /** Share done, 0 to 1; for newcomers a half, which experience outweighs. */
  readonly successRate: number;
  /** Of those done: mean time and mean cost, 0 where none was measured. */
  readonly seconds: number;
  readonly cost: number;
  readonly lastAtMs: number;
};

/** The result of one awarded task. */
export type TaskResult = {
  readonly provider: string;
  readonly capability: string;
  readonly isDone: boolean;
  readonly seconds: number;
  /** As reported with the result, else as proposed. */
  readonly cost: number | undefined;
  readonly atMs: number;
};

const HALF_LIFE_MS = 30 * 24 * 3_600_000;

/** Nothing is known of them. */
export const withoutHistory = (provider: string, capability: string): Reputation => ({
  provider,
  capability,
  tasks: 0,
  weight: 0,
  done: 0,
  successRate: 0.5,
  seconds: 0,
  cost: 0,
  lastAtMs: 0,
});

/** With one more task; what was before counts half after 30 days. */
export function measured(before: Reputation, { isDone, seconds, cost, atMs }: TaskResult): Reputation {
  const decay = before.tasks === 0 ? 0 : 0.5 ** (Math.max(0, atMs - before.lastAtMs) / HALF_LIFE_MS);
  const weight = before.weight * decay + 1;
  const done = before.done * decay + (isDone ? 1 : 0);
  const known = before.done * decay;
  const mean = (old: number, value: number | undefined) =>
    isDone && value !== undefined ? (old * known + value) / (known + 1) : old;
  return {
    provider: before.provider,
    capability: before.capability,
    tasks: before.tasks + 1,
    weight,
    done,
    // One done and one not, assumed beforehand.
    successRate: (done + 1) / (weight + 2),
    seconds: mean(before.seconds, seconds),
    cost: mean(before.cost, cost),
    lastAtMs: atMs,
  };
}
