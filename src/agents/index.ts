export { type AgentsOptions, openAgents, type AgentServices } from "./open.ts";
