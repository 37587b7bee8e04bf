import { failedCall, type ToolCall, type ToolResult, type ToolServer } from "../catalogue/index.ts";
import type { LiveServer, InstanceLease } from "./live-server.ts";
import { stateAt } from "./quarantine.ts";

/** Maximum pending calls of one run on one server; they run one after another. */
const PENDING_PER_SESSION_MAX = 16;
/** Maximum pending calls on one server. */
const PENDING_PER_SERVER_MAX = 256;

export const cancelledCall = ({ server, tool }: ToolCall): ToolResult =>
  failedCall("cancelled", `the call of ${server}.${tool} was cancelled`);

export function unknownTool(call: ToolCall, known: LiveServer | undefined, servers: readonly ToolServer[]): ToolResult {
  const tools = known?.tools.map(({ name }) => name).join(", ");
  return failedCall(
    "unknown-tool",
    tools === undefined
      ? `there is no tool server "${call.server}"; there are: ${servers.map(({ name }) => name).join(", ") || "none"}`
      : `${call.server} has no tool "${call.tool}"; it has: ${tools}`,
  );
}

/** Why a call is not even begun; undefined when it may be. Moves the server's standing on to now. */
export function refusalOf(server: LiveServer, session: InstanceLease, nowMs: number): ToolResult | undefined {
  const { name, instance } = server.manifest;
  if (server.quarantine.state !== "trusted") {
    server.quarantine = stateAt(server.quarantine, nowMs);
    if (server.quarantine.state === "quarantined") {
      const waitS = Math.ceil((server.quarantine.untilMs - nowMs) / 1_000);
      return failedCall("quarantined", `${name} is in quarantine for ${waitS} s more: ${server.quarantine.reason}`);
    }
  }
  if (server.failure !== "") return failedCall("crashed", `${name} cannot be loaded: ${server.failure}`);
  if (server.pending >= PENDING_PER_SERVER_MAX) {
    return failedCall("overloaded", `${name} has ${server.pending} running calls; try again in a moment`);
  }
  if (instance === "server") return undefined;
  const { pending } = session;
  if (pending < PENDING_PER_SESSION_MAX) return undefined;
  return failedCall(
    "overloaded",
    `this run has ${pending} running calls of ${name}, which run one after another; wait for some to end`,
  );
}
