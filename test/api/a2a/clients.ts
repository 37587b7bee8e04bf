import { type Message, type Part, Role, type SendMessageRequest, type StreamResponse, type Task } from "@a2a-js/sdk";
import {
  type CallInterceptor,
  type Client,
  ClientFactory,
  ClientFactoryOptions,
  DefaultAgentCardResolver,
  JsonRpcTransportFactory,
  RestTransportFactory,
} from "@a2a-js/sdk/client";
import { GrpcTransportFactory } from "@a2a-js/sdk/client/grpc";

export type Binding = "JSONRPC" | "HTTP+JSON" | "GRPC";

/** The official client of an agent, with an API key. */
export function connect(
  url: string,
  agent: string,
  { binding = "JSONRPC", key }: { binding?: Binding; key?: string } = {},
): Promise<Client> {
  const fetchImpl: typeof fetch = (input, init) => {
    const headers = new Headers(init?.headers);
    if (key !== undefined) headers.set("authorization", `Bearer ${key}`);
    return fetch(input, { ...init, headers });
  };
  const transports = [
    new JsonRpcTransportFactory({ fetchImpl }),
    new RestTransportFactory({ fetchImpl }),
    new GrpcTransportFactory(),
  ];
  const withKey: CallInterceptor = {
    before: async (call) => {
      const serviceParameters = { ...call.options?.serviceParameters, ...(key !== undefined && { "x-api-key": key }) };
      call.options = { ...call.options, serviceParameters };
    },
    after: async () => undefined,
  };
  const options = ClientFactoryOptions.createFrom(ClientFactoryOptions.default, {
    transports,
    preferredTransports: [binding],
    cardResolver: new DefaultAgentCardResolver({ fetchImpl }),
    ...(binding === "GRPC" && { clientConfig: { interceptors: [withKey] } }),
  });
  return new ClientFactory(options).createFromUrl(`${url}/a2a/${agent}/`);
}

export const part = (content: NonNullable<Part["content"]>, filename = "", mediaType = ""): Part => ({
  content,
  metadata: undefined,
  filename,
  mediaType,
});

/** A message of a text or of parts, with an id of its own. */
export function request(content: string | readonly Part[], more: Partial<Message> = {}): SendMessageRequest {
  const parts = typeof content === "string" ? [part({ $case: "text", value: content })] : [...content];
  const message: Message = {
    messageId: crypto.randomUUID(),
    contextId: "",
    taskId: "",
    role: Role.ROLE_USER,
    parts,
    metadata: undefined,
    extensions: [],
    referenceTaskIds: [],
    ...more,
  };
  return { tenant: "", message, configuration: undefined, metadata: undefined };
}

export function asTask(answer: Message | Task): Task {
  if ("messageId" in answer) throw new Error("the answer is a message");
  return answer;
}

/** The texts of a task's answer. */
export const answerOf = ({ artifacts }: Task): readonly string[] =>
  artifacts
    .filter(({ artifactId }) => artifactId === "answer")
    .flatMap(({ parts }) =>
      parts.map(({ content }) => (content?.$case === "text" ? content.value : (content?.$case ?? ""))),
    );

export async function collect(
  events: AsyncIterable<StreamResponse>,
): Promise<readonly NonNullable<StreamResponse["payload"]>[]> {
  const all: NonNullable<StreamResponse["payload"]>[] = [];
  for await (const { payload } of events) if (payload) all.push(payload);
  return all;
}
