import { TaskId } from "../../kernel/ids.ts";
import {
  type Evaluation,
  TaskNotFoundError,
  type TaskState,
  type Task,
  type Tasks,
} from "../../messaging/tasks/index.ts";
import type * as contract from "../contract/index.ts";
import type { AskedIds } from "./asked-ids.ts";
import { orAsItIs } from "./done-already.ts";
import { presentDistribution, presentPerformance, presentTask } from "./present-task.ts";

export type TaskServices = { readonly tasks: Tasks };

const SUBTASKS_MAX = 200;
/** An evaluating agent is waited for at most twice so long. */
const JUDGE_WAIT_MS = 65_000;

/** A task by its id, and where it is. */
export type TaskPlace = { readonly id: string; readonly workspace: string };

/** Throws TaskNotFoundError for an id that is none. */
function taskId(text: string): TaskId {
  const id = TaskId.safeParse(text.toLowerCase());
  if (id.success) return id.data;
  throw new TaskNotFoundError(`there is no task ${text}`, "`caxton task list` shows those there are.", { id: text });
}

const presented = ({ tasks }: TaskServices, task: Task): contract.Task =>
  presentTask(task, tasks.list({ workspace: task.workspace, parent: task.id, limit: SUBTASKS_MAX }));

type HowToCompare = Pick<contract.DistributeBody, "strategy" | "minimize" | "maximize" | "judge">;

function evaluationOf({ strategy, minimize, maximize, judge }: HowToCompare): Evaluation | undefined {
  if (minimize !== undefined) return { type: "expression", expression: minimize, order: "min" };
  if (maximize !== undefined) return { type: "expression", expression: maximize, order: "max" };
  if (judge !== undefined) return { type: "agent", agent: judge };
  return strategy === undefined ? undefined : { type: strategy };
}

const ms = (seconds: number | undefined): number | undefined =>
  seconds === undefined ? undefined : Math.round(seconds * 1000);

/** A new task, perhaps distributed at once. Throws what `Tasks.create` and `Tasks.distribute` do. */
export async function createTask(
  services: TaskServices,
  body: contract.CreateTaskBody,
  asked?: AskedIds,
): Promise<contract.Task> {
  const { tasks } = services;
  const { workspace } = body;
  const request = {
    workspace,
    owner: body.owner,
    name: body.name,
    description: body.description,
    data: body.data,
    parent: body.parent_task === undefined ? undefined : taskId(body.parent_task),
    protocol: body.protocol,
    auction: body.auction && { ...body.auction, secondPrice: body.auction.second_price },
    participants: body.participants,
    capabilities: body.requirements.capabilities,
    minPerformanceScore: body.requirements.min_performance_score,
    evaluation: evaluationOf(body),
    bidsMs: ms(body.max_wait_seconds),
    workMs: ms(body.timeout_seconds),
    rounds: body.rounds,
    reawardsMax: body.reawards_max,
  };
  const task = await tasks.create(request, asked?.task());
  const isToDistribute = body.distribute && task.state === "created";
  return presented(services, isToDistribute ? await tasks.distribute(workspace, task.id) : task);
}

const isDecided = ({ state, auction }: Task) =>
  state !== "collecting" && state !== "evaluating" && auction?.isAwarding !== true;

/** Asks for proposals; answers when somebody has got it or nobody will. Throws what `Tasks.distribute` does, CancelledError. */
export async function distributeTask(
  { tasks }: TaskServices,
  { id, workspace }: TaskPlace,
  body: contract.DistributeBody,
  { signal, asked }: { readonly signal: AbortSignal; readonly asked?: AskedIds | undefined },
): Promise<contract.TaskDistribution> {
  const change = { evaluation: evaluationOf(body), bidsMs: ms(body.max_wait_seconds) };
  const begun = await orAsItIs(
    asked,
    () => tasks.distribute(workspace, taskId(id), change),
    () => tasks.get(workspace, taskId(id)),
  );
  const calls = begun.auction?.callsMax ?? begun.rounds;
  const waitMs = begun.bidsMs * calls + JUDGE_WAIT_MS * 2;
  return presentDistribution(await tasks.until({ workspace, id: begun.id, waitMs }, isDecided, signal));
}

/** The task, at once or when it has changed. Throws TaskNotFoundError, CancelledError. */
export async function getTask(
  services: TaskServices,
  id: string,
  query: { readonly workspace: string; readonly after_version?: number | undefined; readonly wait_seconds: number },
  signal: AbortSignal,
): Promise<contract.Task> {
  const { after_version: after, wait_seconds: seconds } = query;
  const place = { workspace: query.workspace, id: taskId(id), waitMs: after === undefined ? 0 : seconds * 1000 };
  return presented(services, await services.tasks.until(place, ({ version }) => version > (after ?? -1), signal));
}

/** Throws TaskNotFoundError, TaskStateError. */
export const cancelTask = async (services: TaskServices, { id, workspace }: TaskPlace): Promise<contract.Task> =>
  presented(services, await services.tasks.cancel(workspace, taskId(id)));

/** Tasks, newest first. */
export function listTasks(
  services: TaskServices,
  query: {
    readonly workspace: string;
    readonly status?: TaskState | undefined;
    readonly owner?: string | undefined;
    readonly cursor?: TaskId | undefined;
    readonly limit: number;
  },
): contract.TaskPage {
  const { workspace, status: state, owner, cursor: before, limit } = query;
  const found = services.tasks.list({ workspace, state, owner, before, limit: limit + 1 });
  const items = found.slice(0, limit).map((task) => presented(services, task));
  return { items, next: found.length > limit ? (items.at(-1)?.id ?? null) : null };
}

/** How providers did with tasks so far. */
export const listPerformance = ({ tasks }: TaskServices, workspace: string): contract.PerformanceList =>
  presentPerformance(tasks.history(workspace));
