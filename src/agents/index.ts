export { type AgentsOptions, openAgents, type OpenAgents } from "./open.ts";
