import type { PermissionOption, ToolCallUpdate } from "@agentclientprotocol/sdk";
import { type Approval, operations, questionForm, type RunDetail, type RunQuestion } from "../../api/contract/index.ts";
import { CaxtonError } from "../../kernel/errors.ts";
import { Json } from "../../kernel/json.ts";
import type { Client } from "../client/index.ts";
import { type Peer, update } from "./peer.ts";
import { shownText, textContent, toolCallId } from "./tool-calls.ts";

/** Something that a run waits for, and how the user of the editor is asked. */
export type Question = {
  readonly id: string;
  /** Returns whether it was answered here; throws when the signal withdraws it. */
  readonly ask: (signal: AbortSignal) => Promise<boolean>;
};

export type Asking = { readonly peer: Peer; readonly client: Client };

/** What a run waits for that the user of the editor can answer. */
export function questionsOf(asking: Asking, run: RunDetail): readonly Question[] {
  return [
    ...run.approvals.filter(({ state }) => state === "open").map((approval) => approvalQuestion(asking, approval)),
    ...run.questions.filter(({ state }) => state === "open").map((each) => userQuestion(asking, run.id, each)),
    ...(run.state === "awaiting-choice" ? [modelChoice(asking, run)] : []),
    ...(run.state === "needs-decision" ? run.waiting_calls.map((call) => lostCall(asking, run.id, call)) : []),
  ];
}

const approvalQuestion = (asking: Asking, approval: Approval): Question => ({
  id: approval.id,
  ask: async (signal) => {
    const { id, hash, run, call_id: call, tool, arguments: rawInput } = approval;
    const chosen = await choose(asking, signal, {
      toolCall: { toolCallId: toolCallId(run, call), title: tool, status: "pending", rawInput },
      options: [
        { optionId: "allow", name: "Allow once", kind: "allow_once" },
        { optionId: "reject", name: "Reject", kind: "reject_once" },
      ],
    });
    if (chosen === "allow") await asking.client.call(operations.approval.approve, { id, hash });
    if (chosen === "reject") await asking.client.call(operations.approval.deny, { id, hash });
    return chosen !== undefined;
  },
});

const userQuestion = (asking: Asking, run: string, question: RunQuestion): Question => ({
  id: question.id,
  ask: (signal) => askUser(asking, { run, question, problem: "" }, signal),
});

type UserQuestion = { readonly run: string; readonly question: RunQuestion; readonly problem: string };

/** By a form or a page where the editor has them, else by a choice. A question that needs a text is left to the next prompt. */
async function askUser(asking: Asking, asked: UserQuestion, signal: AbortSignal): Promise<boolean> {
  const { run, question, problem } = asked;
  const { elicitation } = asking.peer.capabilities;
  const way = question.url === null ? elicitation?.form : elicitation?.url;
  if (way === undefined || way === null) return chooseAnswer(asking, asked, signal);
  const { client, sessionId } = asking.peer;
  const message = [problem, question.message].filter((line) => line !== "").join("\n");
  const scope = { sessionId, toolCallId: toolCallId(run, question.call_id), message };
  const answer = await client.request(
    "elicitation/create",
    question.url === null
      ? { ...scope, mode: "form", requestedSchema: questionForm.formOf(question) }
      : { ...scope, mode: "url", elicitationId: question.id, url: question.url },
    withdrawnBy(signal),
  );
  const input = { id: run, input: question.id };
  if (answer.action === "decline") {
    await asking.client.call(operations.run.input, { ...input, action: "decline" });
    return true;
  }
  if (answer.action !== "accept") return false;
  const content = questionForm.answerOf(question, Json.parse(("content" in answer ? answer.content : undefined) ?? {}));
  try {
    await asking.client.call(operations.run.input, { ...input, action: "accept", content });
    return true;
  } catch (error) {
    if (!(error instanceof CaxtonError) || error.code !== "ANSWER_INVALID") throw error;
    return askUser(asking, { ...asked, problem: error.message }, signal);
  }
}

async function chooseAnswer(asking: Asking, { run, question }: UserQuestion, signal: AbortSignal): Promise<boolean> {
  const { options, message, url } = question;
  if (options.length === 0) {
    const text = url === null ? message : `${message}\n${url}`;
    await update(asking.peer, {
      sessionUpdate: "agent_message_chunk",
      messageId: question.id,
      content: textContent(text),
    });
    return false;
  }
  const chosen = await choose(asking, signal, {
    toolCall: { toolCallId: toolCallId(run, question.call_id), title: message, status: "pending" },
    options: options.map((name, index) => ({ optionId: String(index), name, kind: "allow_once" })),
  });
  const answer = chosen === undefined ? undefined : options[Number(chosen)];
  if (answer === undefined) return false;
  const input = { id: run, input: question.id };
  await asking.client.call(operations.run.input, {
    ...input,
    action: "accept",
    content: { [questionForm.ANSWER]: answer },
  });
  return true;
}

/** What is to be done after its model failed. */
const modelChoice = (asking: Asking, { id, choice }: RunDetail): Question => ({
  id: `${id}.choice-${choice?.asked_at}`,
  ask: async (signal) => {
    const { backups = [], failure } = choice ?? {};
    const chosen = await choose(asking, signal, {
      toolCall: {
        toolCallId: toolCallId(id, "choice"),
        title: "The model failed",
        status: "pending",
        content: [shownText(failure?.message ?? "")],
      },
      options: [
        { optionId: "retry", name: "Try again", kind: "allow_once" },
        ...backups.map((model): PermissionOption => ({
          optionId: `use ${model}`,
          name: `Use ${model}`,
          kind: "allow_once",
        })),
        { optionId: "cancel", name: "End the turn", kind: "reject_once" },
      ],
    });
    if (chosen === "retry" || chosen === "cancel")
      await asking.client.call(operations.run.choose, { id, choice: chosen });
    else if (chosen !== undefined)
      await asking.client.call(operations.run.choose, { id, choice: "use", model: chosen.slice("use ".length) });
    return chosen !== undefined;
  },
});

/** What is to be done about a call whose result was lost. */
const lostCall = (asking: Asking, id: string, call: string): Question => ({
  id: `${id}.decision-${call}`,
  ask: async (signal) => {
    const chosen = await choose(asking, signal, {
      toolCall: {
        toolCallId: toolCallId(id, call),
        title: "The result of this call was lost; it may have had its effect",
        status: "pending",
      },
      options: [
        { optionId: "retry", name: "Call again", kind: "allow_once" },
        { optionId: "skip", name: "Continue without its result", kind: "reject_once" },
        { optionId: "fail", name: "End the turn", kind: "reject_once" },
      ],
    });
    const decision = (["retry", "skip", "fail"] as const).find((each) => each === chosen);
    if (decision !== undefined) await asking.client.call(operations.run.decide, { id, call_id: call, decision });
    return decision !== undefined;
  },
});

type Choice = { readonly toolCall: ToolCallUpdate; readonly options: readonly PermissionOption[] };

/** The id of the option that the user chose; undefined if none. */
export async function choose(
  { peer }: Asking,
  signal: AbortSignal,
  { toolCall, options }: Choice,
): Promise<string | undefined> {
  const { outcome } = await peer.client.request(
    "session/request_permission",
    { sessionId: peer.sessionId, toolCall, options: [...options] },
    withdrawnBy(signal),
  );
  return outcome.outcome === "selected" ? outcome.optionId : undefined;
}

const withdrawnBy = (cancellationSignal: AbortSignal) => ({ cancellationSignal, stopWaitingOnCancel: true });
