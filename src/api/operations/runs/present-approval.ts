import type { RunServices, RunView } from "../../../runs/index.ts";
import type * as contract from "../../contract/index.ts";
import { instant } from "../instant.ts";

type ApprovalRecord = ReturnType<RunServices["approvals"]["get"]>;

const PREVIEW_CHARS = 200;

export const presentApproval = (approval: ApprovalRecord): contract.Approval => ({
  id: approval.id,
  run: approval.runId,
  call_id: approval.callId,
  agent: approval.agent,
  revision: approval.revision,
  tool: `${approval.server}.${approval.tool}`,
  input_preview: approval.inputPreview,
  arguments: { ...approval.arguments },
  hash: approval.bound.whole,
  state: approval.state,
  level: approval.level,
  rule: approval.rule,
  reason: approval.reason,
  approvers: [...approval.approvers],
  asked_at: instant(approval.askedAtMs),
  expires_at: instant(approval.expiresAtMs),
  answered_at: approval.answeredAtMs === null ? null : instant(approval.answeredAtMs),
  by: approval.by,
  note: approval.note,
  edited_arguments: approval.editedArguments === null ? null : { ...approval.editedArguments },
  remember: approval.remember,
});

/** Those of one run, oldest first. */
export const presentApprovalsOf = ({
  id: runId,
  workspace,
  agent,
  revision,
  input,
  approvals,
}: RunView): contract.Approval[] =>
  approvals.map((approval) =>
    presentApproval({ ...approval, runId, workspace, agent, revision, inputPreview: input.slice(0, PREVIEW_CHARS) }),
  );
