export { agent } from "./agent.ts";
export { template } from "./template.ts";
