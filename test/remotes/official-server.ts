import { createServer, type IncomingMessage } from "node:http";
import { AgentCard, type Message, type Part, Role, type Task, TaskState } from "@a2a-js/sdk";
import {
  AgentEvent,
  type AgentExecutor,
  DefaultRequestHandler,
  type ExecutionEventBus,
  InMemoryTaskStore,
  JsonRpcTransportHandler,
  type RequestContext,
  ServerCallContext,
} from "@a2a-js/sdk/server";
import { part } from "../api/a2a/clients.ts";

/** An answer in place of that of the server; `cut-after` breaks the connection when the server has done its work. */
type Instead = { status: number; body?: string; headers?: Record<string, string> } | "cut" | "cut-after";

export type OfficialServer = AsyncDisposable & {
  readonly url: string;
  readonly origin: string;
  /** Messages that the agent received, each once for each time that it worked on one. */
  readonly worked: Message[];
  /** Methods of all requests, with the token of each. */
  readonly requests: { readonly method: string; readonly authorization: string | undefined }[];
  /** Ids of tasks that were cancelled. */
  readonly cancelled: string[];
  /** Ends what waits for a release. */
  readonly release: () => void;
  /** Answers in place of the server; reset by undefined. */
  instead: ((method: string) => Instead | undefined) | undefined;
  card: Record<string, unknown>;
};

const textOf = ({ parts }: Message): string =>
  parts.map(({ content }) => (content?.$case === "text" ? content.value : "")).join("");

const text = (value: string) => part({ $case: "text", value }, "", "text/plain");

type Place = Pick<RequestContext, "taskId" | "contextId">;
const messageOf = ({ taskId, contextId }: Place, parts: Part[]): Message => ({
  messageId: crypto.randomUUID(),
  contextId,
  taskId,
  role: Role.ROLE_AGENT,
  parts,
  metadata: undefined,
  extensions: [],
  referenceTaskIds: [],
});

type Report = {
  readonly state: TaskState;
  readonly artifacts?: Part[];
  readonly said?: string;
  readonly history?: Message[];
};
const taskOf = (place: Place, { state, artifacts = [], said, history = [] }: Report): Task => ({
  id: place.taskId,
  contextId: place.contextId,
  status: {
    state,
    message: said === undefined ? undefined : messageOf(place, [text(said)]),
    timestamp: new Date().toISOString(),
  },
  artifacts:
    artifacts.length === 0
      ? []
      : [{ artifactId: "a", name: "", description: "", parts: artifacts, metadata: undefined, extensions: [] }],
  history,
  metadata: undefined,
});

/** What the agent does, by the first word of a message. */
class Bakery implements AgentExecutor {
  readonly worked: Message[] = [];
  readonly cancelled: string[] = [];
  #released = Promise.withResolvers<void>();

  release(): void {
    this.#released.resolve();
    this.#released = Promise.withResolvers<void>();
  }

  async execute(context: RequestContext, bus: ExecutionEventBus): Promise<void> {
    const { userMessage, task } = context;
    this.worked.push(userMessage);
    const history = [...(task?.history ?? []), userMessage];
    const publish = (report: Report) => bus.publish(AgentEvent.task(taskOf(context, { ...report, history })));
    const complete = (...artifacts: Part[]) => publish({ state: TaskState.TASK_STATE_COMPLETED, artifacts });
    const said = textOf(userMessage);
    const { promise } = this.#released;
    if (task?.status?.state === TaskState.TASK_STATE_INPUT_REQUIRED) complete(text(`ordered ${said}`));
    else if (said.startsWith("ask")) publish({ state: TaskState.TASK_STATE_INPUT_REQUIRED, said: "Which colour?" });
    else if (said.startsWith("fail")) publish({ state: TaskState.TASK_STATE_FAILED, said: "the oven is cold" });
    else if (said.startsWith("reject")) publish({ state: TaskState.TASK_STATE_REJECTED, said: "not my job" });
    else if (said.startsWith("message")) {
      await promise;
      bus.publish(AgentEvent.message(messageOf(context, [text("without a task")])));
    } else if (said.startsWith("slow")) {
      publish({ state: TaskState.TASK_STATE_WORKING });
      await promise;
      complete(text("at last"));
    } else if (said.startsWith("file"))
      complete(
        text("see the table"),
        part({ $case: "raw", value: Buffer.from("a,b\n1,2\n") }, "table.csv", "text/csv"),
      );
    else complete(text([`echo ${said}`, ...userMessage.parts.flatMap(fileOf)].join("\n")));
    bus.finished();
  }

  async cancelTask(taskId: string, bus: ExecutionEventBus): Promise<void> {
    this.cancelled.push(taskId);
    bus.publish(AgentEvent.task(taskOf({ taskId, contextId: "" }, { state: TaskState.TASK_STATE_CANCELED })));
    bus.finished();
  }
}

const fileOf = ({ content, filename }: Part): readonly string[] =>
  content?.$case === "raw" ? [`${filename} ${Buffer.from(content.value).toString()}`] : [];

/** An agent on the official JavaScript server; its tasks are in memory. */
export async function startOfficialServer(): Promise<OfficialServer> {
  const bakery = new Bakery();
  const requests: OfficialServer["requests"] = [];
  const listener = createServer((request, response) => {
    const answer = async () => {
      const body = request.method === "POST" ? JSON.parse(await read(request)) : undefined;
      const method = body?.method ?? "card";
      requests.push({ method, authorization: request.headers.authorization });
      const other = server.instead?.(method);
      if (other === "cut") return void request.socket.destroy();
      if (other !== undefined && other !== "cut-after")
        return void response.writeHead(other.status, other.headers).end(other.body ?? "");
      const context = new ServerCallContext({ requestedVersion: "1.0" });
      const result = body === undefined ? server.card : await transport.handle(body, context);
      if (other === "cut-after") return void request.socket.destroy();
      return void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(result));
    };
    answer().catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  const listening = Promise.withResolvers<void>();
  listener.listen(0, "127.0.0.1", listening.resolve);
  await listening.promise;
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const origin = `http://127.0.0.1:${address.port}`;
  const card = cardOf(origin);
  const handler = new DefaultRequestHandler(AgentCard.fromJSON(card), new InMemoryTaskStore(), bakery);
  const transport = new JsonRpcTransportHandler(handler);
  const { worked, cancelled } = bakery;
  const release = () => bakery.release();
  const server: OfficialServer = {
    url: origin,
    origin,
    worked,
    cancelled,
    requests,
    release,
    card,
    instead: undefined,
    [Symbol.asyncDispose]: async () => {
      release();
      const closed = Promise.withResolvers<void>();
      listener.close(() => closed.resolve());
      listener.closeAllConnections();
      await closed.promise;
    },
  };
  return server;
}

const cardOf = (origin: string) => ({
  name: "Bakery",
  description: "Bakes and orders",
  version: "2.1.0",
  supportedInterfaces: [{ url: `${origin}/rpc`, protocolBinding: "JSONRPC", protocolVersion: "1.0" }],
  capabilities: {},
  defaultInputModes: ["text/plain"],
  defaultOutputModes: ["text/plain"],
  skills: [{ id: "bake_bread", name: "Bake", description: "Bakes bread", tags: ["food"] }],
});

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
