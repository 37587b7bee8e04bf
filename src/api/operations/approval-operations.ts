import type { JsonObject } from "../../kernel/json.ts";
import { ApprovalId } from "../../kernel/ids.ts";
import type { Approver } from "../../agents/permissions/index.ts";
import {
  approvalMismatch,
  type ApprovalIndex,
  type ApprovalRecord,
  type Approvals,
  type ApprovalState,
} from "../../runs/index.ts";
import type * as contract from "../contract/index.ts";
import type { AskedIds } from "./asked-ids.ts";
import { orAsItIs } from "./done-already.ts";
import { presentApproval } from "./present-approval.ts";
import { DEFAULT_WORKSPACE, runId } from "./run-operations.ts";

export type ApprovalServices = { readonly approvals: Approvals; readonly approvalIndex: ApprovalIndex };

/** Approvals: those that wait oldest first, others newest first, unless the query names an order. Throws RunNotFoundError for a run's id that is none. */
export function listApprovals(
  { approvalIndex }: ApprovalServices,
  query: {
    readonly state?: ApprovalState | undefined;
    readonly run?: string | undefined;
    readonly order?: "oldest" | "newest" | undefined;
    readonly cursor?: string | undefined;
    readonly limit: number;
  },
): contract.ApprovalPage {
  const { state, limit, order = state === "open" ? "oldest" : "newest" } = query;
  const found = approvalIndex.list({
    workspace: DEFAULT_WORKSPACE,
    state,
    runId: query.run === undefined ? undefined : runId(query.run),
    before: query.cursor === undefined ? undefined : ApprovalId.parse(query.cursor),
    order,
    limit: limit + 1,
  });
  const items = found.slice(0, limit).map(presentApproval);
  const next = found.length > limit ? (items.at(-1)?.id ?? null) : null;
  return { items, next, open: approvalIndex.openCount(DEFAULT_WORKSPACE) };
}

/** Throws ApprovalNotFoundError. */
export const getApproval = ({ approvals }: ApprovalServices, id: string): contract.Approval =>
  presentApproval(approvals.get(id));

/** Throws ApprovalNotFoundError, ApprovalMismatchError. */
function mustBeTheOne({ approvals }: ApprovalServices, id: string, hash: string | undefined): void {
  const { runId: run, bound } = approvals.get(id);
  if (hash !== undefined && hash !== bound.whole) throw approvalMismatch(id, run);
}

/** Who answers, and whether that came again after a crash. */
type Answering = { readonly approver: Approver; readonly asked?: AskedIds | undefined };

/** Throws what `Approvals.answer` does, and ApprovalMismatchError. */
export async function approve(
  services: ApprovalServices,
  id: string,
  body: {
    readonly hash?: string | undefined;
    readonly arguments?: JsonObject | undefined;
    readonly note: string;
    readonly remember: boolean;
  },
  { approver, asked }: Answering,
): Promise<contract.Approval> {
  const { hash, arguments: edit, note, remember } = body;
  const { approvals } = services;
  mustBeTheOne(services, id, hash);
  const word = { type: "approve", edit, note, remember } as const;
  const answered = await orAsItIs(
    asked,
    () => approvals.answer(id, word, approver),
    () => answeredSince(approvals.get(id), "approved", asked),
  );
  return presentApproval(answered);
}

/** Throws what `Approvals.answer` does, and ApprovalMismatchError. */
export async function deny(
  services: ApprovalServices,
  id: string,
  { hash, reason }: { readonly hash?: string | undefined; readonly reason: string },
  { approver, asked }: Answering,
): Promise<contract.Approval> {
  const { approvals } = services;
  mustBeTheOne(services, id, hash);
  const answered = await orAsItIs(
    asked,
    () => approvals.answer(id, { type: "deny", note: reason }, approver),
    () => answeredSince(approvals.get(id), "denied", asked),
  );
  return presentApproval(answered);
}

/** The approval when it was answered so since the request came first. */
const answeredSince = (
  approval: ApprovalRecord,
  state: ApprovalState,
  asked: AskedIds | undefined,
): ApprovalRecord | undefined =>
  approval.state === state && (approval.answeredAtMs ?? 0) >= (asked?.sinceMs ?? Infinity) ? approval : undefined;
