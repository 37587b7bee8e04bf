import type { ToolCallId } from "../../../kernel/ids.ts";
import {
  type CallContext,
  type ToolCall,
  type ToolFailureReason,
  toolId,
  type ToolResult,
} from "../../catalogue/index.ts";
import type { HostCallHandler } from "../host-calls/host-call-handler.ts";
import type { CallAccounting, LiveServer, InstanceLease } from "../live-server.ts";
import { type CallLimits, type ResultContext, VIOLATIONS } from "../outcome.ts";

/** One call on its way through the sandbox. */
export type PendingCall = {
  readonly id: number;
  readonly call: ToolCallId;
  readonly server: LiveServer;
  readonly session: InstanceLease;
  /** The deployed server whose standing and counters it touches; for a call with wider grants not the one it is made in. */
  readonly account: CallAccounting;
  readonly tool: number;
  /** JSON. */
  readonly argumentsText: string;
  readonly context: CallContext;
  readonly startedAtMs: number;
  /** Longest time for it: that of the server, or less for an agent with a limit of its own. */
  readonly deadlineMs: number;
  deadlineAtMs: number;
  readonly signal: AbortSignal;
  readonly resolve: (result: ToolResult) => void;
  /** Made when the call first asks for a file. */
  files: HostCallHandler | undefined;
  fileRequests: number;
  /** It waits for a child to be ready. */
  isQueued: boolean;
  /** Times it was in a child that ended. */
  crashes: number;
  /** The caller has its result; the child may still be busy with it. */
  isSettled: boolean;
  /** When the call was cancelled in the child. */
  cancelledAtMs: number | undefined;
  /** It was moved from a child that another guest blocked; that is done once. */
  isMoved: boolean;
  /** Frames heard from the child when it was sent. */
  sentAtFrame: number;
};

type Begun = Pick<PendingCall, "id" | "server" | "session" | "account" | "tool" | "startedAtMs" | "signal" | "resolve">;

/** A call that no child has received. */
export function pendingCall({ id: call, arguments: given, context }: ToolCall, begun: Begun): PendingCall {
  const deadlineMs = Math.min(begun.server.manifest.limits.deadlineMs, context.restrictions?.callTimeoutMs ?? Infinity);
  return {
    ...begun,
    call,
    argumentsText: JSON.stringify(given),
    context,
    deadlineMs,
    deadlineAtMs: begun.startedAtMs + deadlineMs,
    files: undefined,
    fileRequests: 0,
    isQueued: false,
    crashes: 0,
    isSettled: false,
    cancelledAtMs: undefined,
    isMoved: false,
    sentAtFrame: 0,
  };
}

/** The id of the job's tool, for messages. */
export function toolName({ server, tool }: PendingCall): string {
  const known = server.tools[tool];
  return known === undefined ? server.manifest.name : toolId(known);
}

/** The limits of a call. */
export const limitsOf = ({ server, account, deadlineMs }: PendingCall): CallLimits => ({
  ...server.manifest.limits,
  deadlineMs,
  isDeadlineOfAgent: deadlineMs < server.manifest.limits.deadlineMs,
  isMemoryOfAgent: server.manifest.limits.memoryBytesMax < account.server.manifest.limits.memoryBytesMax,
});

/**
 * Returns the server that a failure of its call counts against: for a call with less memory, the copy of the server for
 * agents with this limit. Undefined if no server is to blame, for example for the shorter deadline of an agent.
 */
export function blamedFor(job: PendingCall, reason: ToolFailureReason): LiveServer | undefined {
  const { isDeadlineOfAgent, isMemoryOfAgent } = limitsOf(job);
  if (!VIOLATIONS.has(reason) || (reason === "deadline" && isDeadlineOfAgent === true)) return undefined;
  return isMemoryOfAgent === true ? job.server : job.account.server;
}

export const resultContextOf = (job: PendingCall): ResultContext => ({
  tool: () => toolName(job),
  limits: limitsOf(job),
  redaction: job.server.redaction,
});

/** The leases that a call counts on: the server it is made in, and the deployed one if that is another. */
export const reservationsOf = ({ server, session, account }: PendingCall): readonly CallAccounting[] =>
  server === account.server ? [account] : [{ server, session }, account];
