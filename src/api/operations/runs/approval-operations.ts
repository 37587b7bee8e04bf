import type { Admission } from "../../../access/index.ts";
import type { ApprovalId } from "../../../kernel/ids.ts";
import type { ApprovalState, RunServices } from "../../../runs/index.ts";
import { operations } from "../../contract/index.ts";
import type { RequestIds } from "../request-ids.ts";
import { idempotent } from "../idempotent.ts";
import { cursors } from "../handles.ts";
import { coveredPage, decodeCursor, pageOf } from "../page.ts";
import { type Call, implement } from "../perform.ts";
import { presentApproval } from "./present-approval.ts";
import { ownRun } from "./stored-run.ts";

type ApprovalRecord = ReturnType<RunServices["approvals"]["get"]>;

/** Returns an approval that the operation may use. Throws ApprovalNotFoundError, ApprovalMismatchError. */
function ownApproval({ approvals }: RunServices, admission: Admission, id: string, hash?: string): ApprovalRecord {
  const mayUse = (agent: string) => admission.covers("agents", agent);
  return approvals.get(admission.principal.workspace, id, { hash, mayUse });
}

/** Open approvals that are counted for a limited grant. */
const OPEN_COUNTED_MAX = 1_000;

const cursorAfter = ({ id }: ApprovalRecord) => cursors.approvals.encode(id);

/** Open approvals are listed oldest first, others newest first, unless the query names an order. Throws RunNotFoundError. */
const list = implement(operations.approval.list, async ({ runs }, query, { admission, principal: { workspace } }) => {
  const { stores } = runs;
  const { state, limit, order = state === "open" ? "oldest" : "newest" } = query;
  const ofRun = query.run === undefined ? undefined : ownRun(runs, admission, query.run);
  const [before] = decodeCursor(cursors.approvals, query.cursor) ?? [];
  const read = (from: ApprovalId | undefined, count: number) =>
    stores.approvals.list({ workspace, state, runId: ofRun, before: from, order, limit: count });
  if (admission.isWhole) {
    const { rows, next } = pageOf(read(before, limit + 1), limit, cursorAfter);
    return { items: rows.map(presentApproval), next, open: stores.approvals.openCount(workspace) };
  }
  const isCovered = ({ agent }: ApprovalRecord) => admission.covers("agents", agent);
  const { rows, next } = await coveredPage((after, count) => read(after?.id ?? before, count), isCovered, {
    limit,
    cursorAfter,
  });
  const all = { workspace, state: "open", order: "oldest", limit: OPEN_COUNTED_MAX } as const;
  const open = stores.approvals.list({ ...all, runId: undefined, before: undefined });
  return { items: rows.map(presentApproval), next, open: open.filter(isCovered).length };
});

/** Throws ApprovalNotFoundError. */
const get = implement(operations.approval.get, ({ runs }, { id }, { admission }) =>
  presentApproval(ownApproval(runs, admission, id)),
);

const approverOf = ({ admission, principal: { name } }: Call, { agent }: ApprovalRecord) => ({
  name,
  roles: admission.rolesFor("agents", agent),
});

/** Throws what `Approvals.answer` does, and ApprovalMismatchError. */
const approve = implement(operations.approval.approve, async ({ runs }, input, call) => {
  const { id, hash, arguments: edit, note, remember } = input;
  const { asked, principal } = call;
  const { approvals } = runs;
  const approver = approverOf(call, ownApproval(runs, call.admission, id, hash));
  const word = { type: "approve", edit, note, remember } as const;
  const answered = await idempotent(
    asked,
    () => approvals.answer({ workspace: principal.workspace, id }, word, approver),
    () => answeredSince(approvals.get(principal.workspace, id), "approved", asked),
  );
  return presentApproval(answered);
});

/** Throws what `Approvals.answer` does, and ApprovalMismatchError. */
const deny = implement(operations.approval.deny, async ({ runs }, { id, hash, reason }, call) => {
  const { asked, principal } = call;
  const { approvals } = runs;
  const approver = approverOf(call, ownApproval(runs, call.admission, id, hash));
  const answered = await idempotent(
    asked,
    () => approvals.answer({ workspace: principal.workspace, id }, { type: "deny", note: reason }, approver),
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
