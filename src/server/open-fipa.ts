import type { ResourceLimits } from "../access/index.ts";
import { attachRemoteAgents, FipaTransport, type LocalAgent, type RemoteAgents } from "../api/fipa/index.ts";
import { DEFAULT_WORKSPACE } from "../access/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { MessagingServices } from "../messaging/index.ts";
import type { Directory } from "../messaging/router/index.ts";
import type { Config } from "./config/index.ts";
import type { SecureListeners } from "./tls/index.ts";
import { ListenFailedError, PortInUseError } from "./errors.ts";

/** `url` is where agents of other FIPA platforms write to. */
export type OpenFipa = AsyncDisposable & { readonly url: string };

type Parts = {
  readonly messaging: MessagingServices;
  readonly remotes: RemoteAgents;
  readonly clock: Clock;
  readonly tls: SecureListeners | undefined;
  readonly limits: ResourceLimits;
};

/** Opens the FIPA transport. Throws PortInUseError, ListenFailedError. */
export async function openFipa(
  { fipa, messages }: Config,
  { messaging: { router, directory }, remotes, clock, tls, limits }: Parts,
): Promise<OpenFipa> {
  const { host, port, platform, address, allow } = fipa;
  const transport = await FipaTransport.open(
    {
      submit: (message) => router.submit(message),
      records: router.records,
      agents: () => agentsOf(directory),
      remotes,
      clock,
      limits,
      workspace: DEFAULT_WORKSPACE,
    },
    {
      host,
      port,
      platform,
      address,
      allow,
      createServer: tls?.createServer,
      messageBytesMax: messages.message_bytes_max,
    },
  ).catch((error: unknown) => {
    throw listenError(error, host, port);
  });
  const attached = attachRemoteAgents({ router, transport, remotes, workspace: DEFAULT_WORKSPACE });
  return {
    url: transport.url,
    [Symbol.asyncDispose]: async () => {
      attached[Symbol.dispose]();
      await transport[Symbol.asyncDispose]();
    },
  };
}

/** The deployed agents and what each provides. */
function agentsOf(directory: Directory): readonly LocalAgent[] {
  const provided = new Map<string, string[]>();
  for (const capability of directory.capabilities(DEFAULT_WORKSPACE))
    for (const { name } of directory.providers(DEFAULT_WORKSPACE, capability))
      provided.set(name, [...(provided.get(name) ?? []), capability]);
  return [...directory.names(DEFAULT_WORKSPACE)]
    .filter((name) => directory.find(DEFAULT_WORKSPACE, name)?.presence === "agent")
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
