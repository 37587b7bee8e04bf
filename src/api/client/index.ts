/** A client of the HTTP API: the CLI and the dashboard send their requests by it. The package publishes client.ts as `caxton-server/client`. */
export { Connection, type Opening } from "./connection.ts";
export { followEvents } from "./events.ts";
export { ConnectionError, ProblemError, type SentRequest } from "./public.ts";
export { rowOf } from "./rows.ts";
export type { Row } from "./row.ts";
export { EventStreamReader, type ServerSentEvent } from "./sse.ts";
