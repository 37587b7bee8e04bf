export type { Http } from "./context.ts";
export { httpServer } from "./http-server.ts";
export { RouteNotFoundError } from "./errors.ts";
export type { Exchange, Protocol, ProtocolFailure, ProtocolRoute, ProtocolScope } from "./protocol.ts";
