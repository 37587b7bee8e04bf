/**
 * Tasks: work that is offered to several agents and awarded to one by the server.
 *
 * tasks.K1. A task is on disk, with the messages it is to send, before any of them goes out; a message goes out under
 *   an id that is derived from task and step, so that after a crash nothing is said twice.
 * tasks.K2. What happens to one task happens one after the other.
 * tasks.K3. A reply has changed the task on disk before it is acknowledged.
 */
import { CancelledError } from "../../kernel/errors.ts";
import { KeyedMutex } from "../../kernel/async/keyed-mutex.ts";
import { mint, TaskId } from "../../kernel/ids.ts";
import { isJsonObject } from "../../kernel/json.ts";
import { log } from "../../kernel/log.ts";
import { type Message } from "../acl/index.ts";
import { type Delivered, type Directory, isExpiry, type Settlement } from "../router/index.ts";
import { bestBid, costIn, bidScore, factsOf, ranked, rankingIn } from "./bids.ts";
import { candidatesOf } from "./candidates.ts";
import { TaskNotFoundError, TaskStateError, TooManyTasksError } from "./errors.ts";
import { TaskCounts, type TaskStats } from "./stats.ts";
import { type TaskResult, type Reputation, measured, withoutHistory } from "./history.ts";
import { newTask, type TaskRequest } from "./request.ts";
import { answered, awarded, start, cancelled, due, judging } from "./steps.ts";
import { isFinished, type Task } from "./task.ts";
import { orAgain, Sender, type SenderDeps } from "./sender.ts";
import { type TasksOptions } from "./options.ts";
import { type TaskQuery, type TaskStore } from "./task-store.ts";

export type TasksDeps = SenderDeps & {
  readonly store: TaskStore;
  readonly directory: Pick<Directory, "find" | "providers">;
  readonly options: TasksOptions;
  /** Called before a workspace's first message goes out: from then on answers to `TASKS_PARTICIPANT` come here. */
  readonly attach: (workspace: string, tasks: Tasks) => void;
};

/** After a restart answers that wait in the mailbox come before deadlines. */
const RESTART_GRACE_MS = 2_000;
const RETRY_MS = 1_000;

export class Tasks {
  readonly #deps: TasksDeps;
  readonly #sender: Sender;
  readonly #open = new Map<TaskId, Task>();
  readonly #queues = new KeyedMutex<TaskId>();
  readonly #history = new Map<string, Reputation>();
  readonly #counts = new TaskCounts();
  readonly #watchers = new Set<() => void>();
  readonly #listeners = new Set<(task: Task) => void>();
  /** Workspaces in which answers come here. */
  readonly #served = new Set<string>();
  readonly #loaded = new Set<string>();

  constructor(deps: TasksDeps) {
    this.#deps = deps;
    const change = this.#change.bind(this);
    this.#sender = new Sender(deps, { find: (id) => this.#open.get(id), change });
  }

  /** Resumes unfinished tasks, and accepts answers in `workspaces`. To be called once, when messages can be sent. */
  resume(workspaces: readonly string[]): void {
    for (const workspace of workspaces) this.#serve(workspace);
    for (const task of this.#deps.store.unfinished()) {
      this.#serve(task.workspace);
      this.#open.set(task.id, task);
      this.#arm(task, RESTART_GRACE_MS);
      this.#sender.send(task);
    }
  }

  #serve(workspace: string): void {
    if (this.#served.has(workspace)) return;
    this.#served.add(workspace);
    this.#deps.attach(workspace, this);
  }

