import { readdir, readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { CaxtonError, toFault } from "../kernel/errors.ts";
import { log } from "../kernel/log.ts";
import type { ToolsByWorkspace } from "./tools-by-workspace.ts";
import type { TrustGroup, Sandbox } from "./sandbox/index.ts";
import type {
  UpdatePolicy,
  Deployed,
  OperatorOverrides,
  ToolHost,
  ToolServerOrigin,
  ToolServers,
} from "./servers/index.ts";
import type { ManifestOverrides } from "./catalogue/index.ts";

/** Result for one tool server at start, or when its directory changed. */
export type ToolDeployment =
  | { readonly type: "deployed"; readonly name: string; readonly tools: number; readonly outcome: Deployed["outcome"] }
  /** It changed, and waits to be accepted; the revision before it serves. */
  | { readonly type: "pending"; readonly name: string; readonly revision: number }
  | { readonly type: "disabled"; readonly name: string }
  /** The configuration has overrides for it, and it is not deployed. */
  | { readonly type: "missing"; readonly name: string; readonly reason: string }
  | { readonly type: "failed"; readonly name: string; readonly reason: string };

/** The operator's settings of single tool servers, by name. */
export type ConfiguredServers = {
  readonly [name: string]: ManifestOverrides & {
    readonly enabled: boolean;
    readonly accept?: UpdatePolicy | undefined;
    /** Servers of one group share child processes. */
    readonly group?: string | undefined;
    /** Whether it has a child process of its own. */
    readonly dedicated: boolean;
  };
};

/** A sandbox as a host of a workspace's tool servers, each in the child processes where the operator wants it. */
export const sandboxHost = (sandbox: Sandbox, workspace: string, placementOf: PlacementOf): ToolHost => ({
  servers: () => sandbox.servers(workspace),
  call: (call, signal) => sandbox.call(call, signal, workspace),
  logs: (server) => sandbox.logs(server, workspace),
  endSession: (session) => sandbox.endSession(session),
  remove: (name) => sandbox.remove(name, workspace),
  watchLog: (server, listener) => sandbox.watchLog(server, listener, workspace),
  inspect: (module, signal) => sandbox.inspect(module, signal),
  check: (module, signal) => sandbox.check(module, signal),
  deploy: ({ origin, ...module }, signal) =>
    sandbox.deploy({ ...module, workspace, placement: placementOf(module.manifest.name, origin) }, signal),
});

type PlacementOf = (name: string, origin: ToolServerOrigin) => TrustGroup;

/** Without a word of the operator what is part of the package and what is not share no process. */
export const operatorPlacement =
  (configured: ConfiguredServers): PlacementOf =>
  (name, origin) => {
    const word = configured[name];
    if (word?.dedicated === true) return "dedicated";
    return { group: word?.group ?? (origin === "built-in" ? "built-in" : "deployed") };
  };

/** Servers of two workspaces share no process. */
export const workspacePlacement =
  (workspace: string): PlacementOf =>
  () => ({ group: `workspace/${workspace}` });

/** Returns the operator's word on a tool server; `accept` is for those that have none of their own. */
export const overridesOf =
  (configured: ConfiguredServers, accept: UpdatePolicy) =>
  (name: string): OperatorOverrides => {
    const { enabled = true, accept: own = accept, grants, limits } = configured[name] ?? {};
    return { enabled, accept: own, overrides: { grants, limits } };
  };

export type ToolSources = {
  /** The directory of tool servers that are part of this package. */
  readonly builtIn: string;
  /** The operator's directory of tool servers. */
  readonly directory: string;
  readonly configured: ConfiguredServers;
};

/** Deploys the tool servers of the package and of the operator's directory and loads those the store has. One that fails stops no other; never rejects. */
export async function deployToolServers(
  tools: ToolsByWorkspace,
  { builtIn, directory, configured }: ToolSources,
  signal: AbortSignal,
): Promise<readonly ToolDeployment[]> {
  const { servers } = tools.operator;
  const within =
    (place: string, origin: Exclude<ToolServerOrigin, "remote" | "uploaded">, accept: boolean) =>
    async (name: string): Promise<ToolDeployment> => {
      if (configured[name]?.enabled === false) return { type: "disabled", name };
      return deployDirectory(servers, join(place, name), { origin, accept }, signal);
    };
  const builtInNames = await serverNames(builtIn);
  if (builtInNames.length === 0) log.error({ directory: builtIn }, "the built-in tool servers are not there");
  const ownNames = resolve(directory) === resolve(builtIn) ? [] : await serverNames(directory);
  // What comes with a new version of the package is as trusted as the package.
  const builtInResults = await Promise.all(builtInNames.map(within(builtIn, "built-in", true)));
  const ownResults = await Promise.all(ownNames.map(within(directory, "directory", false)));
  await tools.restore().catch((error: unknown) => {
    // A server that is stopped while it starts has closed its store already.
    if (!signal.aborted) log.error({ err: error }, "deployed tool servers cannot be read");
  });
  for (const result of builtInResults)
    if (result.type === "failed" && !servers.runner.find(result.name))
      servers.runner.failures.set(result.name, result.reason);
  const known = new Set([...builtInNames, ...servers.runner.servers().map(({ name }) => name)]);
  const missing = Object.keys(configured)
    .filter((name) => !known.has(name) && configured[name]?.enabled !== false && !ownNames.includes(name))
    .map((name): ToolDeployment => ({
      type: "missing",
      name,
      reason: `tool_servers.${name} is configured, but there is no such tool server yet`,
    }));
  return [...builtInResults, ...ownResults, ...missing];
}

/** Deploys the built-in tool servers that could not be deployed. Logs a failure only if its reason is new. Never rejects. */
export async function redeployFailed(servers: ToolServers, builtIn: string, signal: AbortSignal): Promise<void> {
  const { failures } = servers.runner;
  for (const [name, lastReason] of failures) {
    const how = { origin: "built-in", accept: true, lastReason } as const;
    const result = await deployDirectory(servers, join(builtIn, name), how, signal);
    if (result.type === "failed") failures.set(name, result.reason);
    else {
      failures.delete(name);
      log.info({ toolServer: name }, "the tool server was deployed after a failure");
    }
  }
}

/** Deploys one directory with a module and its manifest. What fails is an outcome; never rejects. */
export async function deployDirectory(
  servers: ToolServers,
  directory: string,
  { origin, accept, lastReason }: DeployHow,
  signal: AbortSignal,
): Promise<ToolDeployment> {
  const fallback = directory.split(/[\\/]/).at(-1) ?? directory;
  try {
    const [module, manifest, signature] = await Promise.all([
      readFile(join(directory, MODULE)),
      readFile(join(directory, MANIFEST), "utf8"),
      readFile(join(directory, SIGNATURE), "utf8").catch(() => undefined),
    ]);
    const { outcome, revision } = await servers.deploy(
      { module, manifest, signature, origin, accept, dryRun: false },
      signal,
    );
    const { name, tools } = revision;
    if (outcome === "pending") return { type: "pending", name, revision: revision.revision };
    return { type: "deployed", name, tools: tools.length, outcome };
  } catch (error) {
    const reason = error instanceof CaxtonError ? toFault(error).message : String(error);
    // A server that is stopped while it starts has nothing to complain about.
    if (!signal.aborted && reason !== lastReason)
      log.error({ toolServer: fallback, err: error }, "a tool server cannot be deployed");
    return { type: "failed", name: fallback, reason };
  }
}

type DeployHow = {
  readonly origin: "built-in" | "directory";
  readonly accept: boolean;
  /** Why the attempt before failed. */
  readonly lastReason?: string;
};

export const MODULE = "module.wasm";
const MANIFEST = "tool.toml";
const SIGNATURE = "module.wasm.sig";

/** Directories with a module in them, sorted; directories with unbuilt sources are not included. */
async function serverNames(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => !entry.isFile() && !entry.name.startsWith(".")).map(({ name }) => name);
  const isServer = await Promise.all(names.map((name) => isToolServer(join(directory, name))));
  return names.filter((_name, index) => isServer[index]).toSorted();
}

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

/** Whether a directory holds a module and a manifest. */
export const isToolServer = async (directory: string): Promise<boolean> =>
  (await isFile(join(directory, MODULE))) && isFile(join(directory, MANIFEST));
