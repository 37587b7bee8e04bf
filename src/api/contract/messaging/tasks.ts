import * as z from "zod";
import { Json } from "../../../kernel/json.ts";
import { ListQuery, page } from "../problem.ts";

const Instant = z.iso.datetime();
const Name = z.string().min(1).max(256);
const DAY_S = 24 * 3_600;
export const TaskStatus = z.enum(["created", "collecting", "evaluating", "working", "done", "failed", "cancelled"]);
export type TaskStatus = z.infer<typeof TaskStatus>;

const evaluation = {
  strategy: z.enum(["best_bid", "first_bid"]).optional().meta({
    description:
      "best_bid: confidence and measured success over cost and time; first_bid: the first proposal. Default: best_bid",
  }),
  minimize: z.string().max(2_000).optional().meta({
    description:
      "An expression over bid, bidder and history; the proposal with the lowest value wins. For example: bid.cost",
  }),
  maximize: z.string().max(2_000).optional().meta({
    description: "The same; the highest value wins. For example: history.success_rate / bid.cost",
  }),
  judge: Name.optional().meta({ description: "Agent that receives the proposals and names the winner" }),
};
const oneEvaluation = (body: { readonly [Key in keyof typeof evaluation]?: unknown }) =>
  [body.strategy, body.minimize, body.maximize, body.judge].filter((given) => given !== undefined).length <= 1;
const ONE_EVALUATION = { error: "give one of strategy, minimize, maximize and judge" };
const maxWait = z.number().min(0.1).max(DAY_S).optional().meta({
  description: "Seconds to wait for proposals in each round, or for bids at each price. Default: tasks.bids (30)",
});

const Protocol = z.enum([
  "contract-net",
  "iterated-contract-net",
  "request",
  "auction-english",
  "auction-dutch",
  "auction-sealed",
]);
const Price = z.number().min(-1e12).max(1e12);

/** How the price of an auction goes. */
const AuctionTerms = z
  .strictObject({
    start: Price.optional().meta({ description: "First price that is called; required unless bids are sealed" }),
    step: z.number().positive().max(1e12).optional().meta({
      description:
        "Amount by which the price rises (English) or falls (Dutch) from call to call; required unless bids are sealed",
    }),
    reserve: Price.optional().meta({
      description: "Least price of a sale. Default: the start (English), 0 (Dutch, sealed)",
    }),
    deliver: z.boolean().optional().meta({
      description:
        "English: the winner is then asked to do the work, within timeout_seconds, and its result is the task's. Default: false. Sealed: always true",
    }),
    second_price: z.boolean().default(false).meta({
      description: "Sealed: the winner pays the second highest price, or the reserve (Vickrey). Default: its own price",
    }),
  })
  .meta({ id: "AuctionTerms" });

export const CreateTaskBody = z
  .strictObject({
    name: z.string().min(1).max(200),
    description: z.string().max(32_000).default("").meta({ description: "Description of the work, sent to bidders" }),
    data: Json.optional().meta({ description: "Data of the task, sent to bidders unchanged" }),
    protocol: Name.optional().meta({
      examples: [...Protocol.options],
      description:
        "In any spelling that messages know. contract-net: proposals, then an award. iterated-contract-net: in rounds. request: one after the other, without proposals. auction-english, auction-dutch: to the last bid, or to the first. auction-sealed: to the highest of bids that no other bidder sees",
    }),
    auction: AuctionTerms.optional().meta({ description: "Prices; required for auctions, not allowed otherwise" }),
    participants: z.array(Name).max(1_000).default([]).meta({
      description: "Agents to ask, at most tasks.participants_max (100). Default: all providers of the capabilities",
    }),
    requirements: z
      .strictObject({
        capabilities: z
          .array(Name)
          .max(10)
          .default([])
          .meta({ description: "Capabilities that a bidder must provide, all of them" }),
        min_performance_score: z.number().min(0).max(1).optional().meta({
          description: "Minimum measured success rate; new providers have 0.5",
        }),
      })
      .default({ capabilities: [] }),
    ...evaluation,
    max_wait_seconds: maxWait,
    timeout_seconds: z
      .number()
      .min(0.1)
      .max(7 * DAY_S)
      .optional()
      .meta({
        description:
          "Seconds that the winner has; then the task is awarded to the next bidder. Default: tasks.work (300)",
      }),
    rounds: z.int().min(1).max(10).optional().meta({ description: "Rounds of proposals; more than one is iterated" }),
    reawards_max: z.int().min(0).max(10).optional().meta({
      description: "Maximum number of further awards if the first one fails. Default: tasks.reawards (2)",
    }),
    owner: Name.default("user").meta({ description: "Sender of the messages of the task" }),
    parent_task: z.uuidv7().optional().meta({ description: "The task that this one is a part of" }),
    distribute: z.boolean().default(false).meta({ description: "Call for proposals at once" }),
  })
  .refine(oneEvaluation, ONE_EVALUATION)
  .meta({ id: "CreateTask" });
export type CreateTaskBody = z.infer<typeof CreateTaskBody>;