  /** Adds a listener for new and changed tasks; it must be fast and never throw. */
  watch(listener: (task: Task) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Creates a task, or returns the existing one of the same id. Throws TaskInvalidError, ExpressionInvalidError, TooManyTasksError, TaskNotFoundError for a parent. */
  async create(request: TaskRequest, id: TaskId = mint(TaskId)): Promise<Task> {
    const known = this.#open.get(id) ?? this.#deps.store.find(request.workspace, id);
    if (known !== undefined) return known;
    const { clock, options } = this.#deps;
    const task = newTask(request, { id, nowMs: clock.nowMs(), options });
    if (task.evaluation.type === "expression") bidScore(task.evaluation.expression);
    if (task.parent !== undefined) this.get(task.workspace, task.parent);
    const open = this.#deps.store.openCount(task.workspace);
    if (open >= options.openMax) {
      throw new TooManyTasksError(
        `there are ${open} tasks that are not finished`,
        "Cancel some: `caxton task list --status created`; tasks.open_max bounds them.",
        { limit: options.openMax },
      );
    }
    await this.#deps.store.put(task, []);
    this.#serve(task.workspace);
    this.#open.set(task.id, task);
    for (const listener of this.#listeners) listener(task);
    return task;
  }

  /** Asks those who may do it; resolves when the call is on disk. Throws TaskNotFoundError, TaskStateError, ExpressionInvalidError. */
  async distribute(
    workspace: string,
    id: TaskId,
    change: { readonly evaluation?: Task["evaluation"] | undefined; readonly bidsMs?: number | undefined } = {},
  ): Promise<Task> {
    const task = this.get(workspace, id);
    if (task.state !== "created") {
      throw new TaskStateError(`task ${id} was distributed already: ${task.state}`, "Create another one.", {
        id,
        state: task.state,
      });
    }
    if (change.evaluation?.type === "expression") bidScore(change.evaluation.expression);
    return this.#change(id, (now) => {
      if (now.state !== "created") return now;
      const { evaluation = now.evaluation, bidsMs = now.bidsMs } = change;
      const named = { ...now, evaluation, bidsMs };
      const candidates = candidatesOf(named, this.#deps.directory, {
        measured: (name) => this.#measured(named, name),
        max: this.#deps.options.participantsMax,
      });
      return start(named, candidates, this.#deps.clock.nowMs());
    });
  }

  /** Throws TaskNotFoundError, TaskStateError when it is over. */
  async cancel(workspace: string, id: TaskId): Promise<Task> {
    const task = this.get(workspace, id);
    if (task.state === "cancelled") return task;
    if (isFinished(task)) {
      throw new TaskStateError(`task ${id} is over: ${task.state}`, "", { id, state: task.state });
    }
    return this.#change(id, (now) => cancelled(now, this.#deps.clock.nowMs()));
  }

  /** Throws TaskNotFoundError. */
  get(workspace: string, id: TaskId): Task {
    const open = this.#open.get(id);
    const task = open?.workspace === workspace ? open : this.#deps.store.find(workspace, id);
    if (task !== undefined) return task;
    throw new TaskNotFoundError(`there is no task ${id}`, "`caxton task list` shows those there are.", { id });
  }

  /** The unfinished task whose work this conversation is about, not the question to its judge. */
  ofConversation(workspace: string, conversationId: string): Task | undefined {
    const task = /^.{36}(?:-\d+)?$/u.test(conversationId) ? this.#taskOf({ workspace, conversationId }) : undefined;
    return task === undefined || isFinished(task) ? undefined : task;
  }

  list(query: TaskQuery): readonly Task[] {
    return this.#deps.store.list(query);
  }

