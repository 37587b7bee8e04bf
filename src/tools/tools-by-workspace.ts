import type { ChangeLog } from "../kernel/changes/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { type ToolRunner, type ToolServerState, withSharedTools } from "./catalogue/index.ts";
import { type ConfiguredServers, operatorPlacement, sandboxHost, workspacePlacement } from "./deploy.ts";
import type { McpToolRunner } from "./remote/index.ts";
import type { Sandbox } from "./sandbox/index.ts";
import { ToolServerRecords, ToolServers, type ToolServersOptions, type ToolServerStore } from "./servers/index.ts";

/** The tool servers that are deployed in one workspace. */
export type WorkspaceTools = {
  readonly workspace: string;
  readonly servers: ToolServers;
  readonly records: ToolServerRecords;
};

type Deps = {
  readonly store: ToolServerStore;
  readonly clock: Clock;
  readonly changes: ChangeLog;
  readonly sandbox: Sandbox;
  readonly remotes: McpToolRunner | undefined;
  readonly configured: ConfiguredServers;
  /** Files that tools write. */
  readonly files: { deleteWorkspace(workspace: string): Promise<void> };
};

/**
 * The tool servers of every workspace. A workspace sees its own servers and the shared ones: all of the operator's workspace
 * but those that were uploaded to it.
 */
export class ToolsByWorkspace {
  /** Tools of the operator's workspace. */
  readonly operator: WorkspaceTools;
  readonly #deps: Deps;
  readonly #options: ToolServersOptions;
  readonly #byWorkspace = new Map<string, WorkspaceTools>();

  /** `options` are those of the operator's workspace, `overridesOf` is for the others. */
  constructor(options: ToolServersOptions, deps: Deps, overridesOf: ToolServersOptions["overridesOf"]) {
    this.#deps = deps;
    this.#options = { ...options, overridesOf };
    this.operator = this.#open(options, undefined);
    this.#byWorkspace.set(options.workspace, this.operator);
  }

  /** The tools that are deployed in a workspace. */
  of(workspace: string): WorkspaceTools {
    let found = this.#byWorkspace.get(workspace);
    if (found === undefined) {
      found = this.#open({ ...this.#options, workspace }, this.operator.servers.runner);
      this.#byWorkspace.set(workspace, found);
    }
    return found;
  }

  /** Returns the tools among which a server is: the workspace's own, or else the shared ones. */
  having(workspace: string, server: string): WorkspaceTools {
    const own = this.of(workspace);
    const { runner } = this.operator.servers;
    const isShared = own.servers.runner.find(server) === undefined && runner.sharedEntry(server) !== undefined;
    return isShared ? this.operator : own;
  }

  /** Every server that a workspace sees, in the order of their names. */
  list(workspace: string): ReturnType<ToolServerRecords["list"]> {
    const own = this.of(workspace).records.list();
    if (workspace === this.operator.workspace) return own;
    const hidden = new Set(own.map(({ view }) => view.name));
    const others = this.operator.records.list();
    const shared = others.filter(({ view, entry }) => entry.origin !== "uploaded" && !hidden.has(view.name));
    return [...own, ...shared].toSorted((one, other) => (one.view.name < other.view.name ? -1 : 1));
  }

  /** Runs the tools that a workspace sees. */
  runner(workspace: string): ToolRunner {
    const { runner } = this.of(workspace).servers;
    const shared = this.operator.servers.runner;
    return runner === shared ? runner : withSharedTools(runner, shared);
  }

  /** Loads the deployed servers of every workspace, after a start. */
  async restore(): Promise<void> {
    const { store } = this.#deps;
    await store.sweepModules();
    await this.operator.servers.restore();
    for (const workspace of await store.workspaces())
      if (workspace !== this.operator.workspace) await this.of(workspace).servers.restore();
  }

  /** Deletes the servers of a workspace that is closed, and the files of its tools. Throws storage errors. */
  async deleteWorkspace(workspace: string): Promise<void> {
    const { servers, records } = this.of(workspace);
    // A workspace that is created again under this name uses the same, empty table, which catalogues refer to.
    for (const { view } of records.list()) await (await servers.delete(view.name)).drained;
    await this.#deps.files.deleteWorkspace(workspace);
  }

  #open(options: ToolServersOptions, shared: ToolServers["runner"] | undefined): WorkspaceTools {
    const { workspace } = options;
    const { store, clock, changes, sandbox, configured } = this.#deps;
    const remotes = shared === undefined ? this.#deps.remotes : undefined;
    const placement = shared === undefined ? operatorPlacement(configured) : workspacePlacement(workspace);
    const host = sandboxHost(sandbox, workspace, placement);
    const onChange = (name: string, state: ToolServerState): void =>
      changes.publish(workspace, { type: "tool-server", name, state });
    const servers = new ToolServers({ store, host, remotes, shared, clock, onChange }, options);
    return { workspace, servers, records: new ToolServerRecords({ servers, store, host, remotes, clock }, options) };
  }
}
