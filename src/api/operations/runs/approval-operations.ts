import type { ApprovalState, RunServices } from "../../../runs/index.ts";
import { operations } from "../../contract/index.ts";
import type { RequestIds } from "../request-ids.ts";
import { idempotent } from "../idempotent.ts";
import { cursors } from "../handles.ts";
import { decodeCursor, pageOf } from "../page.ts";
import { implement } from "../perform.ts";
import { presentApproval } from "./present-approval.ts";
import { ownRun } from "./stored-run.ts";

type ApprovalRecord = ReturnType<RunServices["approvals"]["get"]>;

/** Open approvals are listed oldest first, others newest first, unless the query names an order. Throws RunNotFoundError. */
const list = implement(operations.approval.list, ({ runs }, query, { principal }) => {
  const { stores } = runs;
  const { workspace } = principal;
  const { state, limit, order = state === "open" ? "oldest" : "newest" } = query;
  const found = stores.approvals.list({
    workspace,
    state,
    runId: query.run === undefined ? undefined : ownRun(runs, principal, query.run),
    before: decodeCursor(cursors.approvals, query.cursor)?.[0],
    order,
    limit: limit + 1,
  });
  const { rows, next } = pageOf(found, limit, ({ id }) => cursors.approvals.encode(id));
  return { items: rows.map(presentApproval), next, open: stores.approvals.openCount(workspace) };
});

/** Throws ApprovalNotFoundError. */
const get = implement(operations.approval.get, ({ runs: { approvals } }, { id }, { principal }) =>
  presentApproval(approvals.get(principal.workspace, id)),
);

/** Throws what `Approvals.answer` does, and ApprovalMismatchError. */
const approve = implement(operations.approval.approve, async ({ runs }, input, call) => {
  const { id, hash, arguments: edit, note, remember } = input;
  const { asked, principal } = call;
  const { approvals } = runs;
  approvals.get(principal.workspace, id, hash);
  const word = { type: "approve", edit, note, remember } as const;
  const answered = await idempotent(
    asked,
    () => approvals.answer({ workspace: principal.workspace, id }, word, principal),
    () => answeredSince(approvals.get(principal.workspace, id), "approved", asked),
  );
  return presentApproval(answered);
});

/** Throws what `Approvals.answer` does, and ApprovalMismatchError. */
const deny = implement(operations.approval.deny, async ({ runs }, { id, hash, reason }, call) => {
  const { asked, principal } = call;
  const { approvals } = runs;
  approvals.get(principal.workspace, id, hash);
  const answered = await idempotent(
    asked,
    () => approvals.answer({ workspace: principal.workspace, id }, { type: "deny", note: reason }, principal),
    () => answeredSince(approvals.get(principal.workspace, id), "denied", asked),
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
