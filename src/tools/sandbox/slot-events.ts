import type { Job } from "./job.ts";
import type { LiveServer } from "./live-server.ts";
import type { Slot } from "./slot.ts";
import type { ResultMessage } from "./wire/index.ts";

/** `stuck`: the child was killed because of this call's server; `bystander`: because of another's. */
export type Crash = "crashed" | "stuck" | "bystander";

/** What the end of a child means to a call that was in it; `culprits` are the servers for whose sake it was killed. */
export function howLost({ account, cancelledAtMs }: Job, culprits: ReadonlySet<LiveServer> | undefined): Crash {
  if (culprits === undefined) return "crashed";
  if (!culprits.has(account.server)) return "bystander";
  return cancelledAtMs === undefined ? "crashed" : "stuck";
}

/** What a place for a child tells the sandbox of what becomes of calls, servers and the child. */
export type SlotEvents = {
  readonly onResult: (job: Job, message: ResultMessage) => void;
  /** The child ended because of this call, or with it and it cannot be made again. */
  readonly onCrash: (job: Job, how: Crash, reason: string) => void;
  /** The child refuses the server. */
  readonly onLoadFailure: (server: LiveServer, reason: string) => void;
  /** The module of the server could be read, or could not; with the next call it is tried again. */
  readonly onLoaded: (server: LiveServer) => void;
  readonly onUnread: (server: LiveServer, reason: string) => void;
  /** The call cannot be made, through no fault of the tool. */
  readonly onUnsent: (job: Job, reason: string) => void;
  /** A guest wrote this to its standard error, during the call if one is named. */
  readonly onLog: (server: LiveServer, bytes: Buffer, job: Job | undefined) => void;
  /** The call was told to end and the child, busy with another, has not even heard of it. */
  readonly onOverdue: (job: Job) => void;
  readonly onEnd: (slot: Slot, reason: string, isResting: boolean) => void;
};
