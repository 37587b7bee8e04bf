import { createHash } from "node:crypto";
import type {
  AgentCard,
  CancelTaskRequest,
  DeleteTaskPushNotificationConfigRequest,
  GetTaskPushNotificationConfigRequest,
  GetTaskRequest,
  ListTaskPushNotificationConfigsRequest,
  ListTaskPushNotificationConfigsResponse,
  ListTasksRequest,
  ListTasksResponse,
  Message,
  SendMessageRequest,
  StreamResponse,
  SubscribeToTaskRequest,
  Task,
  TaskPushNotificationConfig,
} from "@a2a-js/sdk";
import { RequestMalformedError, TaskNotCancelableError, UnsupportedOperationError } from "@a2a-js/sdk/errors";
import type { A2ARequestHandler } from "@a2a-js/sdk/server";
import { canonicalJson, Json } from "../../kernel/json.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { operations, type RunDetail } from "../contract/index.ts";
import {
  blockerOf,
  type Caller,
  followUntilBlocked,
  type RequestIds,
  type SentOnce,
  settledOrBlocked,
} from "../operations/index.ts";
import { Contexts } from "./contexts.ts";
import { isOfTransport, noTask, translated } from "./errors.ts";
import { TASK_EVENTS, TaskUpdates } from "./follow-run.ts";
import { lastOf, matchingTasks } from "./list-tasks.ts";
import { type Place, taskOf } from "./present-task.ts";
import type { Version } from "./versions.ts";
import { PushConfigs } from "./push/configs.ts";
import { questionOf, readAnswer, readMessage, type ReadMessage, storeFiles } from "./read-message.ts";

const TERMINAL = new Set<RunDetail["state"]>(["completed", "failed", "cancelled"]);
const PAGE = 50;

export type RequestsOptions = {
  readonly caller: Caller;
  /** The agent that the address names; undefined: the request names it as tenant. */
  readonly agent: string | undefined;
  /** Where clients reach the server, such as https://caxton.example. */
  readonly base: string;
  readonly version: Version | undefined;
  readonly nowMs: () => number;
  readonly sentOnce: SentOnce;
  /** Throws WebhookInvalidError for a URL that is not notified. */
  readonly checkUrl: (url: string) => void;
  readonly cards: {
    /** That of the address. */
    readonly own: () => Promise<AgentCard>;
    readonly extended: (agent: string | undefined) => Promise<AgentCard>;
  };
};

type Joining = { readonly message: Message; readonly read: ReadMessage; readonly asked: RequestIds };
type Sent = { readonly run: string; readonly place: Place };
type ForAgent = { readonly tenant: string };

/** The requests of A2A as operations: a task is a run, a context is a thread. It holds no state. */
export class Requests implements A2ARequestHandler {
  /** A failure that HTTP answers, whatever the protocol makes of it. */
  refusal: Error | undefined;
  readonly #options: RequestsOptions;
  readonly #contexts: Contexts;
  readonly #push: PushConfigs;

  constructor(options: RequestsOptions) {
    this.#options = options;
    this.#contexts = new Contexts(options);
    this.#push = new PushConfigs(options);
  }

