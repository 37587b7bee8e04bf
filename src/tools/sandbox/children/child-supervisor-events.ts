import type { PendingCall } from "./pending-call.ts";
import type { LiveServer } from "../live-server.ts";
import type { ChildSupervisor } from "./child-supervisor.ts";
import type { ResultMessage } from "../wire/index.ts";

/** `stuck`: the child was killed because of this call's server; `bystander`: because of another's. */
export type CrashCause = "crashed" | "stuck" | "bystander";

/** What the end of a child means to a call that was in it; `offenders` are the servers for whose sake it was killed. */
export function classifyLoss(
  { account, cancelledAtMs }: PendingCall,
  offenders: ReadonlySet<LiveServer> | undefined,
): CrashCause {
  if (offenders === undefined) return "crashed";
  if (!offenders.has(account.server)) return "bystander";
  return cancelledAtMs === undefined ? "crashed" : "stuck";
}

/** Callbacks of a supervisor for calls, servers and the child. */
export type ChildSupervisorEvents = {
  readonly onResult: (job: PendingCall, message: ResultMessage) => void;
  /** The child ended because of this call, or with it and it cannot be made again. */
  readonly onCrash: (job: PendingCall, how: CrashCause, reason: string) => void;
  /** The child refuses the server. */
  readonly onLoadFailure: (server: LiveServer, reason: string) => void;
  /** The module of the server could be read, or could not; with the next call it is tried again. */
  readonly onLoaded: (server: LiveServer) => void;
  readonly onUnread: (server: LiveServer, reason: string) => void;
  /** The call cannot be made, through no fault of the tool. */
  readonly onUnsent: (job: PendingCall, reason: string) => void;
  /** A guest wrote this to its standard error, during the call if one is named. */
  readonly onLog: (server: LiveServer, bytes: Buffer, job: PendingCall | undefined) => void;
  /** The call was cancelled, and the child, busy with another, has not processed that yet. */
  readonly onOverdue: (job: PendingCall) => void;
  readonly onEnd: (slot: ChildSupervisor, reason: string, isResting: boolean) => void;
};
