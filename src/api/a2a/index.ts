import type { Exchange, Protocol, ProtocolRoute, ProtocolScope } from "../http/index.ts";
import type { JsonProtocol } from "../grpc/index.ts";
import type { ApiServices, WriteNotification } from "../operations/index.ts";
import { type CardOptions, KEYS_PATH } from "./card.ts";
import type { Endpoint } from "./endpoint.ts";
import { failure, rpcFailure } from "./failures.ts";

export type A2aOptions = CardOptions & {
  /** Where clients reach the server; undefined: at the address of each request. */
  readonly publicUrl: string | undefined;
};

const ROOT = "/a2a";
const AGENT = `${ROOT}/:agent`;
const CARD = "/.well-known/agent-card.json";
const MEDIA_TYPE = "application/a2a+json";

type Answer = (exchange: Exchange, endpoint: Endpoint) => Promise<object | undefined>;

const card: Answer = async (...request) => (await import("./rest.ts")).sendCard(...request);

/** Agent2Agent 1.0 as gRPC. */
export const a2aGrpc = (options: A2aOptions): JsonProtocol => ({
  path: "/lf.a2a.v1.*",
  load: async (services) => (await import("./grpc-service.ts")).a2aService(services, options),
});

/** Writes the push notifications of tasks. */
export const a2aNotifications =
  (services: ApiServices): WriteNotification =>
  async (...notification) =>
    (await import("./push/write-notification.ts")).writeNotification(services, ...notification);

/**
 * Agent2Agent 1.0 as JSON-RPC and HTTP+JSON, and 0.3 as JSON-RPC. Each agent has an address and a card. The library of the protocol is
 * loaded with the first request.
 */
export const a2a = (options: A2aOptions): Protocol => ({
  name: "a2a",
  mediaTypes: [MEDIA_TYPE],
  failed: failure,
  routes: (scope, services) => routes(scope, services, options),
});

function routes(scope: ProtocolScope, services: ApiServices, options: A2aOptions): void {
  let opened: Promise<Endpoint> | undefined;
  const open = () => (opened ??= import("./endpoint.ts").then(({ Endpoint }) => new Endpoint(services, options)));
  const route = (method: ProtocolRoute["method"], path: string, answer: Answer, more: Partial<ProtocolRoute> = {}) =>
    scope.route({ ...more, method, path, handle: async (exchange) => answer(exchange, await open()) });
  const rest = (method: ProtocolRoute["method"], path: string, answer: Answer) => route(method, AGENT + path, answer);
  const rpc = (path: string) =>
    route("POST", path, async (...request) => (await import("./json-rpc.ts")).answerRpc(...request), {
      failed: rpcFailure,
    });
  route("GET", CARD, card, { isPublic: true });
  route("GET", KEYS_PATH, async (_exchange, { publicKeys: keys }) => ({ keys }), { isPublic: true });
  route("GET", AGENT + CARD, card);
  rpc(ROOT);
  rpc(AGENT);
  rest("GET", "/extendedAgentCard", async (...request) => (await import("./rest.ts")).sendExtendedCard(...request));
  rest("POST", "/message::send", async (...request) => (await import("./rest.ts")).sendMessage(...request));
  rest("POST", "/message::stream", async (...request) => (await import("./rest.ts")).streamMessage(...request));
  rest("GET", "/tasks", async (...request) => (await import("./rest.ts")).listTasks(...request));
  rest("GET", "/tasks/:task", async (...request) => (await import("./rest.ts")).getTask(...request));
  rest("POST", "/tasks/:task", async (...request) => (await import("./rest.ts")).actOnTask(...request));
  const configs = "/tasks/:task/pushNotificationConfigs";
  rest("POST", configs, async (...request) => (await import("./rest.ts")).createPush(...request));
  rest("GET", configs, async (...request) => (await import("./rest.ts")).listPush(...request));
  rest("GET", `${configs}/:config`, async (...request) => (await import("./rest.ts")).getPush(...request));
  rest("DELETE", `${configs}/:config`, async (...request) => (await import("./rest.ts")).deletePush(...request));
}
