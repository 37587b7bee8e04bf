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
    bids: span(TASK_DEFAULTS.bidsMs, DAY_MS, "Default bidding deadline of each round, and of each price of an auction"),
    work: span(TASK_DEFAULTS.workMs, 7 * DAY_MS, "Default time limit of the awarded agent"),
    reawards: count(TASK_DEFAULTS.reawards, 0, 10).meta({
      description: "Default maximum re-awards after a failure",
    }),
    open_max: count(TASK_DEFAULTS.openMax, 1, 100_000).meta({
      description: "Maximum unfinished tasks per workspace; further tasks are refused",
    }),
    participants_max: count(TASK_DEFAULTS.participantsMax, 1, 1_000).meta({
      description: "Maximum agents invited to one task; of more providers, those with the best reputation",
    }),
    auction_calls_max: count(TASK_DEFAULTS.auctionCallsMax, 2, 1_000).meta({
      description: "Maximum prices that one auction calls; messages.rounds_max bounds it",
    }),
  })
  .prefault({})
  .meta({ description: "Tasks distributed by contract net or auction" });

/** `roundsMax` are the calls to one participant that a conversation takes. */
export const tasksOptions = (table: z.output<typeof TasksTable>, roundsMax: number): TasksOptions => ({
  bidsMs: table.bids,
  workMs: table.work,
  reawards: table.reawards,
  openMax: table.open_max,
  participantsMax: table.participants_max,
  auctionCallsMax: Math.min(table.auction_calls_max, roundsMax),
});
