import {
  AgentCard,
  ListTaskPushNotificationConfigsResponse,
  type ListTasksRequest,
  ListTasksResponse,
  SendMessageRequest,
  SendMessageResponse,
  StreamResponse,
  Task,
  TaskPushNotificationConfig,
  taskStateFromJSON,
  TaskState,
} from "@a2a-js/sdk";
import { RequestMalformedError, restStatusFor, toRestErrorBody, VersionNotSupportedError } from "@a2a-js/sdk/errors";
import * as z from "zod";
import { Json } from "../../kernel/json.ts";
import type { Exchange } from "../http/index.ts";
import { checkInput } from "../operations/index.ts";
import { checkPush, checkSending } from "./check-message.ts";
import type { Endpoint } from "./endpoint.ts";
import { isOfTransport, translated } from "./errors.ts";
import { failure } from "./failures.ts";
import { addressedBy, requestsOf } from "./addressed.ts";
import { cardJson } from "./legacy-card.ts";
import { LEGACY_VERSION, versionOf } from "./versions.ts";

const MEDIA_TYPE = "application/a2a+json";
const Count = z.coerce.number().int().min(0).optional();
const HistoryQuery = z.object({ historyLength: Count });
const ListQuery = HistoryQuery.extend({
  contextId: z.string().default(""),
  status: z.string().optional(),
  pageSize: Count,
  pageToken: z.string().default(""),
  statusTimestampAfter: z.string().optional(),
  includeArtifacts: z.enum(["true", "false"]).default("false"),
});
const PushQuery = ListQuery.pick({ pageSize: true, pageToken: true });
const TaskParams = z.object({ task: z.string() });
const PushParams = TaskParams.extend({ config: z.string().default("") });
const SUBSCRIBE = ":subscribe";
const CANCEL = ":cancel";

/** Answers a request of version 1.0; a failure has the form of the protocol. */
const answer = (exchange: Exchange, act: () => Promise<unknown>): Promise<object | undefined> =>
  respond(exchange, async () => {
    if (versionOf(exchange.request.headers) === LEGACY_VERSION)
      throw new VersionNotSupportedError("A2A 0.3 is served as JSON-RPC: send the request to /a2a/<agent>");
    return act();
  });

async function respond(exchange: Exchange, act: () => Promise<unknown>): Promise<object | undefined> {
  void exchange.reply.type(MEDIA_TYPE);
  try {
    const found = await act();
    return typeof found === "object" && found !== null ? found : undefined;
  } catch (thrown) {
    const error = translated(thrown);
    if (isOfTransport(error)) throw error;
    const status = restStatusFor(error);
    void exchange.reply.status(status);
    return toRestErrorBody(error, status);
  }
}

type Request = readonly [exchange: Exchange, endpoint: Endpoint];

/** The card of the version that the request names. */
export const sendCard = async (...[exchange, endpoint]: Request) =>
  respond(exchange, async () => {
    void exchange.reply.header("vary", "A2A-Version");
    const version = versionOf(exchange.request.headers);
    return cardJson(await endpoint.card(addressedBy(exchange, endpoint)), version);
  });

export const sendExtendedCard = async (...request: Request) =>
  answer(request[0], async () =>
    AgentCard.toJSON(await requestsOf(...request).getAuthenticatedExtendedAgentCard({ tenant: "" })),
  );

/** Throws RequestInvalidError. */
function sendingOf({ request: { body } }: Exchange): SendMessageRequest {
  checkSending(Json.optional().parse(body));
  return SendMessageRequest.fromJSON(body);
}

export const sendMessage = async (...request: Request) =>
  answer(request[0], async () => {
    const task = await requestsOf(...request).sendMessage(sendingOf(request[0]));
    return SendMessageResponse.toJSON({ payload: { $case: "task", value: task } });
  });

export const streamMessage = async (...request: Request) =>
  answer(request[0], async () => {
    const sending = sendingOf(request[0]);
    return stream(request[0], () => requestsOf(...request).sendMessageStream(sending));
  });

