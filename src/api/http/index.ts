export type { Http, HttpOptions } from "./context.ts";
export { httpServer } from "./http-server.ts";
