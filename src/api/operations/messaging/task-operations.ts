import { runCallerOf } from "../../../access/index.ts";
import { TaskId } from "../../../kernel/ids.ts";
import { type Evaluation, TaskNotFoundError, type Task, type Tasks } from "../../../messaging/tasks/index.ts";
import type * as contract from "../../contract/index.ts";
import { operations } from "../../contract/index.ts";
import { idempotent } from "../idempotent.ts";
import { cursors } from "../handles.ts";
import { decodeCursor, pageOf } from "../page.ts";
import { implement } from "../perform.ts";
import { presentDistribution, presentPerformance, presentTask } from "./present-task.ts";
import { PresentedTokens } from "./presented-tokens.ts";

const SUBTASKS_MAX = 200;
/** Half of the maximum time to wait for an evaluating agent. */
const JUDGE_WAIT_MS = 65_000;

/** Throws TaskNotFoundError if the text is not an id. */
function taskId(text: string): TaskId {
  const id = TaskId.safeParse(text.toLowerCase());
  if (id.success) return id.data;
  throw new TaskNotFoundError(`there is no task ${text}`, "`caxton task list` shows those there are.", { id: text });
}

const presented = (tasks: Tasks, task: Task): contract.Task =>
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

/** Throws SenderRefusedError, and what `Tasks.create` and `Tasks.distribute` do. */
const create = implement(operations.task.create, async ({ messaging }, body, call) => {
  // Messages are sent in the name of its owner.
  new PresentedTokens(messaging, call.principal).authorize(body.owner);
  const { tasks } = messaging;
  const { workspace } = call.principal;
  const request = {
    workspace,
    owner: body.owner,
    onBehalfOf: runCallerOf(call.principal),
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
  const task = await tasks.create(request, call.asked?.task());
  const isToDistribute = body.distribute && task.state === "created";
  return presented(tasks, isToDistribute ? await tasks.distribute(workspace, task.id) : task);
});

const isDecided = ({ state, auction }: Task) =>
  state !== "collecting" && state !== "evaluating" && auction?.isAwarding !== true;

/** Throws CancelledError and what `Tasks.distribute` does. */
const distribute = implement(
  operations.task.distribute,
  async ({ messaging: { tasks } }, body, { signal, asked, principal }) => {
    const { workspace } = principal;
    const { id } = body;
    const change = { evaluation: evaluationOf(body), bidsMs: ms(body.max_wait_seconds) };
    const begun = await idempotent(
      asked,
      () => tasks.distribute(workspace, taskId(id), change),
      () => tasks.get(workspace, taskId(id)),
    );
    const calls = begun.auction?.callsMax ?? begun.rounds;
    const waitMs = begun.bidsMs * calls + JUDGE_WAIT_MS * 2;
    return presentDistribution(await tasks.until({ workspace, id: begun.id, waitMs }, isDecided, signal));
  },
);

/** Throws TaskNotFoundError, CancelledError. */
const get = implement(
  operations.task.get,
  async ({ messaging: { tasks } }, query, { signal, principal: { workspace } }) => {
    const { id, after_version: after, wait_seconds: seconds } = query;
    const place = { workspace, id: taskId(id), waitMs: after === undefined ? 0 : seconds * 1000 };
    return presented(tasks, await tasks.until(place, ({ version }) => version > (after ?? -1), signal));
  },
);

/** Throws TaskNotFoundError, TaskStateError. */
const cancel = implement(operations.task.cancel, async ({ messaging: { tasks } }, { id }, { principal }) =>
  presented(tasks, await tasks.cancel(principal.workspace, taskId(id))),
);

const list = implement(operations.task.list, ({ messaging: { tasks } }, query, { principal: { workspace } }) => {
  const { status: state, owner, cursor, limit } = query;
  const [before] = decodeCursor(cursors.tasks, cursor) ?? [];
  const found = tasks.list({ workspace, state, owner, before, limit: limit + 1 });
  const { rows, next } = pageOf(found, limit, ({ id }) => cursors.tasks.encode(id));
  return { items: rows.map((task) => presented(tasks, task)), next };
});

const performance = implement(operations.task.performance, ({ messaging: { tasks } }, _input, { principal }) =>
  presentPerformance(tasks.history(principal.workspace)),
);

export const taskOperations = [create, list, get, distribute, cancel, performance] as const;
