import { type AgentHandler, type Router } from "../../messaging/router/index.ts";
import { type FipaTransport } from "./fipa-transport.ts";
import { type RemoteAgents } from "./remote-agents.ts";

type Parts = {
  readonly router: Pick<Router, "attach">;
  readonly transport: Pick<FipaTransport, "deliver">;
  readonly remotes: RemoteAgents;
  readonly workspace: string;
};

/** Gives the mailbox of each agent of another platform to the transport, also of those that are met later. */
export function attachRemoteAgents({ router, transport, remotes, workspace }: Parts): Disposable {
  const stack = new DisposableStack();
  const attached = new Set<string>();
  const handler: AgentHandler = { handle: (delivered, signal) => transport.deliver(delivered, signal) };
  const attachNew = (): void => {
    for (const { id } of remotes.all()) {
      const key = id.name.toLowerCase();
      if (attached.has(key)) continue;
      attached.add(key);
      stack.use(router.attach(workspace, id.name, handler));
    }
  };
  stack.use(remotes.watch(attachNew));
  attachNew();
  return stack;
}
