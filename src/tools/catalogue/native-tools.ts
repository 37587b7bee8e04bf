import {
  hasRight,
  refusalText,
  type RunCaller,
  type RunRefusal,
  type RunRight,
} from "../../kernel/rights/run-caller.ts";
import { failedCall, type ToolCall, type ToolResult } from "./call.ts";
import { NO_LIMITS, type Tool, type ToolCounters, type ToolServer } from "./tool.ts";
import type { ToolRunner } from "./tool-runner.ts";

/** Tools that are part of the server itself: they run in its own process, by its own code, without module and fuel. */
export interface NativeTools {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly tools: readonly Tool[];
  /** The permission that the caller of a run needs for a tool. */
  rightFor(tool: string, caller: RunCaller): RunRight | undefined;
  /** As `ToolRunner.call`. */
  call(call: ToolCall, signal: AbortSignal): Promise<ToolResult>;
}

/** Receives what runs were refused; must not throw. */
export type OnRefused = (refusal: RunRefusal) => void;

/** A runner with native tools beside its own; a server of the same name is hidden by them. */
export function withNativeTools(runner: ToolRunner, natives: readonly NativeTools[], onRefused: OnRefused): ToolRunner {
  const byName = new Map(natives.map((each) => [each.name, counted(each, onRefused)]));
  return {
    servers: () => [
      ...runner.servers().filter(({ name }) => !byName.has(name)),
      ...[...byName.values()].map(({ server }) => server()).filter(({ tools }) => tools.length > 0),
    ],
    call: (call, signal) => (byName.get(call.server) ?? runner).call(call, signal),
    logs: (server) => (byName.has(server) ? [] : runner.logs(server)),
    endSession: (session) => runner.endSession(session),
  };
}

/** A workspace's own servers and those that all workspaces share; a shared one is hidden by an own one of its name. */
export function withSharedTools(own: ToolRunner, table: ToolRunner & { shared(): readonly ToolServer[] }): ToolRunner {
  const shared = (): readonly ToolServer[] => {
    const hidden = new Set(own.servers().map(({ name }) => name));
    return table.shared().filter(({ name }) => !hidden.has(name));
  };
  const runnerOf = (server: string): ToolRunner => (shared().some(({ name }) => name === server) ? table : own);
  return {
    servers: () => [...own.servers(), ...shared()],
    call: (call, signal) => runnerOf(call.server).call(call, signal),
    // The log of a shared server contains what it wrote for other workspaces.
    logs: (server) => own.logs(server),
    endSession: (session) => table.endSession(session),
  };
}

function counted(native: NativeTools, onRefused: OnRefused) {
  let calls: ToolCounters = { done: 0, failed: 0, denied: 0, fuel: 0, durationMs: 0 };
  const server = (): ToolServer => ({
    name: native.name,
    interface: "native",
    isSandboxed: false,
    isOnlyByName: true,
    version: native.version,
    description: native.description,
    state: "running",
    reason: "",
    tools: native.tools,
    grants: [],
    limits: NO_LIMITS,
    moduleHash: "",
    calls,
  });
  return {
    server,
    call: async (call: ToolCall, signal: AbortSignal): Promise<ToolResult> => {
      const result = refusalOf(native, call, onRefused) ?? (await native.call(call, signal));
      const { durationMs } = result.usage;
      calls = { ...calls, [result.type]: calls[result.type] + 1, durationMs: calls.durationMs + durationMs };
      return result;
    },
  };
}

function refusalOf(
  native: NativeTools,
  { server, tool, context }: ToolCall,
  onRefused: OnRefused,
): ToolResult | undefined {
  const { onBehalfOf: caller, agent, workspace, session } = context;
  const right = caller && native.rightFor(tool, caller);
  if (right === undefined || caller === undefined || hasRight(caller, right)) return undefined;
  onRefused({ caller, agent, workspace, session, operation: `${server}.${tool}`, right });
  return failedCall("forbidden", `${refusalText(caller, right)}, so the call was not made. Continue without it.`);
}