export const listTasks = async (...request: Request) =>
  answer(request[0], async () => {
    const { status, includeArtifacts, ...query } = checkInput(ListQuery, request[0].request.query);
    const asked: ListTasksRequest = {
      ...query,
      tenant: "",
      status: status === undefined ? TaskState.TASK_STATE_UNSPECIFIED : taskStateFromJSON(status),
      includeArtifacts: includeArtifacts === "true",
      statusTimestampAfter: query.statusTimestampAfter,
    };
    const found = await requestsOf(...request).listTasks(asked);
    return { tasks: [], nextPageToken: "", pageSize: 0, totalSize: 0, ...Object(ListTasksResponse.toJSON(found)) };
  });

export const getTask = async (...request: Request) =>
  answer(request[0], async () => {
    const { task } = TaskParams.parse(request[0].request.params);
    const requests = requestsOf(...request);
    if (task.endsWith(SUBSCRIBE))
      return stream(request[0], () => requests.resubscribe({ id: task.slice(0, -SUBSCRIBE.length), tenant: "" }));
    const { historyLength } = checkInput(HistoryQuery, request[0].request.query);
    return Task.toJSON(await requests.getTask({ id: task, historyLength, tenant: "" }));
  });

export const actOnTask = async (...request: Request) =>
  answer(request[0], async () => {
    const { task } = TaskParams.parse(request[0].request.params);
    const requests = requestsOf(...request);
    if (task.endsWith(SUBSCRIBE))
      return stream(request[0], () => requests.resubscribe({ id: task.slice(0, -SUBSCRIBE.length), tenant: "" }));
    if (!task.endsWith(CANCEL)) throw new RequestMalformedError("the path ends with :cancel or :subscribe");
    const id = task.slice(0, -CANCEL.length);
    return Task.toJSON(await requests.cancelTask({ id, tenant: "", metadata: undefined }));
  });

const pushOf = ({ request: { params } }: Exchange) => {
  const { task: taskId, config: id } = PushParams.parse(params);
  return { taskId, id, tenant: "" };
};

export const createPush = async (...request: Request) =>
  answer(request[0], async () => {
    checkPush(Json.optional().parse(request[0].request.body));
    const config = {
      ...TaskPushNotificationConfig.fromJSON(request[0].request.body),
      taskId: pushOf(request[0]).taskId,
    };
    return TaskPushNotificationConfig.toJSON(await requestsOf(...request).createTaskPushNotificationConfig(config));
  });
export const listPush = async (...request: Request) =>
  answer(request[0], async () => {
    const { pageSize = 0, pageToken } = checkInput(PushQuery, request[0].request.query);
    const asked = { ...pushOf(request[0]), pageSize, pageToken };
    const found = await requestsOf(...request).listTaskPushNotificationConfigs(asked);
    return { configs: [], ...Object(ListTaskPushNotificationConfigsResponse.toJSON(found)) };
  });
export const getPush = async (...request: Request) =>
  answer(request[0], async () =>
    TaskPushNotificationConfig.toJSON(await requestsOf(...request).getTaskPushNotificationConfig(pushOf(request[0]))),
  );
export const deletePush = async (...request: Request) =>
  answer(request[0], async () => {
    await requestsOf(...request).deleteTaskPushNotificationConfig(pushOf(request[0]));
    return {};
  });

type Events = AsyncGenerator<StreamResponse, void, undefined>;

/** Sends a stream. It begins when the exchange has a permit for one; a failure before its first event is thrown. */
function stream(exchange: Exchange, open: () => Events): Promise<undefined> {
  return exchange.stream<StreamResponse>(
    {
      opening: "",
      frame: (event) => `data: ${JSON.stringify(StreamResponse.toJSON(event))}\n\n`,
      failed: (fault, requestId) => `event: error\ndata: ${JSON.stringify(failure(fault, requestId).body)}\n\n`,
    },
    async () => {
      const events = open();
      const first = await events.next();
      return rest(first, events);
    },
  );
}

async function* rest(first: IteratorResult<StreamResponse, void>, events: Events): Events {
  try {
    for (let next = first; next.done !== true; next = await events.next()) yield next.value;
  } finally {
    await events.return();
  }
}
