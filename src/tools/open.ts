import type { ChangeLog } from "../kernel/changes/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { KnownSecrets } from "../text/redaction/index.ts";
import { type BrokerOptions, type GuestPorts, openBroker } from "./broker.ts";
import {
  type GrantLedger,
  type NativeTools,
  type ToolCatalogues,
  type ToolRunner,
  withNativeTools,
} from "./catalogue/index.ts";
import { deployToolServers, redeployFailed, type ToolDeployment, type ToolSources, overridesOf } from "./deploy.ts";
import { openRemoteServers, type RemoteOptions, startRemoteServers } from "./remote-servers.ts";
import type { SignInPorts } from "./remote/index.ts";
import { Sandbox, type SandboxOptions, type StateAccess } from "./sandbox/index.ts";
import type { SecretVault } from "./secrets/index.ts";
import { type UpdatePolicy, type ToolServersOptions, type ToolServerStore } from "./servers/index.ts";
import { ToolsByWorkspace } from "./tools-by-workspace.ts";
import { ToolWatcher } from "./tool-watcher.ts";

export type ToolsOptions = {
  readonly servers: Omit<ToolServersOptions, "overridesOf">;
  /** What a new version may change without being accepted, where the operator's settings of a server do not say. */
  readonly accept: UpdatePolicy;
  readonly sources: ToolSources;
  readonly sandbox: SandboxOptions;
  readonly broker: BrokerOptions;
  readonly remote: RemoteOptions;
};

export type ToolsPorts = {
  /** Empty until tools are open. */
  readonly catalogue: ToolCatalogues;
  readonly stores: { readonly servers: ToolServerStore; readonly state: StateAccess; readonly ledger: GrantLedger };
  readonly clock: Clock;
  readonly changes: ChangeLog;
  readonly secrets: {
    readonly vault: SecretVault;
    readonly known: KnownSecrets;
    /** What sign-ins to remote servers need. */
    readonly signIns: SignInPorts;
  };
  readonly guests: GuestPorts;
  /** Tools of the server itself, beside those of tool servers. */
  readonly native: readonly NativeTools[];
  /** Is put between runs and the tools they call. */
  readonly wrap: (runner: ToolRunner) => ToolRunner;
};

/** Opens the sandbox, tool servers here and elsewhere, and attaches them to the catalogue. None is deployed before `start`. */
export async function openTools(options: ToolsOptions, ports: ToolsPorts) {
  await using opening = new AsyncDisposableStack();
  const { catalogue, stores, clock, changes, secrets, guests } = ports;
  const { configured, builtIn, directory } = options.sources;
  const { workspace } = options.servers;
  const { broker, files, watch: grantWatch } = openBroker(options.broker, { ...stores, ...secrets, ...guests, clock });
  const store = stores.servers;
  const sandbox = opening.use(
    new Sandbox({ clock, broker, readModule: (hash) => store.readModule(hash) }, options.sandbox),
  );
  const remotes = opening.use(
    await openRemoteServers(options.remote, { ...secrets, clock, sandbox, changes, workspace }),
  );
  const tools = new ToolsByWorkspace(
    { ...options.servers, overridesOf: overridesOf(configured, options.accept) },
    { store, clock, changes, sandbox, remotes, configured, files },
    overridesOf({}, options.accept),
  );
  const { servers } = tools.operator;
  catalogue.attach(
    (name) => ports.wrap(withNativeTools(tools.runner(name), ports.native, guests.onRefused)),
    servers.runner.failures,
  );
  const stopping = new AbortController();
  opening.defer(() => stopping.abort());
  const closing = opening.move();
  return {
    catalogue,
    /** Tool servers of the operator's workspace. */
    servers,
    workspaces: tools,
    /** Undefined if no remote server is configured. */
    remotes,
    grantWatch,
    /** Deploys the tool servers; resolves when they are deployed or have failed. Never rejects. */
    start: () => startRemoteServers(remotes, deployToolServers(tools, options.sources, stopping.signal)),
    /** Deploys the built-in tool servers that failed again. Never rejects. */
    retry: () => redeployFailed(servers, builtIn, stopping.signal),
    /** Deploys tool servers of the operator's directory as they are written, until disposed. */
    watch: (report: (deployment: ToolDeployment) => void) => new ToolWatcher(servers, directory, report),
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
}
/** The services of the module. */
export type ToolServices = Awaited<ReturnType<typeof openTools>>;
