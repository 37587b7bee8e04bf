import * as z from "zod";
import { durationText } from "../../text/documents/index.ts";
import { TASK_DEFAULTS, type TasksOptions } from "../../messaging/tasks/index.ts";

const DAY_MS = 86_400_000;
const span = (ms: number, maxMs: number, description: string) =>
  durationText({ minMs: 100, maxMs }).prefault(`${ms}ms`).meta({ description });
const count = (standard: number, min: number, max: number) => z.int().min(min).max(max).default(standard);

/** `[tasks]` of `caxton.toml`. */
export const TasksTable = z
  .strictObject({
    bids: span(
      TASK_DEFAULTS.bidsMs,
      DAY_MS,
      "How long proposals are waited for in each round, and bids at each price, where a task does not say",
    ),
    work: span(TASK_DEFAULTS.workMs, 7 * DAY_MS, "How long whoever gets a task has, where it does not say"),
    reawards: count(TASK_DEFAULTS.reawards, 0, 10).meta({
      description: "To how many more a task goes when the first fails, where it does not say",
    }),
    open_max: count(TASK_DEFAULTS.openMax, 1, 100_000).meta({
      description: "Tasks of a workspace that are not finished; then new ones are refused",
    }),
    participants_max: count(TASK_DEFAULTS.participantsMax, 1, 1_000).meta({
      description: "Who is asked for one task; of more providers those with the best record",
    }),
    auction_calls_max: count(TASK_DEFAULTS.auctionCallsMax, 2, 1_000).meta({
      description: "Maximum prices that one auction calls; messages.rounds_max bounds it",
    }),
  })
  .prefault({})
  .meta({ description: "Work that is offered to several" });

/** `roundsMax` are the calls to one participant that a conversation takes. */
export const tasksOptions = (table: z.output<typeof TasksTable>, roundsMax: number): TasksOptions => ({
  bidsMs: table.bids,
  workMs: table.work,
  reawards: table.reawards,
  openMax: table.open_max,
  participantsMax: table.participants_max,
  auctionCallsMax: Math.min(table.auction_calls_max, roundsMax),
});
