export type { Http } from "./context.ts";
export { httpServer } from "./http-server.ts";
