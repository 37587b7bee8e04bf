import type { AgentContext, ClientCapabilities, SessionUpdate } from "@agentclientprotocol/sdk";

/** The editor, as one session speaks with it. */
export type Peer = {
  readonly client: AgentContext;
  readonly capabilities: ClientCapabilities;
  readonly sessionId: string;
};

export const update = ({ client, sessionId }: Peer, change: SessionUpdate): Promise<void> =>
  client.notify("session/update", { sessionId, update: change });
