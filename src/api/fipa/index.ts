/** Agents of other FIPA platforms: the HTTP message transport, and the management services that they ask. */
export { attachRemoteAgents } from "./attach-remote-agents.ts";
export { type FipaOptions, FipaTransport } from "./fipa-transport.ts";
export { type LocalAgent } from "./management.ts";
export { RemoteAgents } from "./remote-agents.ts";
export { withRemoteAgents } from "./remote-directory.ts";
