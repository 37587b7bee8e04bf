import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { agentTestSchema } from "../agents/test-files/index.ts";
import { agentSchema } from "../agents/definitions/index.ts";
import { type Http, httpServer } from "../api/http/index.ts";
import { UPLOAD_WAIT_MS } from "../api/operations/index.ts";
import { log, setLogLevel } from "../kernel/log.ts";
import { isOpenToOthers } from "../kernel/private-files.ts";
import { tuneGarbageCollector } from "../kernel/short-lived.ts";
import { type Caxton, compose, dashboardDirectory, isDashboardBuilt, type Overrides } from "./compose.ts";
import type { LoadedConfig } from "./config/index.ts";
import { deployDirectory, DefinitionWatcher, type FileDeployment, redeployRefused } from "../agents/files/definitions.ts";
import { ListenFailedError, NotLoopbackError, PortInUseError } from "./errors.ts";
import type { ToolDeployment } from "./tool-servers.ts";
import { startFailure } from "../storage/store-watch.ts";
import { ToolWatcher } from "./tool-watcher.ts";
import { PACKAGE_DIRECTORY } from "../kernel/package.ts";

/** A server that answers. */
export type Started = AsyncDisposable & {
  /** Where it answers: `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly dashboardUrl: string | undefined;
  /** Where agents of other FIPA platforms write to; undefined when that is off. */
  readonly fipaUrl: string | undefined;
  readonly services: Caxton["services"];
  /** Resolves when tools and definitions are deployed and unfinished runs go on. */
  readonly ready: Promise<ReadyReport>;
};

export type ReadyReport = {
  readonly tools: readonly ToolDeployment[];
  readonly definitions: readonly FileDeployment[];
  readonly resumedRuns: number;
};

export type ServeOptions = {
  /** Told of each definition that is deployed while the server runs; watches the directory when given. */
  readonly onDefinition?: ((deployment: FileDeployment) => void) | undefined;
  /** Told of each tool server that is deployed while the server runs; watches their directory when given. */
  readonly onTool?: ((deployment: ToolDeployment) => void) | undefined;
  readonly overrides?: Overrides | undefined;
};

const SWEEP_MS = 3_600_000;
/** How often failed deployments are tried again. */
const RETRY_MS = 10_000;
/** How long a stopping server waits for answers that are on their way; a client that takes or sends nothing is then cut off. */
const CLOSE_MS = 1_000;

/** Starts a server and returns as soon as it answers. Throws PortInUseError, NotLoopbackError, and what `compose` throws. */
export async function serve(loaded: LoadedConfig, options: ServeOptions = {}): Promise<Started> {
  try {
    return await start(loaded, options);
  } catch (error) {
    throw startFailure(error, loaded.config.data.directory);
  }
}