  /** Forgets the tasks of a workspace that is deleted. */
  deleteWorkspace(workspace: string): void {
    for (const [id, task] of this.#open) if (task.workspace === workspace) this.#open.delete(id);
    for (const key of this.#history.keys()) if (key.startsWith(`${workspace}/`)) this.#history.delete(key);
    this.#loaded.delete(workspace);
    this.#served.delete(workspace);
  }

  get options(): TasksOptions {
    return this.#deps.options;
  }

  /** How many ended how, and how long they took, since the start. */
  figures(): TaskStats {
    return this.#counts.now();
  }

  /** How providers did, those with most tasks first. */
  history(workspace: string): readonly Reputation[] {
    return this.#deps.store.history(workspace).toSorted((one, other) => other.tasks - one.tasks);
  }

  /** The task once `isEnough` holds or `waitMs` are over, as it is then. Throws TaskNotFoundError, CancelledError. */
  async until(
    { workspace, id, waitMs }: { readonly workspace: string; readonly id: TaskId; readonly waitMs: number },
    isEnough: (task: Task) => boolean,
    signal: AbortSignal,
  ): Promise<Task> {
    const untilMs = this.#deps.clock.monotonicMs() + waitMs;
    for (;;) {
      const task = this.get(workspace, id);
      if (isEnough(task) || this.#deps.clock.monotonicMs() >= untilMs) return task;
      await this.#somethingHappens(untilMs, signal);
    }
  }

  async #somethingHappens(untilMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw new CancelledError("waiting for the task");
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = () => reject(new CancelledError("waiting for the task"));
    signal.addEventListener("abort", abort, { once: true });
    this.#watchers.add(resolve);
    this.#deps.alarm.at(untilMs, resolve);
    try {
      await promise;
    } finally {
      this.#watchers.delete(resolve);
      signal.removeEventListener("abort", abort);
    }
  }

  /**
   * Takes a message to a task's owner that belongs to the task; what it changes is on disk when resolved. False when it is
   * another task's: messages to a bidder in the same conversation belong to the bidder.
   */
  async intercept({ message, recipient }: Delivered): Promise<boolean> {
    const task = this.#taskOf(message);
    if (task === undefined || recipient.toLowerCase() !== task.owner.toLowerCase()) return false;
    await this.#take(task, message);
    return true;
  }

  async #take(task: Task, message: Message): Promise<void> {
    this.#open.set(task.id, this.#open.get(task.id) ?? task);
    await this.#change(task.id, (now) => this.#heard(now, message));
  }

  /** The handler of `TASKS_PARTICIPANT`. */
  async handle({ message }: Delivered): Promise<Settlement> {
    const task = this.#taskOf(message);
    if (task !== undefined) await this.#take(task, message);
    return { type: "done" };
  }

  #heard(task: Task, message: Message): Task {
    // A task has deadlines of its own.
    if (isExpiry(message)) return task;
    const nowMs = this.#deps.clock.nowMs();
    const isJudge = task.state === "evaluating" && message.conversationId === `${task.id}-judge-${task.judged}`;
    if (!isJudge) return answered(task, message, nowMs);
    if (message.performative === "agree") return task;
    const { evaluation } = task;
    if (evaluation.type !== "agent" || message.sender !== evaluation.agent) return task;
    const ranking = message.performative === "inform" ? rankingIn(task, message) : "no answer";
    if (typeof ranking !== "string") return awarded(task, ranking, nowMs);
    return this.#askJudge(task, evaluation.agent, ranking);
  }

