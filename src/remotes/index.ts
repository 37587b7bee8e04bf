/** Agents of other systems that take part in messaging over Agent2Agent, and the port that stores them. */
export { openRemotes, type RemotesOptions, type RemotesPorts, type RemoteServices } from "./open.ts";
export { REMOTE_FAILURES } from "./errors.ts";
export { type DelegatedFiles } from "./handler.ts";
export { type A2aAgent, type A2aStore, type A2aTask, type A2aTaskKey } from "./remote-agent.ts";
export { type ListedA2aAgent } from "./remote-agents.ts";
