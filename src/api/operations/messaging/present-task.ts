import type { JsonObject } from "../../../kernel/json.ts";
import {
  type Auction,
  type Bidder,
  type Reputation,
  secondsIn,
  costIn,
  type Task,
} from "../../../messaging/tasks/index.ts";
import type * as contract from "../../contract/index.ts";
import { instant, instantOrNull } from "../instant.ts";

const PROGRESS = {
  created: 0,
  collecting: 0.2,
  evaluating: 0.4,
  working: 0.6,
  done: 1,
  failed: 1,
  cancelled: 1,
} as const;

export function presentTask(task: Task, subtasks: readonly Task[]): contract.Task {
  const finished = subtasks.filter(({ state }) => PROGRESS[state] === 1).length;
  const own = PROGRESS[task.state];
  const winner = task.bidders.find(({ state }) => state === "done");
  return {
    id: task.id,
    task_id: task.id,
    name: task.name,
    description: task.description,
    data: task.data ?? null,
    workspace: task.workspace,
    owner: task.owner,
    parent_task: task.parent ?? null,
    protocol: task.protocol,
    evaluation: presentEvaluation(task.evaluation),
    status: task.state,
    progress: subtasks.length > 0 && own < 1 ? finished / subtasks.length : own,
    version: task.version,
    conversation_id: task.id,
    capabilities: [...task.capabilities],
    participants: [...task.participants],
    min_performance_score: task.minPerformanceScore ?? null,
    max_wait_seconds: task.bidsMs / 1_000,
    timeout_seconds: task.workMs / 1_000,
    reawards_max: task.reawardsMax,
    assigned_to: task.assignedTo ?? null,
    awards: task.awards,
    round: task.round,
    rounds: task.rounds,
    bidders: task.bidders.map(presentBidder),
    auction: task.auction === undefined ? null : presentAuction(task.auction),
    result: winner?.result ?? null,
    failure: task.failure ?? null,
    subtasks: subtasks.map(({ id, name, state }) => ({ id, name, status: state })),
    created_at: instant(task.createdAtMs),
    updated_at: instant(task.updatedAtMs),
    due_at: instantOrNull(task.dueAtMs),
  };
}

const presentAuction = ({
  start,
  step,
  reserve,
  deliver,
  secondPrice,
  leader,
  price,
  calls,
}: Auction): contract.Task["auction"] => ({
  start,
  step,
  reserve,
  deliver,
  second_price: secondPrice,
  leader: leader ?? null,
  price: price ?? null,
  calls: calls.map((call) => ({
    price: call.price,
    at: instant(call.atMs),
    bids: call.bids,
    leader: call.leader ?? null,
  })),
});

function presentEvaluation(evaluation: Task["evaluation"]): contract.Task["evaluation"] {
  switch (evaluation.type) {
    case "expression":
      return { type: evaluation.order === "min" ? "minimize" : "maximize", by: evaluation.expression };
    case "agent":
      return { type: "judge", by: evaluation.agent };
    case "best_bid":
    case "first_bid":
      return { type: evaluation.type, by: null };
  }
}

const presentBidder = ({
  name,
  state,
  rank,
  score,
  bid,
  note,
  awardedAtMs,
  endedAtMs,
  result,
}: Bidder): contract.Task["bidders"][number] => ({
  name,
  state,
  rank: rank ?? null,
  score: score ?? null,
  bid: bid ?? null,
  note: note ?? "",
  awarded_at: instantOrNull(awardedAtMs),
  ended_at: instantOrNull(endedAtMs),
  result: result ?? null,
});

export function presentDistribution(task: Task): contract.TaskDistribution {
  const winner = task.bidders.find(({ name }) => name === task.assignedTo);
  return {
    task_id: task.id,
    status: task.state,
    assigned_to: task.assignedTo ?? null,
    proposals_received: task.bidders.filter(({ bid }) => bid !== undefined).length,
    winning_bid: winner?.bid === undefined ? null : winningBid(winner.name, winner.bid),
    failure: task.failure ?? null,
  };
}

const winningBid = (name: string, bid: JsonObject): contract.TaskDistribution["winning_bid"] => ({
  agent_id: name,
  estimated_time: secondsIn(bid) ?? null,
  confidence: typeof bid["confidence"] === "number" ? bid["confidence"] : null,
  cost: costIn(bid) ?? null,
  bid: { ...bid },
});

export const presentPerformance = (measured: readonly Reputation[]): contract.PerformanceList => ({
  items: measured.map(({ provider, capability, tasks, successRate, seconds, cost, lastAtMs }) => ({
    provider,
    capability,
    tasks,
    success_rate: successRate,
    seconds,
    cost,
    last_at: instant(lastAtMs),
  })),
});
