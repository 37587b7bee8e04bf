import { attachRemoteAgents, FipaTransport, type LocalAgent, type RemoteAgents } from "../api/fipa/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Directory, Router } from "../messaging/router/index.ts";
import type { Config } from "./config/index.ts";
import { ListenFailedError, PortInUseError } from "./errors.ts";

type Parts = {
  readonly router: Router;
  readonly directory: Directory;
  readonly remotes: RemoteAgents;
  readonly clock: Clock;
  readonly workspace: string;
};

/** Opens the FIPA transport and gives its address. Throws PortInUseError, ListenFailedError. */
export async function openFipa(
  stack: AsyncDisposableStack,
  { fipa, messages }: Config,
  { router, directory, remotes, clock, workspace }: Parts,
): Promise<string> {
  const { host, port, platform, address, allow } = fipa;
  const transport = await FipaTransport.open(
    {
      submit: (message) => router.submit(message),
      records: router.records,
      agents: () => agentsOf(directory, workspace),
      remotes,
      clock,
      workspace,
    },
    { host, port, platform, address, allow, messageBytesMax: messages.message_bytes_max },
  ).catch((error: unknown) => {
    throw listenError(error, host, port);
  });
  stack.use(transport);
  stack.use(attachRemoteAgents({ router, transport, remotes, workspace }));
  return transport.url;
}

/** The deployed agents and what each provides. */
function agentsOf(directory: Directory, workspace: string): readonly LocalAgent[] {
  const provided = new Map<string, string[]>();
  for (const capability of directory.capabilities(workspace))
    for (const { name } of directory.providers(workspace, capability))
      provided.set(name, [...(provided.get(name) ?? []), capability]);
  return [...directory.names(workspace)]
    .filter((name) => directory.find(workspace, name)?.presence === "agent")
    .map((name) => ({ name, capabilities: provided.get(name) ?? [] }));
}

function listenError(error: unknown, host: string, port: number): Error {
  const isTaken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
  const why = error instanceof Error ? error.message : String(error);
  return isTaken
    ? new PortInUseError(
        `port ${port} on ${host} is in use`,
        "Choose another as fipa.port.",
        { host, port },
        { cause: error },
      )
    : new ListenFailedError(
        `cannot listen on ${host}:${port}: ${why}`,
        "Check fipa.host and fipa.port.",
        { host, port },
        { cause: error },
      );
}
