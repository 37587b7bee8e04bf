import * as z from "zod";
import { ApprovalId, ToolCallId } from "../../kernel/ids.ts";
import { JsonObject } from "../../kernel/json.ts";
import { APPROVAL_LEVELS, ON_EXPIRY } from "../../agents/permissions/index.ts";

/** Outcome of an approval; `void` if its bound call changed before it was used. */
const ApprovalReply = z.enum(["approved", "denied", "expired", "void"]);
export const ApprovalState = z.enum(["open", ...ApprovalReply.options, "cancelled"]);
export type ApprovalState = z.infer<typeof ApprovalState>;

const Hash = z.string();

/** A call waits for a person; written together with the call's start, so that no call is ever seen without its question. */
export const ApprovalAsk = z.object({
  type: z.literal("approval-ask"),
  step: z.int().min(0),
  callId: ToolCallId,
  approvalId: ApprovalId,
  server: z.string(),
  tool: z.string(),
  /** Level of the rule that requires approval, and the rule as written; empty for a request. */
  level: z.enum(APPROVAL_LEVELS),
  rule: z.string(),
  /** `whole` covers tool, arguments, rules, agent revision and tool server; the others are parts of it, to say what changed. */
  bound: z.object({ whole: Hash, policy: Hash, toolRevision: Hash }),
  expiresAtMs: z.int(),
  onExpiry: z.enum(ON_EXPIRY),
  approvers: z.array(z.string()),
  /** Why it is asked again; empty the first time. */
  reason: z.string(),
  content: z.object({ arguments: JsonObject }),
});
export type ApprovalAsk = z.infer<typeof ApprovalAsk>;

export const ApprovalAnswer = z.object({
  type: z.literal("approval-answer"),
  callId: ToolCallId,
  approvalId: ApprovalId,
  reply: ApprovalReply,
  /** The person who answered; null before an answer. */
  by: z.object({ name: z.string(), role: z.string() }).nullable(),
  /** Note of the person, which the model gets. For a void approval, what changed. */
  note: z.string(),
  /** Further calls of this tool that the same rule would ask for are made without asking, in this run. */
  remember: z.boolean(),
  /** The arguments the call is made with, where they were changed. */
  content: z.object({ arguments: JsonObject.nullable() }),
});
export type ApprovalAnswer = z.infer<typeof ApprovalAnswer>;

/** A call that waits, or waited, for a person. */
export type RunApproval = Omit<ApprovalAsk, "type" | "approvalId" | "content"> & {
  readonly id: ApprovalId;
  readonly arguments: JsonObject;
  readonly askedAtMs: number;
  readonly state: ApprovalState;
  readonly answeredAtMs: number | null;
  readonly by: ApprovalAnswer["by"];
  readonly note: string;
  readonly remember: boolean;
  readonly editedArguments: JsonObject | null;
};

export const askedApproval = (event: ApprovalAsk, atMs: number): RunApproval => {
  const { type: _type, approvalId: id, content, ...rest } = event;
  return {
    ...rest,
    id,
    arguments: content.arguments,
    askedAtMs: atMs,
    state: "open",
    answeredAtMs: null,
    by: null,
    note: "",
    remember: false,
    editedArguments: null,
  };
};

/** An approval after an answer; only the first answer to an open one counts. */
const answered = (
  approval: RunApproval,
  { approvalId, reply, by, note, remember, content }: ApprovalAnswer,
  atMs: number,
): RunApproval =>
  approval.id === approvalId && approval.state === "open"
    ? { ...approval, state: reply, answeredAtMs: atMs, by, note, remember, editedArguments: content.arguments }
    : approval;

export const answeredApprovals = (
  approvals: readonly RunApproval[],
  event: ApprovalAnswer,
  atMs: number,
): readonly RunApproval[] => approvals.map((each) => answered(each, event, atMs));

/** An approval from its events; `answer` is undefined while it is open. */
export const storedApproval = (
  ask: ApprovalAsk,
  askedAtMs: number,
  answer: { readonly event: ApprovalAnswer; readonly atMs: number } | undefined,
): RunApproval => {
  const approval = askedApproval(ask, askedAtMs);
  return answer === undefined ? approval : answered(approval, answer.event, answer.atMs);
};

/** The approvals of a run that has ended. */
export const closedApprovals = (approvals: readonly RunApproval[]): readonly RunApproval[] =>
  approvals.map((each) => (each.state === "open" ? { ...each, state: "cancelled" } : each));
