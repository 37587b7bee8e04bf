import { DEFAULT_WORKSPACE } from "../api/operations/index.ts";
import type { ChangeLog } from "../kernel/changes/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Sandbox } from "../tools/sandbox/index.ts";
import { type CheckedRunner, ToolServerRecords, ToolServers, type ToolServerStore } from "../tools/servers/index.ts";
import { ToolCatalogue, type ToolRunner } from "../tools/catalogue/index.ts";
import type { Config } from "./config/index.ts";
import { sandboxHost, overridesOf } from "./tool-servers.ts";

export type ToolServerParts = {
  readonly sandbox: Sandbox;
  /** Servers that run elsewhere. */
  readonly remotes?: (ToolRunner & CheckedRunner) | undefined;
  readonly store: ToolServerStore;
  readonly clock: Clock;
  readonly changes: ChangeLog;
};

/** Tool servers as they are managed, and as agents see them: `wrapTools` is put between runs and the tools they call. */
export function openToolServers(
  config: Config,
  parts: ToolServerParts,
  wrapTools: (tools: ToolRunner) => ToolRunner = (tools) => tools,
) {
  const { sandbox, remotes, store, clock, changes } = parts;
  const options = { workspace: DEFAULT_WORKSPACE, overridesOf: overridesOf(config) };
  const { trusted_keys: keys, require_signature: require, revisions_max: revisionsMax } = config.tools;
  const trust = { keys: Object.entries(keys).map(([name, key]) => ({ name, key })), require };
  const toolHost = sandboxHost(sandbox, config.tool_servers);
  const toolServers = new ToolServers(
    {
      store,
      host: toolHost,
      remotes,
      clock,
      onChange: (name, state) => changes.publish({ type: "tool-server", name, state }),
    },
    { ...options, trust, revisionsMax, drainMs: config.tools.drain_timeout },
  );
  const toolRecords = new ToolServerRecords({ servers: toolServers, store, host: toolHost, remotes, clock }, options);
  return {
    tools: new ToolCatalogue(wrapTools(toolServers.runner), toolServers.runner.failures),
    toolServers,
    toolRecords,
    toolHost,
  };
}
