import { CaxtonError } from "../../../kernel/errors.ts";

export class ApprovalNotFoundError extends CaxtonError<{ readonly id: string }> {
  readonly code = "APPROVAL_NOT_FOUND";
  readonly kind = "not-found";
}

/** Thrown if the approval is already answered or expired, or its run has ended. */
export class ApprovalClosedError extends CaxtonError<{
  readonly id: string;
  readonly run: string;
  readonly state: string;
  readonly by: string | null;
}> {
  readonly code = "APPROVAL_CLOSED";
  readonly kind = "conflict";
}

/** The call that the approval is bound to has changed. */
export class ApprovalVoidError extends CaxtonError<{ readonly id: string; readonly run: string }> {
  readonly code = "APPROVAL_VOID";
  readonly kind = "conflict";
}

/** The client displayed another call than the one it answers. */
export class ApprovalMismatchError extends CaxtonError<{ readonly id: string; readonly run: string }> {
  readonly code = "APPROVAL_MISMATCH";
  readonly kind = "conflict";
}

export class ApprovalEditInvalidError extends CaxtonError<{
  readonly id: string;
  readonly problems: readonly string[];
}> {
  readonly code = "APPROVAL_EDIT_INVALID";
  readonly kind = "rejected";
}

export class ApproverNotAllowedError extends CaxtonError<{
  readonly id: string;
  readonly role: string;
  readonly approvers: readonly string[];
}> {
  readonly code = "APPROVER_NOT_ALLOWED";
  readonly kind = "denied";
}
