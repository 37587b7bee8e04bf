import {
  AgentCard,
  CancelTaskRequest,
  DeleteTaskPushNotificationConfigRequest,
  GetExtendedAgentCardRequest,
  GetTaskPushNotificationConfigRequest,
  GetTaskRequest,
  ListTaskPushNotificationConfigsRequest,
  ListTaskPushNotificationConfigsResponse,
  ListTasksRequest,
  ListTasksResponse,
  SendMessageRequest,
  SendMessageResponse,
  StreamResponse,
  SubscribeToTaskRequest,
  Task,
  TaskPushNotificationConfig,
} from "@a2a-js/sdk";
import { A2AError, VersionNotSupportedError } from "@a2a-js/sdk/errors";
import type { Json } from "../../kernel/json.ts";
import type { JsonCall, JsonFailure, JsonService } from "../grpc/index.ts";
import type { ApiServices } from "../operations/index.ts";
import { checkCounts, checkSending } from "./check-message.ts";
import { Endpoint } from "./endpoint.ts";
import { translated } from "./errors.ts";
import { A2A_FILE } from "./grpc-schema.ts";
import type { A2aOptions } from "./index.ts";
import type { Requests } from "./requests.ts";
import { LEGACY_VERSION, versionOf } from "./versions.ts";

type Unary = (requests: Requests, input: Json) => Promise<unknown>;
type Streaming = (requests: Requests, input: Json) => AsyncGenerator<StreamResponse, void, undefined>;

/** Throws RequestInvalidError. */
function sendingOf(input: Json): SendMessageRequest {
  checkSending(input);
  return SendMessageRequest.fromJSON(input);
}
function counted(input: Json): Json {
  checkCounts(input);
  return input;
}

const UNARY: Readonly<Record<string, Unary>> = {
  SendMessage: async (requests, input) =>
    SendMessageResponse.toJSON({
      payload: { $case: "task", value: await requests.sendMessage(sendingOf(input)) },
    }),
  GetTask: async (requests, input) => Task.toJSON(await requests.getTask(GetTaskRequest.fromJSON(counted(input)))),
  ListTasks: async (requests, input) =>
    ListTasksResponse.toJSON(await requests.listTasks(ListTasksRequest.fromJSON(counted(input)))),
  CancelTask: async (requests, input) => Task.toJSON(await requests.cancelTask(CancelTaskRequest.fromJSON(input))),
  GetExtendedAgentCard: async (requests, input) =>
    AgentCard.toJSON(await requests.getAuthenticatedExtendedAgentCard(GetExtendedAgentCardRequest.fromJSON(input))),
  CreateTaskPushNotificationConfig: async (requests, input) =>
    TaskPushNotificationConfig.toJSON(
      await requests.createTaskPushNotificationConfig(TaskPushNotificationConfig.fromJSON(input)),
    ),
  GetTaskPushNotificationConfig: async (requests, input) =>
    TaskPushNotificationConfig.toJSON(
      await requests.getTaskPushNotificationConfig(GetTaskPushNotificationConfigRequest.fromJSON(input)),
    ),
  ListTaskPushNotificationConfigs: async (requests, input) =>
    ListTaskPushNotificationConfigsResponse.toJSON(
      await requests.listTaskPushNotificationConfigs(ListTaskPushNotificationConfigsRequest.fromJSON(counted(input))),
    ),
  DeleteTaskPushNotificationConfig: async (requests, input) => {
    await requests.deleteTaskPushNotificationConfig(DeleteTaskPushNotificationConfigRequest.fromJSON(input));
    return {};
  },
};
const STREAMING: Readonly<Record<string, Streaming>> = {
  SendStreamingMessage: (requests, input) => requests.sendMessageStream(sendingOf(input)),
  SubscribeToTask: (requests, input) => requests.resubscribe(SubscribeToTaskRequest.fromJSON(input)),
};

const CODES: Readonly<Record<string, JsonFailure["code"]>> = {
  TASK_NOT_FOUND: "NotFound",
  TASK_NOT_CANCELABLE: "FailedPrecondition",
  PUSH_NOTIFICATION_NOT_SUPPORTED: "FailedPrecondition",
  UNSUPPORTED_OPERATION: "FailedPrecondition",
  CONTENT_TYPE_NOT_SUPPORTED: "InvalidArgument",
  VERSION_NOT_SUPPORTED: "FailedPrecondition",
  INVALID_PARAMS: "InvalidArgument",
};

function failureOf(thrown: unknown): JsonFailure | Error {
  const error = translated(thrown);
  if (!(error instanceof A2AError)) return error instanceof Error ? error : new Error(String(error));
  const { reason, domain, metadata = {} } = error.toErrorInfo();
  const code = CODES[reason];
  if (code === undefined) return error.cause instanceof Error ? error.cause : error;
  return { type: "failure", code, message: error.message, reason, domain, metadata };
}

/** lf.a2a.v1.A2AService. A request names its agent as tenant. */
export function a2aService(services: ApiServices, options: A2aOptions): JsonService {
  const endpoint = new Endpoint(services, options);
  const open = ({ caller, headers, authority, isEncrypted }: JsonCall): Requests => {
    if (versionOf(headers) === LEGACY_VERSION)
      throw new VersionNotSupportedError("A2A 0.3 is served as JSON-RPC: send the request to /a2a/<agent>");
    const base = endpoint.baseAt(`${isEncrypted ? "https" : "http"}://${authority}`);
    return endpoint.requests(caller, { agent: undefined, base });
  };
  return {
    file: A2A_FILE,
    failureOf,
    answer: async (method, input, call) => methodOf(UNARY, method)(open(call), input),
    stream: async function* (method, input, call) {
      for await (const event of methodOf(STREAMING, method)(open(call), input)) yield StreamResponse.toJSON(event);
    },
  };
}

function methodOf<Method>(methods: Readonly<Record<string, Method>>, name: string): Method {
  const found = methods[name];
  if (found === undefined) throw new TypeError(`no such method: ${name}`);
  return found;
}
