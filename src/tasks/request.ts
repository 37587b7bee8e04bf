import { type TaskId } from "../kernel/ids.ts";
import { type Json } from "../kernel/json.ts";
import { TaskInvalidError } from "./errors.ts";
import { type Evaluation, type Task, TASK_LIMITS, type TaskProtocol } from "./task.ts";

/** What is asked for; what is left out has its usual value. Times in milliseconds. */
export type TaskRequest = {
  readonly workspace: string;
  readonly owner: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly data?: Json | undefined;
  readonly parent?: TaskId | undefined;
  readonly protocol?: TaskProtocol | undefined;
  readonly participants?: readonly string[] | undefined;
  readonly capabilities?: readonly string[] | undefined;
  readonly minPerformanceScore?: number | undefined;
  readonly evaluation?: Evaluation | undefined;
  readonly bidsMs?: number | undefined;
  readonly workMs?: number | undefined;
  readonly rounds?: number | undefined;
  readonly reawardsMax?: number | undefined;
  readonly hops?: number | undefined;
};

/** The task of a request. Throws TaskInvalidError. */
export function newTask(request: TaskRequest, id: TaskId, nowMs: number): Task {
  const { participants = [], capabilities = [], protocol: given, rounds: asked } = request;
  const protocol = given ?? (asked !== undefined && asked > 1 ? "iterated-contract-net" : "contract-net");
  const rounds = asked ?? (protocol === "iterated-contract-net" ? 2 : 1);
  if (participants.length === 0 && capabilities.length === 0) {
    throw invalid("nobody is asked", "Name participants, or capabilities that whoever does it must have.");
  }
  if (participants.length > TASK_LIMITS.participantsMax) {
    throw invalid(`${participants.length} participants are too many`, `At most ${TASK_LIMITS.participantsMax}.`);
  }
  if (rounds > 1 && protocol !== "iterated-contract-net") {
    throw invalid(`a ${protocol} has one round`, 'Rounds need "protocol": "iterated-contract-net".');
  }
  return {
    id,
    workspace: request.workspace,
    name: request.name,
    description: request.description ?? "",
    data: request.data,
    owner: request.owner,
    parent: request.parent,
    protocol,
    participants,
    capabilities,
    minPerformanceScore: request.minPerformanceScore,
    evaluation: request.evaluation ?? { type: "best_bid" },
    bidsMs: request.bidsMs ?? TASK_LIMITS.bidsMs,
    workMs: request.workMs ?? TASK_LIMITS.workMs,
    rounds,
    reawardsMax: request.reawardsMax ?? TASK_LIMITS.reawards,
    hops: request.hops ?? 0,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    version: 1,
    state: "created",
    round: 0,
    bidders: [],
    assignedTo: undefined,
    awards: 0,
    judged: 0,
    dueAtMs: undefined,
    failure: undefined,
    outbox: [],
  };
}

const invalid = (problem: string, hint: string) =>
  new TaskInvalidError(`the task is not possible: ${problem}`, hint, { problem });
