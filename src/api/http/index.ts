export { type Http, type HttpOptions, type HttpServices, httpServer } from "./http-server.ts";
