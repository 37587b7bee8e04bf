import type { Clock } from "../../kernel/clock.ts";
import { createHash } from "node:crypto";
import { ApprovalId, mint } from "../../kernel/ids.ts";
import { canonicalJson, type JsonObject } from "../../kernel/json.ts";
import { boundHash, DESTRUCTIVE, evaluatePolicy, policyHash, type Verdict } from "../../agents/permissions/index.ts";
import {
  CLIENT_TOOLS,
  failedCall,
  modelToolName,
  type Tool,
  type ToolCatalogue,
  toolId,
  type ToolResult,
} from "../../tools/catalogue/index.ts";
import type { RunApproval, ExecutionPlan, RunView } from "../record/index.ts";
import { isOwnTool } from "./run-tools.ts";
import type { PreparedCall } from "./tool-calls.ts";

type Runnable = Extract<PreparedCall, { type: "runnable" }>;
type ApprovalRequest = Extract<Verdict, { type: "ask" }>;
type PermitDeps = { readonly tools: ToolCatalogue; readonly clock: Clock; readonly view: RunView };

/**
 * Applies rules and approvals to calls: a call is made unchanged, made with edited arguments, denied with a reason for
 * the model, or submitted for approval. Checked again each time a call is about to start, so that an approval given
 * before a restart or a redeployment applies only to what it was given for.
 */
export function authorizeCalls(
  deps: PermitDeps,
  plan: ExecutionPlan,
  calls: readonly PreparedCall[],
): readonly PreparedCall[] {
  return calls.map((call) => (call.type === "runnable" && !isOwnTool(call.tool) ? permit(deps, plan, call) : call));
}

function permit(deps: PermitDeps, plan: ExecutionPlan, call: Runnable): PreparedCall {
  const { start, tool } = call;
  const before = deps.view.approvals.findLast(({ callId }) => callId === start.callId);
  if (before?.state === "denied" || before?.state === "expired") return refused(call, deniedResult(before));
  const approved = before?.state === "approved" ? before : undefined;
  const change = approved && diffSinceApproval(deps, plan, approved, tool);
  if (approved && change === undefined) return withApproval(plan, call, approved);
  const verdict = judgeCall(plan, tool, call.arguments);
  if (verdict.type === "deny") return refused(call, forbidden(verdict));
  if (verdict.type === "allow" || isRemembered(deps, plan, tool, verdict)) return call;
  // A call that cannot run is not submitted for approval: the model gets the reason.
  if (deps.tools.argumentProblems(tool, call.arguments).length > 0) return call;
  const reason = change ?? (before?.state === "void" ? before.note : "");
  return { type: "asking", start: { ...start, queued: true }, ask: askFor(deps, plan, call, { verdict, reason }) };
}

function judgeCall(plan: ExecutionPlan, tool: Tool, given: JsonObject): Verdict {
  const verdict = evaluatePolicy(
    plan.permissions,
    { server: tool.server, tool: tool.name, arguments: given },
    tool.effects.destructive === true,
  );
  const isAsked = verdict.type === "allow" && plan.sideEffects === "ask" && hasOwnEffects(plan, tool);
  return isAsked ? { type: "ask", level: "request", rule: "" } : verdict;
}

/** Not a tool that the caller executes, nor an agent: what its run does is submitted for approval there. */
const hasOwnEffects = ({ agentTools = [] }: ExecutionPlan, tool: Tool): boolean =>
  !tool.effects.readOnly &&
  tool.server !== CLIENT_TOOLS &&
  !agentTools.some((agent) => modelToolName(agent) === modelToolName(tool));

const refused = ({ start }: Runnable, result: ToolResult): PreparedCall => ({ type: "refused", start, result });

function withApproval(plan: ExecutionPlan, call: Runnable, approval: RunApproval): PreparedCall {
  const given = approval.editedArguments ?? call.arguments;
  const verdict = judgeCall(plan, call.tool, given);
  if (verdict.type === "deny") return refused(call, forbidden(verdict));
  return { ...call, arguments: given, note: approvalNote(approval) };
}

function askFor(
  { tools, clock, view }: PermitDeps,
  plan: ExecutionPlan,
  { start, tool, arguments: given }: Runnable,
  { verdict, reason }: { readonly verdict: ApprovalRequest; readonly reason: string },
): Extract<PreparedCall, { type: "asking" }>["ask"] {
  const { permissions } = plan;
  return {
    type: "approval-ask",
    step: start.step,
    callId: start.callId,
    approvalId: mint(ApprovalId),
    server: tool.server,
    tool: tool.name,
    level: verdict.level,
    rule: verdict.rule,
    bound: boundTo(tools, plan, view, { tool, arguments: given }),
    expiresAtMs: clock.nowMs() + permissions.expiresMs,
    onExpiry: permissions.onExpiry,
    approvers: [...permissions.approvers],
    reason,
    content: { arguments: given },
  };
}