  #taskOf({ conversationId, workspace }: Pick<Message, "conversationId" | "workspace">): Task | undefined {
    const id = TaskId.safeParse(conversationId.slice(0, 36));
    if (!id.success) return undefined;
    const open = this.#open.get(id.data);
    return open?.workspace === workspace ? open : this.#deps.store.find(workspace, id.data);
  }

  /** One change after the other; on disk when resolved, then its messages go out. */
  #change(id: TaskId, step: (task: Task) => Task): Promise<Task> {
    return this.#queues.run(id, () => this.#changeNow(id, step));
  }

  async #changeNow(id: TaskId, step: (task: Task) => Task): Promise<Task> {
    const before = this.#open.get(id);
    if (before === undefined) throw new TaskNotFoundError(`there is no task ${id}`, "", { id });
    const after = this.#evaluated(step(before));
    if (after !== before) {
      const news = this.#measures(before, after);
      await this.#deps.store.put(after, news);
      for (const each of news) this.#history.set(historyKey(after.workspace, each.provider, each.capability), each);
      this.#open.set(id, after);
      this.#counts.changed(before, after);
      this.#arm(after, 0);
    }
    if (isFinished(after) && after.outbox.length === 0) this.#open.delete(id);
    if (after !== before) for (const listener of [...this.#watchers, ...this.#listeners]) listener(after);
    this.#sender.send(after);
    return after;
  }

  /** Proposals that wait to be compared, compared; or the judge asked. */
  #evaluated(task: Task): Task {
    if (task.state !== "evaluating" || task.dueAtMs !== undefined) return task;
    const { evaluation } = task;
    if (evaluation.type === "agent") return this.#askJudge(task, evaluation.agent, "");
    return awarded(task, this.#ranking(task), this.#deps.clock.nowMs());
  }

  /** The judge asked; one that gives no useful answer is replaced by the usual comparison. */
  #askJudge(task: Task, agent: string, problem: string): Task {
    const nowMs = this.#deps.clock.nowMs();
    const asked = judging(task, agent, problem, nowMs);
    return asked === task ? awarded(task, this.#ranking(task), nowMs) : asked;
  }

  #ranking(task: Task) {
    const bidders = task.bidders.filter(({ state }) => state === "proposed");
    const { evaluation } = task;
    if (evaluation.type === "expression") {
      const score = bidScore(evaluation.expression);
      const scores = bidders.map((bidder) => ({
        name: bidder.name,
        score: score(factsOf(bidder, this.#measured(task, bidder.name))),
      }));
      if (scores.some((each) => each.score !== undefined)) return ranked(scores, evaluation.order);
      log.warn({ task: task.id }, "the expression gave a number for no bid; the usual comparison decides");
    }
    return bestBid(bidders, (name) => this.#measured(task, name));
  }

  #measured({ workspace, capabilities }: Task, name: string): Reputation {
    const [capability = ""] = capabilities;
    return this.#historyOf(workspace, name, capability);
  }

  #historyOf(workspace: string, name: string, capability: string): Reputation {
    if (!this.#loaded.has(workspace)) {
      this.#loaded.add(workspace);
      for (const each of this.#deps.store.history(workspace)) {
        this.#history.set(historyKey(workspace, each.provider, each.capability), each);
      }
    }
    return this.#history.get(historyKey(workspace, name, capability)) ?? withoutHistory(name, capability);
  }

  /** The updated reputation of the bidders whose part as winner ended. */
  #measures(before: Task, after: Task): readonly Reputation[] {
    const capabilities = after.capabilities.length === 0 ? [""] : after.capabilities;
    // Who buys something does no work.
    if (after.auction?.deliver === false) return [];
    const ended = after.bidders.filter((bidder) => {
      const was = before.bidders.find(({ name }) => name === bidder.name);
      return was?.state === "accepted" && ["done", "failed", "overdue"].includes(bidder.state);
    });
    return ended.flatMap((bidder) =>
      capabilities.map((capability) => {
        const atMs = bidder.endedAtMs ?? after.updatedAtMs;
        const reported = isJsonObject(bidder.result) ? costIn(bidder.result) : undefined;
        const measure: TaskResult = {
          provider: bidder.name,
          capability,
          isDone: bidder.state === "done",
          seconds: (atMs - (bidder.awardedAtMs ?? atMs)) / 1000,
          cost: reported ?? costIn(bidder.bid),
          atMs,
        };
        return measured(this.#historyOf(after.workspace, bidder.name, capability), measure);
      }),
    );
  }

  #arm({ id, dueAtMs }: Task, leastMs: number): void {
    if (dueAtMs === undefined) return;
    const { clock, alarm } = this.#deps;
    const waitMs = Math.max(leastMs, dueAtMs - clock.nowMs());
    alarm.at(clock.monotonicMs() + waitMs, () => {
      const task = this.#open.get(id);
      if (task?.dueAtMs !== dueAtMs) return;
      // The clock may have been set back since.
      if (clock.nowMs() < dueAtMs) return this.#arm(task, 0);
      const again = () => this.#arm(this.#open.get(id) ?? task, RETRY_MS);
      void orAgain(
        this.#change(id, (now) => due(now, clock.nowMs())),
        again,
      );
    });
  }
}

const historyKey = (workspace: string, provider: string, capability: string) =>
  `${workspace}/${provider}/${capability}`;
