export type { Http, HttpOptions, HttpServices } from "./context.ts";
export { httpServer } from "./http-server.ts";