function boundTo(
  tools: ToolCatalogue,
  plan: ExecutionPlan,
  { agent, revision }: RunView,
  call: { readonly tool: Tool; readonly arguments: JsonObject },
): RunApproval["bound"] {
  const policy = policyHash(plan.permissions);
  const toolRevision = toolRevisionOf(tools, call.tool);
  const { server, name } = call.tool;
  const whole = boundHash({ agent, revision, server, tool: name, arguments: call.arguments, policy, toolRevision });
  return { whole, policy, toolRevision };
}

/** sha256 of what a call to a tool would run: module, version, what it may touch, and what it says of itself. */
function toolRevisionOf(tools: ToolCatalogue, { server, inputSchema, effects }: Tool): string {
  const found = tools.servers().find(({ name }) => name === server);
  const { readOnly, idempotent, destructive = false } = effects;
  const seen = {
    module: found?.moduleHash ?? "",
    version: found?.version ?? "",
    grants: [...(found?.grants ?? [])],
    inputSchema,
    effects: { readOnly, idempotent, destructive },
  };
  return createHash("sha256").update(canonicalJson(seen)).digest("hex");
}

/** Text of the differences between what an approval was bound to and the current state; undefined if they are equal. */
export function diffSinceApproval(
  { tools, view }: Pick<PermitDeps, "tools" | "view">,
  plan: ExecutionPlan,
  approval: RunApproval,
  tool: Tool | undefined,
): string | undefined {
  const name = `${approval.server}.${approval.tool}`;
  if (tool === undefined) return `there is no tool ${name} any more`;
  const now = boundTo(tools, plan, view, { tool, arguments: approval.arguments });
  if (now.whole === approval.bound.whole) return undefined;
  if (now.policy !== approval.bound.policy) return "the permission rules changed since it was asked for";
  if (now.toolRevision !== approval.bound.toolRevision)
    return `the tool server ${approval.server} changed since it was asked for`;
  return "the call is not the one that was asked for";
}

/** Whether the tool is approved for the whole run, against the same rule, and neither tool nor rule has changed. */
function isRemembered(
  { tools, view }: PermitDeps,
  plan: ExecutionPlan,
  tool: Tool,
  { level, rule }: ApprovalRequest,
): boolean {
  const policy = policyHash(plan.permissions);
  return view.approvals.some(
    (each) =>
      each.remember &&
      each.state === "approved" &&
      `${each.server}.${each.tool}` === toolId(tool) &&
      each.level === level &&
      each.rule === rule &&
      each.bound.policy === policy &&
      each.bound.toolRevision === toolRevisionOf(tools, tool),
  );
}

type Level = RunApproval["level"];

const OWNERS: { readonly [L in Exclude<Level, "request">]: string } = {
  server: "of this server",
  definition: "of this agent",
};

/** The rule that is behind a verdict, in words. */
export const formatRule = (level: Level, rule: string): string =>
  level === "request"
    ? "the request of the run, which asks before calls with side effects,"
    : rule === DESTRUCTIVE
      ? `the tool says that it is destructive, and the rules ${OWNERS[level]} ask then`
      : `the rule ${rule} ${OWNERS[level]}`;

const forbidden = ({ level, rule }: Exclude<Verdict, { type: "allow" }>): ToolResult =>
  failedCall(
    "forbidden",
    `${formatRule(level, rule)} forbids this call, so it was not made. Do not try it again in another form; continue without it, or say that you may not do it.`,
  );

function deniedResult({ state, note, askedAtMs, expiresAtMs }: RunApproval): ToolResult {
  if (state === "expired") {
    const minutes = Math.max(1, Math.round((expiresAtMs - askedAtMs) / 60_000));
    return failedCall(
      "rejected",
      `this call needs a person's approval, which was not given within ${minutes} minutes, so it was not made. Continue without it.`,
    );
  }
  const said = note === "" ? "" : ` They said: ${JSON.stringify(note)}.`;
  return failedCall(
    "rejected",
    `a person refused this call, so it was not made.${said} Do not make the same call again; do as they say, or continue without it.`,
  );
}

/**
 * Text that the model gets before the result of an approved call; undefined if the approval has neither note nor
 * edits.
 */
function approvalNote({ note, editedArguments }: RunApproval): string | undefined {
  const said = note === "" ? "" : ` They said: ${JSON.stringify(note)}.`;
  if (editedArguments !== null)
    return `(A person changed the arguments before they approved this call. It was made with ${JSON.stringify(editedArguments)}.${said})`;
  return said === "" ? undefined : `(A person approved this call.${said})`;
}
