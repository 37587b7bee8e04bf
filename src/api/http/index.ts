export type { Http } from "./context.ts";
export { checkKey, hashOf, refusalOf, streamedAgain, UNSURE } from "./requests/idempotency.ts";
export { httpServer } from "./http-server.ts";
export { RouteNotFoundError } from "./errors.ts";
export { originAt } from "./protocol.ts";
export type { Exchange, Protocol, ProtocolFailure, ProtocolRoute, ProtocolScope } from "./protocol.ts";
export type { StreamFormat } from "./responses/sse.ts";
export type { RpcExchange, RpcProtocol } from "./rpc.ts";
