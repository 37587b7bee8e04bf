import { existsSync } from "node:fs";
import { join } from "node:path";
import { agentSchema } from "../agents/definitions/index.ts";
import type { FileDeployment } from "../agents/files/index.ts";
import { agentTestSchema } from "../agents/test-files/index.ts";
import { a2a, a2aGrpc, a2aNotifications } from "../api/a2a/index.ts";
import { grpc } from "../api/grpc/index.ts";
import { httpServer } from "../api/http/index.ts";
import { mcp } from "../api/mcp/index.ts";
import { agui } from "../api/agui/index.ts";
import { openai } from "../api/openai/index.ts";
import { DEFAULT_WORKSPACE } from "../access/index.ts";
import type { ApiServices } from "../api/operations/index.ts";
import { log, setLogLevel } from "../kernel/log.ts";
import { PACKAGE_DIRECTORY } from "../kernel/package.ts";
import { isOpenToOthers } from "../kernel/files/private-files.ts";
import { tuneGarbageCollector } from "../kernel/short-lived.ts";
import { startFailure } from "../storage/index.ts";
import type { ToolDeployment } from "../tools/index.ts";
import { type Caxton, compose, type Overrides } from "./compose.ts";
import type { LoadedConfig } from "./config/index.ts";
import { NotLoopbackError } from "./errors.ts";
import { listen, listenForGrpc } from "./listen.ts";
import { serverFacts } from "./server-facts.ts";
import { type ReadyReport, startModules, sweepingUploads } from "./start.ts";

/** A running server. */
export type Started = AsyncDisposable & {
  /** Base URL, for example `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly dashboardUrl: string | undefined;
  /** URL of the FIPA transport; undefined if it is disabled. */
  readonly fipaUrl: string | undefined;
  /** URL of `server.grpc_port`; undefined if it is unset. */
  readonly grpcUrl: string | undefined;
  /** With which the first administrator's key is created; undefined if there is one, or none is needed. */
  readonly setupToken: string | undefined;
  /** The workspace of clients without credentials. */
  readonly workspace: string;
  readonly services: ApiServices;
  readonly caxton: Caxton;
  /** Resolves when tools and definitions are deployed and unfinished runs are resumed. */
  readonly ready: Promise<ReadyReport>;
};

export type ServeOptions = {
  /** Called for each definition deployed while the server runs. If set, the directory is watched. */
  readonly onDefinition?: ((deployment: FileDeployment) => void) | undefined;
  /** Called for each tool server deployed while the server runs. If set, the directory is watched. */
  readonly onTool?: ((deployment: ToolDeployment) => void) | undefined;
  readonly overrides?: Overrides | undefined;
};

/** Time a stopping server waits for pending responses before it closes their connections. */
const CLOSE_MS = 1_000;

/** Starts a server and returns as soon as it accepts requests. Throws PortInUseError, NotLoopbackError, and what `compose` throws. */
export async function serve(loaded: LoadedConfig, options: ServeOptions = {}): Promise<Started> {
  try {
    return await start(loaded, options);
  } catch (error) {
    throw startFailure(error, loaded.config.data.directory);
  }
}

/** The standard protocols besides REST and Agent2Agent. */
function protocolsOf({ access, openai: openaiOptions, mcp: mcpOptions, server }: LoadedConfig["config"]) {
  const issuers = Object.values(access.jwt);
  const publicUrl = server.public_url;
  return [
    agui(),
    openai({ ...openaiOptions, publicUrl }),
    mcp({
      ...mcpOptions,
      publicUrl,
      issuers: issuers.flatMap(({ audience, issuer }) => (audience === undefined ? [] : issuer)),
    }),
  ];
}

const a2aOptions = ({ access, server }: LoadedConfig["config"], version: string) => ({
  publicUrl: server.public_url,
  needsCredentials: access.mode === "required",
  issuers: Object.values(access.jwt).map(({ issuer }) => issuer),
  version,
});

