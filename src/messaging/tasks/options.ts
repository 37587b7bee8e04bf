/** What bounds tasks, and what holds for those that say nothing. Spans are milliseconds. */
export type TasksOptions = {
  /** How long proposals are waited for, or bids at one price. */
  readonly bidsMs: number;
  /** Time that the winner has for the work. */
  readonly workMs: number;
  /** To how many more it goes when the first fails. */
  readonly reawards: number;
  /** Tasks of a workspace that are not finished. */
  readonly openMax: number;
  /** Who is asked for one task. */
  readonly participantsMax: number;
  /** Prices that one auction may call. */
  readonly auctionCallsMax: number;
};

export const TASK_DEFAULTS: TasksOptions = {
  bidsMs: 30_000,
  workMs: 300_000,
  reawards: 2,
  openMax: 1_000,
  participantsMax: 100,
  auctionCallsMax: 50,
};
