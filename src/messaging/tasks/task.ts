import * as z from "zod";
import { TaskId } from "../../kernel/ids.ts";
import { Json, JsonObject } from "../../kernel/json.ts";
import { RunCaller } from "../../kernel/rights/run-caller.ts";
import { PERFORMATIVES } from "../acl/index.ts";

const maybe = <T extends z.ZodType>(schema: T) =>
  schema.optional().transform((value): z.output<T> | undefined => value);
const list = <T extends z.ZodType>(schema: T) => z.array(schema).readonly();

/** How a provider is found for the work. */
export const TASK_PROTOCOLS = [
  "contract-net",
  "iterated-contract-net",
  "request",
  "auction-english",
  "auction-dutch",
  "auction-sealed",
] as const;
export type TaskProtocol = (typeof TASK_PROTOCOLS)[number];

/** How the best proposal is found. */
export const Evaluation = z.discriminatedUnion("type", [
  /** Cost, time and confidence of the bid, and how the bidder did before. */
  z.object({ type: z.literal("best_bid") }),
  /** The first bidder wins. */
  z.object({ type: z.literal("first_bid") }),
  /** A number from `bid`, `bidder` and `history`; the least or the greatest wins. */
  z.object({ type: z.literal("expression"), expression: z.string(), order: z.enum(["min", "max"]) }),
  /** An agent is shown the bids and names the winner. */
  z.object({ type: z.literal("agent"), agent: z.string() }),
]);
export type Evaluation = z.infer<typeof Evaluation>;

/** A price that was called, and the result. */
const AuctionCall = z.object({
  price: z.number(),
  atMs: z.int(),
  /** Bids at that price. */
  bids: z.int(),
  /** The winner; undefined if no bid reached the reserve. */
  leader: maybe(z.string()),
});

/** What is sold, and how far its price has come. Prices are numbers of whatever is paid with. */
export const Auction = z.object({
  /** English: it rises from call to call. Dutch: it falls. */
  start: z.number(),
  step: z.number(),
  /** The lowest price at which it is awarded. */
  reserve: z.number(),
  /** Whether the winner of an English auction is asked to deliver: to do the work. */
  deliver: z.boolean(),
  calls: list(AuctionCall),
  /** Prices that may be called. */
  callsMax: z.int().default(50),
  /** Sealed: the winner pays the best price of the others, not its own. */
  secondPrice: z.boolean().default(false),
  /** The award is on its way, and has not arrived. */
  isAwarding: z.boolean().default(false),
  /** Who has it as things stand, and for how much. */
  leader: maybe(z.string()),
  price: maybe(z.number()),
});
export type Auction = z.infer<typeof Auction>;

/** State of an invited bidder. `unreached`: the message could not be delivered. */
export const BIDDER_STATES = [
  "called",
  "refused",
  "silent",
  "unreached",
  "proposed",
  "rejected",
  "accepted",
  "done",
  "failed",
  "overdue",
  "cancelled",
] as const;

const Bidder = z.object({
  name: z.string(),
  state: z.enum(BIDDER_STATES),
  /** What it proposed last. */
  bid: maybe(JsonObject),
  /** What an answer to its proposal names. */
  proposal: maybe(z.string()),
  /** The proposal holds until then. */
  holdsUntilMs: maybe(z.int()),
  /** As the evaluation has it; comparable within the task. In an auction with called prices: the last price it bid. */
  score: maybe(z.number()),
  /** 1 is the best. */
  rank: maybe(z.int()),
  awardedAtMs: maybe(z.int()),
  endedAtMs: maybe(z.int()),
  /** What it said when it refused or failed. */
  note: maybe(z.string()),
  /** What it did, in its words. */
  result: maybe(Json),
});
export type Bidder = z.infer<typeof Bidder>;

/** A message that is to go out; sent again under the same id after a restart. */
const Outgoing = z.object({
  /** Unique within the task. */
  key: z.string(),
  act: z.enum(PERFORMATIVES),
  to: list(z.string()),
  conversation: z.string(),
  protocol: z.string(),
  content: Json,
  replyByMs: maybe(z.int()),
  inReplyTo: maybe(z.string()),
});
export type Outgoing = z.infer<typeof Outgoing>;

/** `created`: not announced yet. `evaluating`: an agent compares the proposals. `working`: awarded. */
export const TASK_STATES = ["created", "collecting", "evaluating", "working", "done", "failed", "cancelled"] as const;
export type TaskState = (typeof TASK_STATES)[number];

/** Why a task failed. */
export const TASK_FAILURES = ["NO_CANDIDATES", "NO_PROPOSALS", "TASK_NOT_ANNOUNCED", "TASK_NOT_DONE"] as const;

/** Work, and who does it: everything there is to know after a restart. */
export const Task = z.object({
  id: TaskId,
  workspace: z.string(),
  name: z.string(),
  description: z.string(),
  data: maybe(Json),
  /** Who wants it done: a user, an agent, a program. */
  owner: z.string(),
  /** The party that limits the runs of its bidders. */
  onBehalfOf: maybe(RunCaller),
  parent: maybe(TaskId),
  protocol: z.enum(TASK_PROTOCOLS),
  /** The invited participants; if empty, the providers of the capabilities. */
  participants: list(z.string()),
  capabilities: list(z.string()),
  /** Minimum share of done tasks of an invited provider, 0 to 1. */
  minPerformanceScore: maybe(z.number()),
  evaluation: Evaluation,
  auction: maybe(Auction),
  /** How long proposals are waited for; in an auction bids at one price. */
  bidsMs: z.int(),
  /** Time that the winner has for the work. */
  workMs: z.int(),
  /** Rounds of proposals; above 1 only where the protocol is iterated. */
  rounds: z.int(),
  /** To how many more it may go when the first fails. */
  reawardsMax: z.int(),
  /** Messages that led to it. */
  hops: z.int(),
  createdAtMs: z.int(),
  updatedAtMs: z.int(),
  /** Higher by one with each change. */
  version: z.int(),
  state: z.enum(TASK_STATES),
  round: z.int(),
  bidders: list(Bidder),
  assignedTo: maybe(z.string()),
  awards: z.int(),
  /** How often the evaluating agent was asked. */
  judged: z.int(),
  /** The next deadline of the task. */
  dueAtMs: maybe(z.int()),
  failure: maybe(z.object({ code: z.enum(TASK_FAILURES), message: z.string() })),
  outbox: list(Outgoing),
});
export type Task = z.infer<typeof Task>;

/** The auction of a task whose prices are called; sealed bids are collected as the proposals of a contract net. */
export const calledAuction = ({ auction, protocol }: Task): Auction | undefined =>
  protocol === "auction-sealed" ? undefined : auction;

/** Whether nothing more happens to it. */
export const isFinished = ({ state }: Task): boolean => state === "done" || state === "failed" || state === "cancelled";

/** Fixed limits; the configurable ones are `TasksOptions`. */
export const TASK_LIMITS = {
  /** A bid beyond this size is stored as truncated text only. */
  bidBytesMax: 64 * 1024,
} as const;
