import type { RunId } from "../../../kernel/ids.ts";
import type { Approver } from "../../../agents/permissions/index.ts";
import {
  ApprovalClosedError,
  ApprovalEditInvalidError,
  ApprovalMismatchError,
  ApprovalNotFoundError,
  ApprovalVoidError,
  ApproverNotAllowedError,
} from "./approval-errors.ts";
import type { RunApproval } from "../../record/index.ts";

export const approvalNotFound = (id: string): ApprovalNotFoundError =>
  new ApprovalNotFoundError(`there is no approval ${id}`, "`caxton approval list` shows those that wait.", { id });

/** Reports the outcome of the approval, and who decided it. */
export function alreadyAnswered(approval: RunApproval, runId: RunId): ApprovalClosedError {
  const { id, state, by, answeredAtMs } = approval;
  const who = by === null ? "" : ` by ${by.name} (${by.role})`;
  const when = answeredAtMs === null ? "" : ` at ${new Date(answeredAtMs).toISOString()}`;
  const became =
    state === "cancelled"
      ? `its run ${runId} has ended`
      : state === "void"
        ? "it is void"
        : `it was ${state}${who}${when}`;
  const hint = state === "expired" ? "expires in [permissions] says how long approvals wait." : "";
  return new ApprovalClosedError(
    `approval ${id} can no longer be answered: ${state === "expired" ? "it has expired" : became}`,
    hint,
    {
      id,
      run: runId,
      state,
      by: by?.name ?? null,
    },
  );
}

export const voidApproval = ({ id }: RunApproval, runId: RunId, change: string): ApprovalVoidError =>
  new ApprovalVoidError(
    `approval ${id} is void: ${change}`,
    "The call is checked again; if the rules still require approval, a new approval is pending. `caxton approval list` shows it.",
    { id, run: runId },
  );

export const approvalMismatch = (id: string, runId: RunId): ApprovalMismatchError =>
  new ApprovalMismatchError(
    `approval ${id} is for another call than the one with this hash`,
    `\`caxton approval get ${id}\` shows the call and its hash.`,
    { id, run: runId },
  );

export const mayNotAnswer = ({ id, approvers }: RunApproval, { name, roles }: Approver): ApproverNotAllowedError =>
  new ApproverNotAllowedError(
    `${name} has the role ${roles.join(", ")}, and approval ${id} is for ${approvers.join(", ")}`,
    "approvers in [permissions] says who may answer.",
    { id, role: roles.join(", "), approvers },
  );

export const editUnfit = ({ id, server, tool }: RunApproval, problems: readonly string[]): ApprovalEditInvalidError =>
  new ApprovalEditInvalidError(
    `the changed arguments do not fit ${server}.${tool}: ${problems.join("; ")}`,
    `\`caxton tool get ${server}\` shows what the tool takes.`,
    { id, problems },
  );

export const editForbidden = ({ id }: RunApproval, rule: string): ApprovalEditInvalidError =>
  new ApprovalEditInvalidError(`${rule} forbids the call with the changed arguments`, "", { id, problems: [rule] });
