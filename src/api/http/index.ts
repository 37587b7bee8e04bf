export type { Http } from "./context.ts";
export { httpServer } from "./http-server.ts";
export type { Exchange, Protocol, ProtocolFailure, ProtocolScope } from "./protocol.ts";
