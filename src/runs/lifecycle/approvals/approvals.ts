import type { Clock } from "../../../kernel/clock.ts";
import { ApprovalId, type RunId } from "../../../kernel/ids.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import { answeringRole, type Approver, evaluatePolicy } from "../../../agents/permissions/index.ts";
import { type Tool, type ToolCatalogue, type ToolCatalogues, toolId } from "../../../tools/catalogue/index.ts";
import type { ApprovalIndex, ApprovalRecord } from "./approval-index.ts";
import {
  alreadyAnswered,
  approvalMismatch,
  approvalNotFound,
  editForbidden,
  editUnfit,
  mayNotAnswer,
  voidApproval,
} from "./approval-refusals.ts";
import { diffSinceApproval, formatRule } from "../../calls/index.ts";
import { Expiry } from "../expiry.ts";
import type { ApprovalAnswer, RunApproval, RunEvent, RunPlan, RunView } from "../../record/index.ts";
import type { Runs } from "../runs.ts";

export type ApprovalsDeps = {
  readonly runs: Runs;
  readonly index: ApprovalIndex;
  readonly tools: ToolCatalogues;
  readonly clock: Clock;
};

/** A person's answer to an approval. */
export type ApprovalWord =
  | {
      readonly type: "approve";
      /** Arguments to make the call with instead. */
      readonly edit: JsonObject | undefined;
      readonly note: string;
      /** Further calls of the tool against the same rule are made without asking, in this run. */
      readonly remember: boolean;
    }
  | { readonly type: "deny"; readonly note: string };

/** `hash`: of the call that the caller saw. `mayUse`: whether the caller may use an agent. */
/** An approval with who answers it. */
type Answering = { readonly approval: RunApproval; readonly by: ApprovalAnswer["by"] };

type Looking = { readonly hash?: string | undefined; readonly mayUse?: (agent: string) => boolean };

/**
 * The approvals of all runs.
 * runs.approvals.P1. An answer is durable before its sender receives the confirmation; of two answers to one
 *   approval, the second is rejected with the first.
 * runs.approvals.P2. An approval applies only to the call that was shown: a change of the rules, of the tool server
 *   or of the agent makes it void.
 * runs.approvals.P3. One timer serves all pending approvals; none of them is in memory.
 */
export class Approvals implements AsyncDisposable {
  readonly #deps: ApprovalsDeps;
  readonly #expiry: Expiry<ApprovalId>;
  #watching: Disposable | undefined;

