import { CaxtonError } from "../../kernel/errors.ts";
import { TaskId } from "../../kernel/ids.ts";
import type { Json, JsonObject } from "../../kernel/json.ts";
import { log } from "../../kernel/log.ts";
import type { ReplyResult, PendingReplies, ReplyIndex } from "../lifecycle/index.ts";
import { isFinished, type Task } from "../../messaging/tasks/index.ts";
import type { TaskService } from "./ports.ts";

const PREFIX = "task-";
/** The wait of a call that announced a task. */
export const waitFor = (id: TaskId): string => PREFIX + id;

/** The task that is waited for; undefined when it is a message. */
export function taskOfWait(replyWith: string): TaskId | undefined {
  const id = replyWith.startsWith(PREFIX) ? TaskId.safeParse(replyWith.slice(PREFIX.length)) : undefined;
  return id?.success === true ? id.data : undefined;
}

export type TaskWaitsDeps = {
  readonly tasks: Pick<TaskService, "watch" | "get">;
  readonly waits: Pick<ReplyIndex, "openWith">;
  readonly replies: PendingReplies;
};

/** Brings the ends of tasks to the calls that offered them, also of tasks that ended while no server ran. */
export class TaskWaits implements AsyncDisposable {
  readonly #deps: TaskWaitsDeps;
  #watching: Disposable | undefined;
  #look: Promise<void> = Promise.resolve();
  #isDue = false;

  constructor(deps: TaskWaitsDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#watching = this.#deps.tasks.watch(() => this.#due());
    this.#due();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watching?.[Symbol.dispose]();
    await this.#look;
  }

  #due(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#look = this.#look.then(() => this.#checkAll());
  }

  async #checkAll(): Promise<void> {
    await new Promise((resolve) => void setImmediate(resolve));
    this.#isDue = false;
    try {
      for (const { replyWith, workspace } of this.#deps.waits.openWith(PREFIX)) await this.#give(replyWith, workspace);
    } catch (error) {
      log.error({ err: error }, "the end of a task could not be brought to its run; it is tried with the next one");
    }
  }

  async #give(replyWith: string, workspace: string): Promise<void> {
    const task = this.#find(workspace, replyWith);
    if (task !== undefined && isFinished(task)) await this.#deps.replies.give(replyWith, endOf(task));
  }

  #find(workspace: string, replyWith: string): Task | undefined {
    try {
      return this.#deps.tasks.get(workspace, TaskId.parse(replyWith.slice(PREFIX.length)));
    } catch (error) {
      // Not offered yet, by a call that is cut off there; it is made again.
      if (error instanceof CaxtonError) return undefined;
      throw error;
    }
  }
}

function endOf(task: Task): ReplyResult {
  const winner = task.bidders.find(({ name }) => name === task.assignedTo);
  const structured: JsonObject = {
    task: task.id,
    state: task.state,
    winner: task.assignedTo ?? null,
    bids: Object.fromEntries(
      task.bidders.flatMap(({ name, bid }): [string, Json][] => (bid === undefined ? [] : [[name, bid]])),
    ),
  };
  const shared = { messageId: null, from: task.assignedTo ?? "", structured };
  if (task.state === "done" && task.auction !== undefined && !task.auction.deliver)
    return { ...shared, outcome: "answered", text: `${task.assignedTo} has it for ${task.auction.price}` };
  if (task.state === "done")
    return { ...shared, outcome: "answered", text: `${task.assignedTo} did it: ${shown(winner?.result)}` };
  const why = task.failure === undefined ? "it was cancelled" : `${task.failure.message} [${task.failure.code}]`;
  return { ...shared, outcome: "failed", text: `no agent has done it: ${why}` };
}

const shown = (result: Json | undefined): string =>
  typeof result === "string" ? result : result === undefined ? "(no words)" : JSON.stringify(result);