async function start(loaded: LoadedConfig, options: ServeOptions): Promise<Started> {
  const { config } = loaded;
  tuneGarbageCollector();
  setLogLevel(config.log.level);
  refuseOpenDoor(loaded);
  await using stack = new AsyncDisposableStack();
  const caxton = stack.use(await compose(loaded, options.overrides));
  await caxton.storage.uploads.recover();
  warnOfOthers(config.data.directory);
  const progress = { tools: false, definitions: false };
  const services = { ...caxton, server: serverFacts(caxton, loaded, progress) };
  caxton.webhooks.writeNotifications(a2aNotifications(services));
  const { http, streams } = await httpServer(services, {
    allowedHosts: config.access.mode === "required" ? undefined : [...config.server.allowed_hosts, config.server.host],
    allowedOrigins: config.server.allowed_origins,
    publicUrl: config.server.public_url,
    dashboardDirectory: config.server.dashboard ? dashboardDirectory() : undefined,
    errorsPage: join(PACKAGE_DIRECTORY, "docs", "errors.md"),
    agentSchema,
    agentTestSchema,
    trustedProxies: config.server.trusted_proxies,
    createServer: caxton.tls?.createServer,
    bodyMs: config.server.limits.body_timeout,
    protocols: [...protocolsOf(config), a2a(a2aOptions(config, services.server.version))],
    rpc: [grpc([a2aGrpc(a2aOptions(config, services.server.version))])],
  });
  // Runs drain while their watchers still listen; then streams end, then connections, then modules.
  stack.defer(async () => {
    streams.closeAll();
    const cut = setTimeout(() => http.server.closeAllConnections(), CLOSE_MS);
    await http.close();
    clearTimeout(cut);
  });
  stack.defer(() => caxton.runs.drain(config.server.shutdown_timeout));
  const stopping = new AbortController();
  stack.defer(() => stopping.abort());
  const ready = startModules(caxton, progress, stopping.signal);
  // The caller receives the rejection; it may come before the caller has the promise.
  ready.catch(() => undefined);
  const url = await listen(http, config.server);
  const grpcPort = await listenForGrpc(http.server, config.server);
  if (grpcPort !== undefined) stack.use(grpcPort);
  stack.use(sweepingUploads(caxton));
  if (options.onDefinition) stack.use(caxton.agents.watch(options.onDefinition));
  if (options.onTool) stack.use(caxton.tools.watch(options.onTool));
  const owned = stack.move();
  return {
    url,
    dashboardUrl: config.server.dashboard && isDashboardBuilt() ? `${url}/ui/` : undefined,
    fipaUrl: caxton.fipa?.url,
    grpcUrl: grpcPort?.url,
    setupToken: caxton.access.access.setupToken,
    workspace: DEFAULT_WORKSPACE,
    services,
    caxton,
    ready,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function warnOfOthers(directory: string): void {
  if (isOpenToOthers(directory))
    log.warn(
      { directory },
      "other users of this machine can read the data directory: `caxton doctor --repair` repairs it",
    );
}

/** Directory of the built dashboard; it may be missing. */
const dashboardDirectory = (): string => join(PACKAGE_DIRECTORY, "dashboard", "dist");

const isDashboardBuilt = (): boolean => existsSync(join(dashboardDirectory(), "index.html"));

const LOOPBACK_HOSTS = new Set(["127.0.0.1", "::1", "localhost"]);

function refuseOpenDoor({ config: { server, access } }: LoadedConfig): void {
  if (LOOPBACK_HOSTS.has(server.host) || access.mode === "required" || server.allow_unauthenticated) return;
  throw new NotLoopbackError(
    `listening on ${server.host} would let anyone who reaches port ${server.port} run agents`,
    'Listen on 127.0.0.1, or set access.mode = "required" (CAXTON_ACCESS__MODE=required), so that every request needs credentials.',
    { host: server.host },
  );
}