  constructor(deps: ApprovalsDeps) {
    this.#deps = deps;
    const { clock, index } = deps;
    this.#expiry = new Expiry({
      clock,
      what: "approvals",
      nextMs: () => index.nextExpiryMs(),
      due: (atMs, limit) => index.expired(atMs, limit),
      expire: ({ id, runId }) => this.#expire(runId, id),
    });
  }

  /** Ends approvals whose time is over from now on; those that ended while no server ran come first. */
  watchExpiry(): void {
    this.#watching = this.#deps.runs.hub.watchAll((news) => {
      if (news.type === "entry" && news.entry.event.type === "approval-ask")
        this.#expiry.expect(news.entry.event.expiresAtMs);
    });
    this.#expiry.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watching?.[Symbol.dispose]();
    await this.#expiry[Symbol.asyncDispose]();
  }

  /** Returns an approval of a workspace. Throws ApprovalNotFoundError; ApprovalMismatchError if the call does not have this hash. */
  get(workspace: string, id: string, { hash, mayUse }: Looking = {}): ApprovalRecord {
    const parsed = ApprovalId.safeParse(id);
    const found = parsed.success ? this.#deps.index.find(parsed.data) : undefined;
    if (found?.workspace !== workspace || mayUse?.(found.agent) === false) throw approvalNotFound(id);
    if (hash !== undefined && hash !== found.bound.whole) throw approvalMismatch(id, found.runId);
    return found;
  }

  /**
   * Says yes or no to a call that waits; on disk when resolved. Throws ApprovalNotFoundError, ApprovalClosedError,
   * ApprovalVoidError, ApprovalEditInvalidError, ApproverNotAllowedError, storage errors.
   */
  async answer(
    { workspace: of, id }: { readonly workspace: string; readonly id: string },
    word: ApprovalWord,
    approver: Approver,
  ): Promise<ApprovalRecord> {
    const { runId, id: approvalId } = this.get(of, id);
    const { runs } = this.#deps;
    let refusal: Error | undefined;
    await runs.update(runId, async (view) => {
      const { approval, by } = this.#mustBeOpen(view, approvalId, approver);
      const { workspace } = view;
      // A no needs no plan: it can be said also when the agent is gone.
      const plan = word.type === "approve" ? await runs.planOf(view) : undefined;
      const ended = this.#endOf(view, plan, approval);
      if (ended) {
        refusal = ended.refusal;
        return ended.events;
      }
      const tools = this.#deps.tools.of(workspace);
      return [this.#answerOf({ tools, plan }, { approval, by }, word), WAKE];
    });
    if (refusal) throw refusal;
    const after = this.get(of, id);
    // The run ended in the same moment, and its end was written first.
    if (after.state === "cancelled") throw alreadyAnswered(after, runId);
    return after;
  }

  #mustBeOpen(view: RunView, id: ApprovalId, approver: Approver): Answering {
    const approval = view.approvals.find((each) => each.id === id);
    if (approval === undefined) throw approvalNotFound(id);
    if (approval.state !== "open") throw alreadyAnswered(approval, view.id);
    const role = answeringRole(approver, approval.approvers);
    if (role === undefined) throw mayNotAnswer(approval, approver);
    return { approval, by: { name: approver.name, role } };
  }

  /** End of an approval that can no longer be answered; undefined if it can. */
  #endOf(
    view: RunView,
    plan: RunPlan | undefined,
    approval: RunApproval,
  ): { readonly events: readonly RunEvent[]; readonly refusal: Error } | undefined {
    if (approval.expiresAtMs <= this.#deps.clock.nowMs()) {
      const event = endedBy(approval, "expired", "");
      return { events: [event, WAKE], refusal: alreadyAnswered({ ...approval, state: "expired" }, view.id) };
    }
    // While the server starts its tools are not there to compare with; the call is judged before it is made in any case.
    const isComparable = plan !== undefined && !this.#deps.runs.isHeld;
    const tools = this.#deps.tools.of(view.workspace);
    const change = isComparable && diffSinceApproval({ tools, view }, plan, approval, toolOf(tools, plan, approval));
    if (change === undefined || change === false) return undefined;
    return { events: [endedBy(approval, "void", change), WAKE], refusal: voidApproval(approval, view.id, change) };
  }

  #answerOf(
    { tools, plan }: { readonly tools: ToolCatalogue; readonly plan: RunPlan | undefined },
    { approval, by }: Answering,
    word: ApprovalWord,
  ): ApprovalAnswer {
    const isApproved = word.type === "approve";
    const edit = isApproved ? word.edit : undefined;
    if (edit !== undefined && plan !== undefined) checkEdit({ tools, plan }, approval, edit);
    return {
      type: "approval-answer",
      callId: approval.callId,
      approvalId: approval.id,
      reply: isApproved ? "approved" : "denied",
      by,
      note: word.note,
      remember: isApproved && word.remember,
      content: { arguments: edit ?? null },
    };
  }

  async #expire(runId: RunId, id: ApprovalId): Promise<void> {
    await this.#deps.runs.update(runId, (view) => {
      const approval = view.approvals.find((each) => each.id === id);
      return approval?.state === "open" ? [endedBy(approval, "expired", ""), WAKE] : [];
    });
  }
}

const WAKE = { type: "run-resume" } as const;

const endedBy = (approval: RunApproval, reply: "expired" | "void", note: string): ApprovalAnswer => ({
  type: "approval-answer",
  callId: approval.callId,
  approvalId: approval.id,
  reply,
  by: null,
  note,
  remember: false,
  content: { arguments: null },
});

function checkEdit(
  { tools, plan }: { readonly tools: ToolCatalogue; readonly plan: RunPlan },
  approval: RunApproval,
  edit: JsonObject,
): void {
  const tool = toolOf(tools, plan, approval);
  const problems = tool === undefined ? [] : tools.argumentProblems(tool, edit);
  if (problems.length > 0) throw editUnfit(approval, problems);
  const call = { server: approval.server, tool: approval.tool, arguments: edit };
  const verdict = evaluatePolicy(plan.permissions, call, tool?.effects.destructive === true);
  if (verdict.type === "deny") throw editForbidden(approval, formatRule(verdict.level, verdict.rule));
}

function toolOf(tools: ToolCatalogue, plan: RunPlan, { server, tool }: RunApproval): Tool | undefined {
  const found = tools.servers().find(({ name }) => name === server);
  const all = [...(found?.tools ?? []), ...(plan.agentTools ?? [])];
  return all.find((each) => toolId(each) === `${server}.${tool}`);
}