  get #caller(): Caller {
    return this.#options.caller;
  }

  async getAgentCard(): Promise<AgentCard> {
    return this.#translating(() => this.#options.cards.own());
  }

  async getAuthenticatedExtendedAgentCard({ tenant }: ForAgent): Promise<AgentCard> {
    return this.#translating(() =>
      this.#options.cards.extended(this.#options.agent ?? (tenant === "" ? undefined : tenant)),
    );
  }

  async sendMessage(request: SendMessageRequest): Promise<Task> {
    return this.#translating(async () => {
      const { run, place } = await this.#send(request);
      const { returnImmediately = false, historyLength } = request.configuration ?? {};
      const detail = returnImmediately
        ? await this.#caller.perform(operations.run.get, { id: run })
        : await settledOrBlocked(this.#caller, run);
      return this.#task(detail, place, historyLength);
    });
  }

  async *sendMessageStream(request: SendMessageRequest): AsyncGenerator<StreamResponse, void, undefined> {
    const { run, place } = await this.#translating(() => this.#send(request));
    yield* this.#follow(run, place);
  }

  async *resubscribe({ id, tenant }: SubscribeToTaskRequest): AsyncGenerator<StreamResponse, void, undefined> {
    const run = await this.#translating(() => this.#run(id, tenant));
    if (TERMINAL.has((await this.#translating(() => lastOf(this.#caller, run))).state))
      throw new UnsupportedOperationError(`the task ${id} has ended; get it instead`);
    yield* this.#follow(id, await this.#translating(() => this.#contexts.placeOf(run)));
  }

  async getTask({ id, historyLength, tenant }: GetTaskRequest): Promise<Task> {
    return this.#translating(async () => {
      const run = await this.#run(id, tenant);
      return this.#task(run, await this.#contexts.placeOf(run), historyLength);
    });
  }

  async cancelTask({ id, tenant }: CancelTaskRequest): Promise<Task> {
    const run = await this.#translating(() => this.#run(id, tenant));
    try {
      const cancelled = await this.#caller.perform(operations.run.cancel, { id });
      return await this.#task(cancelled, await this.#contexts.placeOf(run));
    } catch (error) {
      throw this.#failure(error, TaskNotCancelableError);
    }
  }

  async listTasks(request: ListTasksRequest): Promise<ListTasksResponse> {
    const { contextId, historyLength, includeArtifacts = false, pageToken, pageSize = PAGE } = request;
    if (!Number.isInteger(pageSize) || pageSize < 1 || pageSize > 100)
      throw new RequestMalformedError("pageSize: it is a whole number from 1 to 100");
    return this.#translating(async () => {
      const agent = this.#options.agent ?? (request.tenant === "" ? undefined : request.tenant);
      const found = await matchingTasks(this.#caller, request, { agent, contexts: this.#contexts });
      const first = pageToken === "" ? 0 : found.findIndex(({ id }) => id === pageToken);
      if (first === -1) throw new RequestMalformedError("pageToken: it belongs to no page of this list");
      const page = found.slice(first, first + pageSize);
      const tasks: Task[] = [];
      for (const { id } of page) {
        const run = await this.#caller.perform(operations.run.get, { id });
        const place =
          contextId === "" ? await this.#contexts.placeOf(run) : { taskId: id, contextId, base: this.#options.base };
        const task = await this.#task(run, place, historyLength ?? 0);
        tasks.push(includeArtifacts ? task : { ...task, artifacts: [] });
      }
      const next = found[first + pageSize];
      return { tasks, nextPageToken: next?.id ?? "", pageSize, totalSize: found.length };
    });
  }

  async createTaskPushNotificationConfig(config: TaskPushNotificationConfig): Promise<TaskPushNotificationConfig> {
    return this.#ofTask(config, (task) => this.#push.set(task, config));
  }
  async getTaskPushNotificationConfig(
    request: GetTaskPushNotificationConfigRequest,
  ): Promise<TaskPushNotificationConfig> {
    return this.#ofTask(request, (task) => this.#push.get(task, request.id, request.tenant));
  }
  async listTaskPushNotificationConfigs(
    request: ListTaskPushNotificationConfigsRequest,
  ): Promise<ListTaskPushNotificationConfigsResponse> {
    return this.#ofTask(request, () => this.#push.list(request));
  }
  async deleteTaskPushNotificationConfig(request: DeleteTaskPushNotificationConfigRequest): Promise<void> {
    return this.#ofTask(request, (task) => this.#push.delete(task, request.id));
  }

  async #ofTask<Result>(
    { taskId, tenant }: { readonly taskId: string; readonly tenant: string },
    act: (task: string) => Promise<Result>,
  ): Promise<Result> {
    return this.#translating(async () => act((await this.#run(taskId, tenant)).id));
  }

  async #translating<Result>(act: () => Promise<Result>): Promise<Result> {
    try {
      return await act();
    } catch (error) {
      throw this.#failure(error);
    }
  }

  #failure(error: unknown, onConflict?: Parameters<typeof translated>[1]): unknown {
    if (isOfTransport(error)) this.refusal = error;
    return translated(error, onConflict);
  }

  async *#follow(id: string, place: Place): AsyncGenerator<StreamResponse, void, undefined> {
    try {
      const run = await this.#caller.perform(operations.run.get, { id });
      yield { payload: { $case: "task", value: await this.#task(run, place) } };
      const updates = new TaskUpdates(run, place);
      for await (const event of followUntilBlocked(this.#caller, id, TASK_EVENTS)) {
        const below = event.type === "end" ? await blockerOf(this.#caller, event.run) : undefined;
        yield* updates.of(event, below);
      }
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** Sends a message, and notifies the receiver that it names of its task. */
  async #send(request: SendMessageRequest): Promise<Sent> {
    const config = request.configuration?.taskPushNotificationConfig;
    if (config !== undefined) this.#push.check(config);
    const sent = await this.#start(request);
    if (config !== undefined) await this.#push.set(sent.place.taskId, config);
    return sent;
  }

  /** Makes a message a run, or the answer to the question of one, or joins it. */
  async #start({ message, tenant }: SendMessageRequest): Promise<Sent> {
    if (message === undefined) throw new RequestMalformedError("message: it is missing");
    if (message.messageId === "") throw new RequestMalformedError("message.messageId: it is missing");
    if (message.messageId.length > LIMITS.clientMessageIdCharsMax)
      throw new RequestMalformedError(
        `message.messageId: it has more than ${LIMITS.clientMessageIdCharsMax} characters`,
      );
    const read = readMessage(message);
    if (message.taskId !== "") return this.#continue(message, read, tenant);
    const agent = await this.#agent(tenant);
    let place: Place | undefined;
    const run = await this.#once({ agent, message }, async (asked) => {
      const thread = await this.#contexts.open(agent, message.contextId, asked.run());
      const contextId = message.contextId === "" ? thread.id : message.contextId;
      const uploads = await storeFiles(this.#caller, read);
      const body = { id: thread.id, input: read.input, client_message_id: message.messageId, uploads };
      const sent = await this.#caller.perform(operations.thread.send, body, { asked });
      place = { taskId: sent.run.id, contextId, base: this.#options.base };
      return sent.run.id;
    });
    return { run, place: place ?? (await this.#placeOfRun(run)) };
  }

  /** Handles a message once: one that is sent again, with its id and content, gets the run of the first. */
  #once(sent: object, start: Parameters<SentOnce["perform"]>[2]): Promise<string> {
    const hash = createHash("sha256").update(canonicalJson(Json.parse(JSON.parse(JSON.stringify(sent)))));
    return this.#options.sentOnce.perform(this.#caller.principal, hash.digest("base64url"), start);
  }

  async #placeOfRun(id: string): Promise<Place> {
    return this.#contexts.placeOf(await this.#caller.perform(operations.run.get, { id }));
  }

  async #continue(message: Message, read: ReadMessage, tenant: string): Promise<Sent> {
    const { taskId: id, contextId } = message;
    const first = await this.#run(id, tenant);
    const place = await this.#contexts.placeOf(first);
    if (contextId !== "" && contextId !== place.contextId)
      throw new RequestMalformedError(`message.contextId: the task ${id} belongs to the context ${place.contextId}`);
    const run = await this.#once({ message }, async (asked) => {
      const { id: last } = await lastOf(this.#caller, first);
      const detail = await this.#caller.perform(operations.run.get, { id: last });
      return this.#join(detail, (await blockerOf(this.#caller, detail)) ?? detail, { message, read, asked });
    });
    // A message that came too late to join the task is a task of its own.
    const isTask = run === id || run === (await lastOf(this.#caller, first)).id;
    return isTask ? { run: id, place } : { run, place: await this.#placeOfRun(run) };
  }

  /** Gives a message to a run, as the answer to a question of the run that waits if there is one. Returns the id of the run of the task. */
  async #join(run: RunDetail, waiting: RunDetail, { message, read, asked }: Joining): Promise<string> {
    const { id } = run;
    if (TERMINAL.has(run.state))
      throw new UnsupportedOperationError(`the task ${message.taskId} has ended: send the message without taskId`);
    const named = questionOf(message);
    const question = waiting.questions.find((each) =>
      named === undefined ? each.state === "open" : each.id === named,
    );
    if (named !== undefined && question === undefined)
      throw new RequestMalformedError(`message.metadata.question: the task has no question ${named}`);
    if (question !== undefined) {
      const answer = readAnswer(message, question);
      await this.#caller.perform(operations.run.input, { id: waiting.id, input: question.id, ...answer }, { asked });
      return id;
    }
    if (await this.#isAnswered(run))
      throw new UnsupportedOperationError("another message has answered the question of the task already");
    if (run.thread === null || read.files.length > 0)
      throw new UnsupportedOperationError("a task in progress takes no files: send the message without taskId");
    const steer = { when_busy: "steer", client_message_id: message.messageId } as const;
    const body = { id: run.thread.id, input: read.input, ...steer };
    return (await this.#caller.perform(operations.thread.send, body, { asked })).run.id;
  }

  /** Whether a question of a run, or of one that it waits for, was answered and that run has not continued yet. */
  async #isAnswered(run: RunDetail): Promise<boolean> {
    if (run.state !== "awaiting-reply") return isAfterAnswer(run);
    const { items } = await this.#caller.perform(operations.run.tree, { id: run.id });
    const active = items.filter(({ ended_at: endedAt }) => endedAt === null);
    const details = await Promise.all(active.map(({ id }) => this.#caller.perform(operations.run.get, { id })));
    return details.some(isAfterAnswer);
  }

  /** The agent that a request is for. */
  async #agent(tenant: string): Promise<string> {
    const named = this.#options.agent ?? (tenant === "" ? undefined : tenant);
    if (named !== undefined) return named;
    const { items } = await this.#caller.perform(operations.agent.list, { limit: 2 });
    const [only, other] = items;
    if (only !== undefined && other === undefined) return only.name;
    throw new RequestMalformedError("tenant: name the agent, or send the request to /a2a/<agent>");
  }

  /** Throws TaskNotFoundError for a run of another agent than the address names, or of another principal. */
  async #run(id: string, tenant: string): Promise<RunDetail> {
    const run = await this.#caller.perform(operations.run.get, { id });
    const agent = this.#options.agent ?? (tenant === "" ? run.agent : tenant);
    if (run.agent.toLowerCase() === agent.toLowerCase() && (await this.#contexts.hasTask(run))) return run;
    throw noTask(`${agent} has no task ${id}`);
  }

  async #task(first: RunDetail, place: Place, historyLength?: number): Promise<Task> {
    const { id } = await lastOf(this.#caller, first);
    const run = id === first.id ? first : await this.#caller.perform(operations.run.get, { id });
    const [{ items }, below] = await Promise.all([
      this.#caller.perform(operations.run.artifacts, { id }),
      blockerOf(this.#caller, run),
    ]);
    return taskOf(run, place, { first, below, files: items, historyLength });
  }
}

/**
 * Whether a question of the run was answered and the agent has not continued from the answer yet. A message without the id of its question
 * that comes then was meant for the same question.
 */
function isAfterAnswer({ questions, step_list: steps }: RunDetail): boolean {
  const answered = new Set(
    questions.flatMap(({ call_id: call, state }) => (state === "accepted" || state === "declined" ? [call] : [])),
  );
  const asked = steps.findLast((step) => step.kind === "tool" && answered.has(step.call_id));
  if (asked === undefined) return false;
  return !steps.some((step) => step.kind === "model" && step.turn > asked.turn && step.state === "done");
}
