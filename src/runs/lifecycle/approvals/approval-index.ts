import type { ApprovalId, RunId } from "../../../kernel/ids.ts";
import type { ApprovalState, RunApproval } from "../../record/index.ts";

/** An approval with the run it belongs to. */
export type ApprovalRecord = RunApproval & {
  readonly runId: RunId;
  readonly workspace: string;
  readonly agent: string;
  readonly revision: number;
  /** The first 200 characters of the run's request. */
  readonly inputPreview: string;
};

type ApprovalQuery = {
  readonly workspace: string;
  readonly state: ApprovalState | undefined;
  readonly runId: RunId | undefined;
  /** The id of the last approval of the previous page. */
  readonly before: ApprovalId | undefined;
  /** Default: newest first. */
  readonly order?: "oldest" | "newest" | undefined;
  readonly limit: number;
};

/** The approvals of all runs, kept by the journal in the transaction that writes it. */
export interface ApprovalIndex {
  find(id: ApprovalId): ApprovalRecord | undefined;
  /** In the order of the query. */
  list(query: ApprovalQuery): readonly ApprovalRecord[];
  /** Number of open approvals. */
  openCount(workspace: string): number;
  /** When the next open one expires, in milliseconds since 1970; undefined when none waits. */
  nextExpiryMs(): number | undefined;
  /** Open ones that expire at this time or did before, the oldest first. */
  expired(atMs: number, limit: number): readonly { readonly id: ApprovalId; readonly runId: RunId }[];
}