async function start(loaded: LoadedConfig, options: ServeOptions): Promise<Started> {
  const { config } = loaded;
  tuneGarbageCollector();
  setLogLevel(config.log.level);
  refuseOpenDoor(loaded);
  await using stack = new AsyncDisposableStack();
  const caxton = stack.use(await compose(loaded, options.overrides));
  await caxton.services.uploads.recover();
  const { directory } = config.data;
  if (isOpenToOthers(directory))
    log.warn(
      { directory },
      "other users of this machine can read the data directory: `caxton doctor --mend` repairs it",
    );
  const { http, streams } = await httpServer(caxton.services, {
    allowedHosts: [...config.server.allowed_hosts, config.server.host],
    dashboardDirectory: config.server.dashboard ? dashboardDirectory() : undefined,
    errorsPage: join(PACKAGE_DIRECTORY, "docs", "errors.md"),
    agentSchema,
    agentTestSchema,
    streams: { streamsMax: config.server.streams_max, perClientMax: config.server.streams_per_client_max },
  });
  const url = await listen(http, config.server.host, config.server.port);
  // Runs drain while their watchers still listen; then streams end, then connections.
  stack.defer(async () => {
    streams.closeAll();
    const cut = setTimeout(() => http.server.closeAllConnections(), CLOSE_MS);
    await http.close();
    clearTimeout(cut);
  });
  stack.defer(async () => {
    caxton.services.correspondence.rest();
    await caxton.services.runs.drain(config.server.shutdown_timeout);
  });
  const sweep = setInterval(() => void sweepUploads(caxton), SWEEP_MS);
  sweep.unref();
  stack.defer(() => clearInterval(sweep));
  const stopping = new AbortController();
  stack.defer(() => stopping.abort());
  const ready = makeReady(caxton, loaded, stopping.signal);
  if (options.onDefinition)
    stack.use(new DefinitionWatcher(caxton.services, config.agents.directory, options.onDefinition));
  if (options.onTool) stack.use(new ToolWatcher(caxton.services.toolServers, config.tools.directory, options.onTool));
  const owned = stack.move();
  const dashboardUrl = config.server.dashboard && isDashboardBuilt() ? `${url}/ui/` : undefined;
  const { services } = caxton;
  return {
    url,
    dashboardUrl,
    fipaUrl: services.fipaUrl,
    services,
    ready,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function makeReady(caxton: Caxton, { config }: LoadedConfig, stopping: AbortSignal): Promise<ReadyReport> {
  const tools = await caxton.toolsReady;
  const none: ReadyReport = { tools, definitions: [], resumedRuns: 0 };
  if (stopping.aborted) return none;
  const definitions = await deployDefinitions(caxton, config.agents.directory);
  if (stopping.aborted) return { ...none, definitions };
  const resumedRuns = caxton.services.runs.resumeUnfinished();
  caxton.services.approvals.watchExpiry();
  caxton.services.replies.watchExpiry();
  caxton.services.correspondence.begin();
  caxton.services.keeper.start();
  void retryDeployments(caxton, definitions, stopping).catch((error: unknown) => {
    if (!stopping.aborted) log.error({ err: error }, "failed deployments are not tried again");
  });
  caxton.services.retention.start();
  // A memory that is nearly full is told of from the start, not only once somebody writes or looks.
  caxton.services.memory.capacity
    .limits()
    .catch((error: unknown) => log.debug({ err: error }, "memory is not counted"));
  if (resumedRuns > 0) log.info({ runs: resumedRuns }, "unfinished runs go on");
  await sweepUploads(caxton);
  return { tools, definitions, resumedRuns };
}

/** Says that the server is ready once no deployment failed for want of a built-in tool server or of storage. */
async function retryDeployments(
  caxton: Caxton,
  first: readonly FileDeployment[],
  stopping: AbortSignal,
): Promise<void> {
  const { tools, clock } = caxton.services;
  let definitions = first;
  while (tools.failures.size > 0 || definitions.some(lacksStorage)) {
    await clock.sleep(RETRY_MS, stopping);
    const failed = tools.failures.size;
    await caxton.retryTools();
    stopping.throwIfAborted();
    if (tools.failures.size < failed || definitions.some(lacksStorage))
      definitions = await redeployRefused(caxton.services, definitions);
  }
  caxton.markReady();
}

const lacksStorage = (deployment: FileDeployment): boolean =>
  deployment.type === "refused" && deployment.code.startsWith("STORAGE_");

/** Whatever comes of it, messages wait for their recipients no longer. */
async function deployDefinitions({ services }: Caxton, directory: string): Promise<readonly FileDeployment[]> {
  try {
    return await deployDirectory(services, directory);
  } finally {
    await services.agentsDeployed();
  }
}

async function sweepUploads({ services }: Caxton): Promise<void> {
  try {
    await services.uploads.sweep(services.clock.nowMs() - UPLOAD_WAIT_MS);
  } catch (error) {
    log.warn({ err: error }, "old uploads could not be deleted");
  }
}

const LOOPBACK_HOSTS = new Set(["127.0.0.1", "::1", "localhost"]);

function refuseOpenDoor({ config: { server } }: LoadedConfig): void {
  if (LOOPBACK_HOSTS.has(server.host) || server.allow_unauthenticated) return;
  throw new NotLoopbackError(
    `listening on ${server.host} would let anyone who reaches port ${server.port} run agents`,
    "Listen on 127.0.0.1, or set server.allow_unauthenticated = true where the network itself keeps others out.",
    { host: server.host },
  );
}

async function listen(http: Http, host: string, port: number): Promise<string> {
  try {
    await http.listen({ host, port });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EADDRINUSE") {
      throw new PortInUseError(
        `port ${port} on ${host} is in use`,
        "Stop what uses it, or choose another with --port (0 takes any free one).",
        { host, port },
        { cause: error },
      );
    }
    const why = error instanceof Error ? error.message : String(error);
    throw new ListenFailedError(
      `cannot listen on ${host}:${port}: ${why}`,
      "Check server.host and server.port.",
      { host, port },
      { cause: error },
    );
  }
  const address = http.server.address();
  return `http://${shownHost(host)}:${isAddress(address) ? address.port : port}`;
}

const isAddress = (address: AddressInfo | string | null): address is AddressInfo =>
  typeof address === "object" && address !== null;

/** The host name to put into a URL that someone on this machine opens. */
const shownHost = (host: string): string => {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
};