export const DistributeBody = z
  .strictObject({ ...evaluation, max_wait_seconds: maxWait })
  .refine(oneEvaluation, ONE_EVALUATION)
  .meta({ id: "DistributeTask" });
export type DistributeBody = z.infer<typeof DistributeBody>;

const Bid = z.record(z.string(), Json);

/** An agent that was asked for a proposal. */
export const TaskBidder = z
  .object({
    name: z.string(),
    state: z.enum([
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
    ]),
    rank: z.int().nullable().meta({ description: "Rank; 1 is the best" }),
    score: z.number().nullable(),
    bid: Bid.nullable(),
    note: z.string().meta({ description: "Its message if it refused or failed" }),
    awarded_at: Instant.nullable(),
    ended_at: Instant.nullable(),
    result: Json.nullable().meta({ description: "Its result" }),
  })
  .meta({ id: "TaskBidder" });

/** Work that is offered to several agents and awarded to one. */
export const Task = z
  .object({
    id: z.string(),
    task_id: z.string().meta({ description: "The same as id" }),
    name: z.string(),
    description: z.string(),
    data: Json.nullable().meta({ description: "Data of the task, as bidders receive it" }),
    workspace: z.string(),
    owner: z.string(),
    parent_task: z.string().nullable(),
    protocol: Protocol,
    evaluation: z
      .object({
        type: z.enum(["best_bid", "first_bid", "minimize", "maximize", "judge"]),
        by: z.string().nullable().meta({ description: "The expression, or the agent that judges" }),
      })
      .meta({ description: "Comparison of proposals" }),
    status: TaskStatus,
    progress: z
      .number()
      .min(0)
      .max(1)
      .meta({ description: "Share of subtasks done, or of its own steps if it has none" }),
    version: z.int().meta({ description: "Incremented with each change" }),
    conversation_id: z.string(),
    capabilities: z.array(z.string()),
    participants: z.array(z.string()).meta({ description: "Agents to ask; empty: all providers of the capabilities" }),
    min_performance_score: z.number().nullable(),
    max_wait_seconds: z.number(),
    timeout_seconds: z.number(),
    reawards_max: z.int(),
    assigned_to: z.string().nullable(),
    awards: z.int().meta({ description: "Number of awards" }),
    round: z.int(),
    rounds: z.int(),
    bidders: z.array(TaskBidder),
    auction: z
      .object({
        start: z.number(),
        step: z.number(),
        reserve: z.number(),
        deliver: z.boolean(),
        second_price: z.boolean().meta({ description: "Sealed: the winner pays the second highest price" }),
        leader: z.string().nullable().meta({ description: "Current highest bidder" }),
        price: z.number().nullable().meta({ description: "Current price" }),
        calls: z
          .array(z.object({ price: z.number(), at: Instant, bids: z.int(), leader: z.string().nullable() }))
          .meta({ description: "Called prices with their leaders" }),
      })
      .nullable(),
    result: Json.nullable().meta({ description: "Result of the awarded agent" }),
    failure: z.object({ code: z.string(), message: z.string() }).nullable(),
    subtasks: z.array(z.object({ id: z.string(), name: z.string(), status: TaskStatus })),
    created_at: Instant,
    updated_at: Instant,
    due_at: Instant.nullable().meta({ description: "End of the time for proposals, or of the winner's time" }),
  })
  .meta({ id: "Task" });
export type Task = z.infer<typeof Task>;

export const TaskPage = page(Task).meta({ id: "TaskPage" });

export const TaskListQuery = ListQuery.extend({
  status: TaskStatus.optional(),
  owner: Name.optional(),
});

export const TaskQuery = z.object({
  after_version: z.coerce.number().int().min(0).optional().meta({
    description: "Respond once the task has changed since this version",
  }),
  wait_seconds: z.coerce
    .number()
    .min(0)
    .max(60)
    .default(30)
    .meta({ description: "Maximum seconds to wait with after_version" }),
});

export const TaskDistribution = z
  .object({
    task_id: z.string(),
    status: TaskStatus,
    assigned_to: z.string().nullable(),
    proposals_received: z.int(),
    winning_bid: z
      .object({
        agent_id: z.string(),
        estimated_time: z.number().nullable().meta({ description: "Seconds, as proposed" }),
        confidence: z.number().nullable(),
        cost: z.number().nullable(),
        bid: Bid,
      })
      .nullable(),
    failure: z.object({ code: z.string(), message: z.string() }).nullable(),
  })
  .meta({ id: "TaskDistribution" });
export type TaskDistribution = z.infer<typeof TaskDistribution>;

/** Measured performance of a provider; recent tasks count more. */
export const Performance = z
  .object({
    provider: z.string(),
    capability: z.string().meta({ description: "Empty: tasks for named participants" }),
    tasks: z.int(),
    success_rate: z.number(),
    seconds: z.number().meta({ description: "Mean seconds of completed tasks" }),
    cost: z
      .number()
      .meta({ description: "Mean cost of completed tasks, as reported with the result or else as proposed" }),
    last_at: Instant,
  })
  .meta({ id: "Performance" });
export const PerformanceList = z.object({ items: z.array(Performance) }).meta({ id: "PerformanceList" });
export type PerformanceList = z.infer<typeof PerformanceList>;
