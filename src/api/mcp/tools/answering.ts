import { inputResponse } from "@modelcontextprotocol/server";
import { toFault } from "../../../kernel/errors.ts";
import { Json } from "../../../kernel/json.ts";
import { operations, questionForm, type RunDetail } from "../../contract/index.ts";
import type { Caller } from "../../operations/index.ts";
import { textOf } from "../errors.ts";
import type { McpOptions } from "../options.ts";
import { DECISIONS } from "./asking.ts";

type Response = Extract<ReturnType<typeof inputResponse>, { kind: "elicit" }>;

export type Answered = {
  /** Whether the user closed a question, so that it is not asked again. */
  readonly isLeft: boolean;
  /** What is wrong with answers that were refused. */
  readonly problems: readonly string[];
};

type Answers = {
  readonly responses: Readonly<Record<string, unknown>>;
  /** With `url`, no answer of a client decides on an approval. */
  readonly approvals: McpOptions["approvals"];
};
type Given = { readonly id: string; readonly response: Response };

/** Gives a run the answers that a client has from its user. One that came too late changes nothing. */
export async function giveAnswers(
  caller: Caller,
  run: RunDetail,
  { responses, approvals }: Answers,
): Promise<Answered> {
  const problems: string[] = [];
  let isLeft = false;
  for (const id of Object.keys(responses)) {
    const response = inputResponse(responses, id);
    if (response.kind !== "elicit") continue;
    const isApproval = run.approvals.some((approval) => approval.id === id);
    if (response.action === "cancel" || (isApproval && response.action === "decline")) isLeft = true;
    else if (!isApproval) problems.push(...(await tried(() => answer(caller, run, { id, response }))));
    else if (approvals === "form") problems.push(...(await tried(() => decide(caller, run, { id, response }))));
  }
  return { isLeft, problems };
}

/** The problem of an answer that was refused, if any. */
async function tried(give: () => Promise<void>): Promise<readonly string[]> {
  try {
    await give();
    return [];
  } catch (error) {
    const fault = toFault(error);
    // It was answered before, or its time is over; the run has the outcome.
    if (fault.kind === "conflict" || fault.kind === "not-found") return [];
    if (fault.kind === "invalid" || fault.kind === "rejected") return [textOf(fault)];
    throw error;
  }
}

/** Decides what the form says; one without a decision changes nothing. */
async function decide(caller: Caller, run: RunDetail, { id, response: { content } }: Given): Promise<void> {
  const { hash } = run.approvals.find((approval) => approval.id === id) ?? {};
  const [approve, deny] = DECISIONS;
  if (content?.[questionForm.ANSWER] === approve) await caller.perform(operations.approval.approve, { id, hash });
  else if (content?.[questionForm.ANSWER] === deny) await caller.perform(operations.approval.deny, { id, hash });
}

async function answer(caller: Caller, run: RunDetail, { id: input, response }: Given): Promise<void> {
  const { id } = run;
  if (response.action === "decline") {
    await caller.perform(operations.run.input, { id, input, action: "decline" });
    return;
  }
  const question = run.questions.find((each) => each.id === input);
  const content = Json.parse(response.content ?? {});
  const given = question === undefined ? content : questionForm.answerOf(question, content);
  await caller.perform(operations.run.input, { id, input, action: "accept", content: given });
}
