import { ApprovalId } from "../../../kernel/ids.ts";
import type { ApprovalIndex, ApprovalState, OpenRuns } from "../../../runs/index.ts";
import { operations } from "../../contract/index.ts";
import type { RequestIds } from "../request-ids.ts";
import { idempotent } from "../idempotent.ts";
import { implement } from "../perform.ts";
import { presentApproval } from "./present-approval.ts";
import { DEFAULT_WORKSPACE } from "../default-workspace.ts";
import { runId } from "./stored-run.ts";

export type ApprovalServices = {
  readonly approvals: OpenRuns["approvals"];
  readonly approvalIndex: ApprovalIndex;
};

type ApprovalRecord = ReturnType<OpenRuns["approvals"]["get"]>;

/** Open approvals are listed oldest first, others newest first, unless the query names an order. Throws RunNotFoundError. */
const list = implement(operations.approval.list, ({ approvalIndex }: ApprovalServices, query) => {
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
});

/** Throws ApprovalNotFoundError. */
const get = implement(operations.approval.get, ({ approvals }: ApprovalServices, { id }) =>
  presentApproval(approvals.get(id)),
);

/** Throws what `Approvals.answer` does, and ApprovalMismatchError. */
const approve = implement(operations.approval.approve, async (services: ApprovalServices, input, call) => {
  const { id, hash, arguments: edit, note, remember } = input;
  const { asked, principal } = call;
  const { approvals } = services;
  approvals.get(id, hash);
  const word = { type: "approve", edit, note, remember } as const;
  const answered = await idempotent(
    asked,
    () => approvals.answer(id, word, principal),
    () => answeredSince(approvals.get(id), "approved", asked),
  );
  return presentApproval(answered);
});

/** Throws what `Approvals.answer` does, and ApprovalMismatchError. */
const deny = implement(operations.approval.deny, async (services: ApprovalServices, { id, hash, reason }, call) => {
  const { asked, principal } = call;
  const { approvals } = services;
  approvals.get(id, hash);
  const answered = await idempotent(
    asked,
    () => approvals.answer(id, { type: "deny", note: reason }, principal),
    () => answeredSince(approvals.get(id), "denied", asked),
  );
  return presentApproval(answered);
});

/** The approval when it was answered so since the request came first. */
const answeredSince = (
  approval: ApprovalRecord,
  state: ApprovalState,
  asked: RequestIds | undefined,
): ApprovalRecord | undefined =>
  approval.state === state && (approval.answeredAtMs ?? 0) >= (asked?.sinceMs ?? Infinity) ? approval : undefined;

export const approvalOperations = [list, get, approve, deny] as const;
