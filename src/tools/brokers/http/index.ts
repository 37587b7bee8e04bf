/** The network as tools see it. */
export { HttpBroker } from "./http-broker.ts";
export type { GrantedSecret } from "./request-secrets.ts";
export { probeHealth } from "./health-probe.ts";
export { publicFetch } from "./public-fetch.ts";
