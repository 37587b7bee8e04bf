import { createHash } from "node:crypto";
import type {
  AgentCard,
  CancelTaskRequest,
  GetTaskRequest,
  ListTasksRequest,
  ListTasksResponse,
  Message,
  SendMessageRequest,
  StreamResponse,
  SubscribeToTaskRequest,
  Task,
} from "@a2a-js/sdk";
import { TaskState } from "@a2a-js/sdk";
import {
  PushNotificationNotSupportedError,
  RequestMalformedError,
  TaskNotCancelableError,
  TaskNotFoundError,
  UnsupportedOperationError,
} from "@a2a-js/sdk/errors";
import type { A2ARequestHandler } from "@a2a-js/sdk/server";
import { canonicalJson, Json } from "../../kernel/json.ts";
import { operations, type RunDetail, type RunSummary } from "../contract/index.ts";
import { type Caller, followRun, type SentOnce, settled } from "../operations/index.ts";
import { isOfTransport, translated } from "./errors.ts";
import { TASK_EVENTS, TaskUpdates } from "./follow-run.ts";
import { contextIdOf, contextKey, type Place, runStatesOf, taskOf } from "./present-task.ts";
import { readAnswer, readMessage } from "./read-message.ts";

const TERMINAL = new Set<RunDetail["state"]>(["completed", "failed", "cancelled"]);
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const CONTEXT_CHARS_MAX = 200;
const PAGE = 50;
/** Runs that one request for a list reads at most. */
const SCANNED_MAX = 1_000;

export type RequestsOptions = {
  readonly caller: Caller;
  /** The agent that the address names; undefined: the request names it as tenant. */
  readonly agent: string | undefined;
  /** Where clients reach the server, such as https://caxton.example. */
  readonly base: string;
  readonly sentOnce: SentOnce;
  readonly card: (agent: string | undefined) => Promise<AgentCard>;
};

type Sent = { readonly run: string; readonly place: Place };
type ForAgent = { readonly tenant: string };

/** The requests of A2A as operations: a task is a run, a context is a thread. It holds no state. */
export class Requests implements A2ARequestHandler {
  /** A failure that HTTP answers, whatever the protocol makes of it. */
  refusal: Error | undefined;
  readonly #options: RequestsOptions;

  constructor(options: RequestsOptions) {
    this.#options = options;
  }

  get #caller(): Caller {
    return this.#options.caller;
  }

  async getAgentCard(): Promise<AgentCard> {
    return this.#translating(() => this.#options.card(this.#options.agent));
  }

  async getAuthenticatedExtendedAgentCard({ tenant }: ForAgent): Promise<AgentCard> {
    return this.#translating(() => this.#options.card(this.#options.agent ?? (tenant === "" ? undefined : tenant)));
  }

  async sendMessage(request: SendMessageRequest): Promise<Task> {
    return this.#translating(async () => {
      const { run, place } = await this.#send(request);
      const { returnImmediately = false, historyLength } = request.configuration ?? {};
      const detail = returnImmediately
        ? await this.#caller.perform(operations.run.get, { id: run })
        : await settled(this.#caller, run);
      return this.#task(detail, place, historyLength);
    });
  }

  async *sendMessageStream(request: SendMessageRequest): AsyncGenerator<StreamResponse, void, undefined> {
    const { run, place } = await this.#translating(() => this.#send(request));
    yield* this.#follow(run, place);
  }

  async *resubscribe({ id, tenant }: SubscribeToTaskRequest): AsyncGenerator<StreamResponse, void, undefined> {
    const run = await this.#translating(() => this.#run(id, tenant));
    if (TERMINAL.has((await this.#translating(() => this.#last(run))).state))
      throw new UnsupportedOperationError(`the task ${id} has ended; get it instead`);
    yield* this.#follow(id, await this.#translating(() => this.#placeOf(run)));
  }

  async getTask({ id, historyLength, tenant }: GetTaskRequest): Promise<Task> {
    return this.#translating(async () => {
      const run = await this.#run(id, tenant);
      return this.#task(run, await this.#placeOf(run), historyLength);
    });
  }

  async cancelTask({ id, tenant }: CancelTaskRequest): Promise<Task> {
    const run = await this.#translating(() => this.#run(id, tenant));
    try {
      const cancelled = await this.#caller.perform(operations.run.cancel, { id });
      return await this.#task(cancelled, await this.#placeOf(run));
    } catch (error) {
      throw this.#failure(error, TaskNotCancelableError);
    }
  }

  async listTasks(request: ListTasksRequest): Promise<ListTasksResponse> {
    const { contextId, historyLength, includeArtifacts = false, pageToken, pageSize = PAGE } = request;
    if (!Number.isInteger(pageSize) || pageSize < 1 || pageSize > 100)
      throw new RequestMalformedError("pageSize: it is a whole number from 1 to 100");
    return this.#translating(async () => {
      const found = await this.#matching(request);
      const first = pageToken === "" ? 0 : found.findIndex(({ id }) => id === pageToken);
      if (first === -1) throw new RequestMalformedError("pageToken: it belongs to no page of this list");
      const page = found.slice(first, first + pageSize);
      const tasks: Task[] = [];
      for (const { id } of page) {
        const run = await this.#caller.perform(operations.run.get, { id });
        const place = contextId === "" ? await this.#placeOf(run) : { taskId: id, contextId, base: this.#options.base };
        const task = await this.#task(run, place, historyLength ?? 0);
        tasks.push(includeArtifacts ? task : { ...task, artifacts: [] });
      }
      const next = found[first + pageSize];
      return { tasks, nextPageToken: next?.id ?? "", pageSize, totalSize: found.length };
    });
  }

  async createTaskPushNotificationConfig(): Promise<never> {
    throw noPush();
  }
  async getTaskPushNotificationConfig(): Promise<never> {
    throw noPush();
  }
  async listTaskPushNotificationConfigs(): Promise<never> {
    throw noPush();
  }
  async deleteTaskPushNotificationConfig(): Promise<never> {
    throw noPush();
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
      for await (const event of followRun(this.#caller, id, TASK_EVENTS)) yield* updates.of(event);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** Makes a message a run, or the answer to the question of one, or joins it. */
  async #send({ message, tenant }: SendMessageRequest): Promise<Sent> {
    if (message === undefined) throw new RequestMalformedError("message: it is missing");
    if (message.messageId === "") throw new RequestMalformedError("message.messageId: it is missing");
    if (message.taskId !== "") return this.#continue(message, tenant);
    const agent = await this.#agent(tenant);
    const key = createHash("sha256")
      .update(canonicalJson(Json.parse(JSON.parse(JSON.stringify({ agent, message })))))
      .digest("base64url");
    let place: Place | undefined;
    const run = await this.#options.sentOnce.perform(this.#caller.principal, key, async (asked) => {
      const thread = await this.#threadOf(agent, message.contextId);
      const contextId = message.contextId === "" ? thread : message.contextId;
      const { input, uploads } = await readMessage(this.#caller, message);
      const body = { id: thread, input, ...(uploads.length > 0 && { uploads: [...uploads] }) };
      const sent = await this.#caller.perform(operations.thread.send, body, { asked });
      place = { taskId: sent.run.id, contextId, base: this.#options.base };
      return sent.run.id;
    });
    return { run, place: place ?? (await this.#placeOf(await this.#caller.perform(operations.run.get, { id: run }))) };
  }

  async #continue(message: Message, tenant: string): Promise<Sent> {
    const { taskId: id, contextId } = message;
    const first = await this.#run(id, tenant);
    const place = await this.#placeOf(first);
    const run = await this.#last(first);
    if (contextId !== "" && contextId !== place.contextId)
      throw new RequestMalformedError(`message.contextId: the task ${id} belongs to the context ${place.contextId}`);
    if (TERMINAL.has(run.state))
      throw new UnsupportedOperationError(`the task ${id} has ended: send the message without taskId`);
    const question = run.questions.find(({ state }) => state === "open");
    if (question) {
      const answer = readAnswer(message, question);
      await this.#caller.perform(operations.run.input, { id: run.id, input: question.id, ...answer });
      return { run: id, place };
    }
    if (run.thread === null) throw new UnsupportedOperationError(`the task ${id} takes no further messages`);
    const { input, uploads } = await readMessage(this.#caller, message);
    const body = { id: run.thread.id, input, when_busy: "steer" as const };
    const sent = await this.#caller.perform(operations.thread.send, {
      ...body,
      ...(uploads.length > 0 && { uploads: [...uploads] }),
    });
    return { run: sent.run.id, place };
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

  /** Throws TaskNotFoundError for a run of another agent than the address names. */
  async #run(id: string, tenant: string): Promise<RunDetail> {
    const run = await this.#caller.perform(operations.run.get, { id });
    const agent = this.#options.agent ?? (tenant === "" ? run.agent : tenant);
    if (run.agent.toLowerCase() === agent.toLowerCase()) return run;
    throw new TaskNotFoundError(`${agent} has no task ${id}`);
  }

  /** The thread of a context: its id, or the name that the client chose for it. */
  async #threadOf(agent: string, contextId: string): Promise<string> {
    if (contextId.length > CONTEXT_CHARS_MAX)
      throw new RequestMalformedError(`message.contextId: it has more than ${CONTEXT_CHARS_MAX} characters`);
    if (UUID.test(contextId)) {
      const known = await this.#caller.perform(operations.thread.get, { id: contextId }).catch(ignoreMissing);
      if (known !== undefined) return known.id;
    }
    const key = contextId === "" ? undefined : contextKey(this.#caller.principal.id, agent, contextId);
    const { id } = await this.#caller.perform(operations.thread.create, { agent, ...(key !== undefined && { key }) });
    return id;
  }

  /** The run that a run was handed off to, if it was. */
  async #last(run: RunDetail): Promise<RunDetail> {
    let last = run;
    while (last.handoffs.to !== null)
      last = await this.#caller.perform(operations.run.get, { id: last.handoffs.to.run });
    return last;
  }

  async #placeOf({ id, thread }: Pick<RunSummary, "id" | "thread">): Promise<Place> {
    const { base } = this.#options;
    // A run without a thread is a context of its own.
    if (thread === null) return { taskId: id, contextId: id, base };
    const found = await this.#caller.perform(operations.thread.get, { id: thread.id }).catch(ignoreMissing);
    return { taskId: id, contextId: found === undefined ? thread.id : contextIdOf(found), base };
  }

  async #task(first: RunDetail, place: Place, historyLength?: number): Promise<Task> {
    const run = await this.#last(first);
    const { items } = await this.#caller.perform(operations.run.artifacts, { id: run.id });
    return taskOf(run, place, { files: items, historyLength });
  }

  /** The runs that a list selects, newest first, among the newest that one request reads. */
  async #matching({
    contextId,
    status,
    statusTimestampAfter,
    tenant,
  }: ListTasksRequest): Promise<readonly RunSummary[]> {
    const agent = this.#options.agent ?? (tenant === "" ? undefined : tenant);
    const states = status === TaskState.TASK_STATE_UNSPECIFIED ? undefined : new Set(runStatesOf(status));
    const sinceMs = statusTimestampAfter === undefined ? 0 : Date.parse(statusTimestampAfter);
    if (Number.isNaN(sinceMs)) throw new RequestMalformedError("statusTimestampAfter: it is not a time");
    const thread = contextId === "" ? undefined : await this.#known(agent, contextId);
    if (contextId !== "" && thread === undefined) return [];
    const found: RunSummary[] = [];
    let cursor: string | undefined;
    for (let scanned = 0; scanned < SCANNED_MAX;) {
      const page = await this.#caller.perform(operations.run.list, {
        limit: 100,
        ...(thread !== undefined && { thread }),
        ...(agent !== undefined && { agent }),
        ...(cursor !== undefined && { cursor }),
      });
      found.push(
        ...page.items.filter(
          (run) =>
            (states === undefined || states.has(run.state)) &&
            Date.parse(run.ended_at ?? run.started_at ?? run.created_at) >= sinceMs,
        ),
      );
      scanned += page.items.length;
      if (page.next === null) break;
      cursor = page.next;
    }
    return found;
  }

  /** The thread that a context names. */
  async #known(agent: string | undefined, contextId: string): Promise<string | undefined> {
    if (UUID.test(contextId)) {
      const thread = await this.#caller.perform(operations.thread.get, { id: contextId }).catch(ignoreMissing);
      if (thread !== undefined) return thread.id;
    }
    if (agent === undefined) return undefined;
    const key = contextKey(this.#caller.principal.id, agent, contextId);
    const { items } = await this.#caller.perform(operations.thread.list, { agent, key, limit: 1 });
    return items[0]?.id;
  }
}

function ignoreMissing(error: unknown): undefined {
  if (error instanceof Error && "kind" in error && error.kind === "not-found") return undefined;
  throw error;
}

const noPush = () => new PushNotificationNotSupportedError("push notifications are not supported: use webhooks");
