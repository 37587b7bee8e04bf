import { agentPrincipal } from "../../../access/index.ts";
import type { RunCaller } from "../../../kernel/rights/run-caller.ts";
import { presentApprovalsOf } from "./present-approval.ts";
import { noticesOf } from "./notices.ts";
import { presentSummaryNote } from "./present-context.ts";
import type * as contract from "../../contract/index.ts";
import { operations, requestPath } from "../../contract/index.ts";
import {
  type Artifact,
  isTerminal,
  type MemoryOutbox,
  type RunEvent,
  type RunMessage,
  type RunSummary,
  type RunView,
} from "../../../runs/index.ts";

import { presentCost, presentSpent } from "../agents/present-budget.ts";
import { presentStep, spanOf } from "./present-step.ts";
import { handles } from "../handles.ts";
import { instant, instantOrNull } from "../instant.ts";

type MemoryOutboxEntry = NonNullable<ReturnType<MemoryOutbox["get"]>>;

export function presentSummary(run: RunSummary): contract.RunSummary {
  return {
    id: run.id,
    workspace: run.workspace,
    agent: run.agent,
    revision: run.revision,
    model: run.model,
    state: run.state,
    resting: run.resting,
    input_preview: run.inputPreview,
    output_preview: run.outputPreview,
    created_at: instant(run.createdAtMs),
    started_at: instantOrNull(run.startedAtMs),
    ended_at: instantOrNull(run.endedAtMs),
    duration_ms: run.endedAtMs === null ? null : spanOf(run.createdAtMs, run.endedAtMs),
    steps: run.steps,
    tool_calls: run.toolCalls,
    input_tokens: run.inputTokens,
    output_tokens: run.outputTokens,
    origin: run.origin,
    message: run.message === null ? null : presentMessage(run.message),
    thread: run.thread,
    parent: run.parent,
    handed_from: run.handedFrom,
    handed_to: run.handedTo,
    cost: presentCost(run),
    tags: [...run.tags],
    notices: [...run.notices],
    failure: run.failureCode === null ? null : { code: run.failureCode, message: run.failureMessage ?? "" },
  };
}

const presentMessage = ({ id, performative, sender, conversationId, protocol }: RunMessage) => ({
  id,
  performative,
  sender,
  conversation: conversationId,
  protocol,
});

type PresentedParts = {
  readonly artifacts: readonly Artifact[];
  readonly madeFromIt: readonly RunSummary[];
  readonly remembered: MemoryOutboxEntry | undefined;
};

export function presentRun(
  summary: RunSummary,
  view: RunView,
  { artifacts, madeFromIt, remembered }: PresentedParts,
): contract.RunDetail {
  const ended = isTerminal(view.state);
  return {
    ...presentSummary(summary),
    input: view.input,
    variables: view.variables ?? {},
    output: view.output,
    output_json: view.outputJson,
    system_prompt: view.system,
    recalled: view.recalled,
    messages: (view.transcript ?? []).map(presentSent),
    side_effects: view.sideEffects ?? "allow",
    prompt: view.prompt,
    handoffs: presentHandOffs(view),
    files: view.files.map(({ name, mediaType, bytes }) => ({ name, media_type: mediaType, bytes })),
    client_message_id: view.thread?.messageId ?? null,
    inputs: view.inputs.map(presentInput),
    attempt: Math.max(view.attempt, 1),
    acts_as: agentPrincipal(view.agent),
    caller: view.caller === null ? null : presentCaller(view.caller),
    isolation: view.isolation,
    waiting_for: view.waitingFor[0] ?? null,
    waiting_calls: [...view.waitingFor],
    choice: view.choice === null ? null : presentChoice(view.choice),
    questions: questionsOf(view),
    client_calls: view.replies.flatMap((reply) => presentClientCall(reply) ?? []),
    made_from_it: madeFromIt.flatMap(({ id, state, origin }) =>
      origin === null ? [] : [{ id, state, kind: origin.kind, step: origin.step }],
    ),
    approvals: presentApprovalsOf(view),
    replies: view.replies.filter(({ input }) => input === null).map(presentReply),
    notice_list: noticesOf(view).map(({ code, message }) => ({ code, message })),
    remembered: remembered === undefined ? null : presentRemembered(remembered),
    summaries: view.summaries.map(presentSummaryNote),
    hint: view.failure?.hint ?? "",
    step_list: view.steps.map((step) => presentStep(step, ended)),
    artifacts: artifacts.map(presentArtifact),
    spent: presentSpent(summary.spent),
    last_event_id: handles.runEvent.encode(view.lastSeq),
  };
}

export const presentHandOff = ({ run, agent, reason }: contract.HandOff): contract.HandOff => ({ run, agent, reason });

export const presentHandOffs = ({ handedFrom, handedTo }: RunView): contract.RunDetail["handoffs"] => ({
  from: handedFrom && presentHandOff(handedFrom),
  to: handedTo && presentHandOff(handedTo),
});

const presentCaller = ({ id, name, role, lacks }: RunCaller) => ({ id, name, role, lacks: [...lacks] });

const presentRemembered = ({ state, entity, extraction, problem }: MemoryOutboxEntry) => ({
  state,
  entity: entity ?? null,
  extraction: extraction ?? null,
  problem,
});

const presentChoice = ({ turn, model, failure, ...choice }: NonNullable<RunView["choice"]>): contract.RunChoice => ({
  turn,
  model,
  failure: { ...failure },
  backups: [...choice.backups],
  asked_at: instant(choice.askedAtMs),
  expires_at: instant(choice.expiresAtMs),
});

/** A question of a tool that lasts as long as its connection. */
export const presentElicitation = (question: RunView["questions"][number]): contract.RunQuestion => ({
  id: question.id,
  call_id: question.callId,
  kind: "question",
  server: question.server,
  message: question.message,
  options: [],
  schema: question.schema === null ? null : { ...question.schema },
  url: question.url,
  asked_at: instant(question.askedAtMs),
  expires_at: instant(question.expiresAtMs),
  state: question.state,
  by: "",
});

export const presentInput = ({
  turn,
  text,
  author,
  messageId,
  atMs,
}: RunView["inputs"][number]): contract.RunInput => ({
  turn,
  text,
  author,
  client_message_id: messageId ?? null,
  at: instant(atMs),
});

const INPUT_STATES = {
  open: "open",
  answered: "accepted",
  failed: "declined",
  expired: "expired",
  cancelled: "cancelled",
} as const;

/** A question of a model or a tool; undefined for a wait for a message. */
export function presentQuestion(reply: RunView["replies"][number]): contract.RunQuestion | undefined {
  const { input } = reply;
  if (input?.kind === "sign-in")
    return {
      ...presentWait(reply),
      kind: "sign-in",
      server: input.server,
      message: input.message,
      options: [],
      schema: null,
      url: null,
    };
  if (input?.kind === "elicitation") {
    const { server, message, schema, url } = input;
    return {
      ...presentWait(reply),
      kind: "question",
      server,
      message,
      options: [],
      schema: schema && { ...schema },
      url,
    };
  }
  if (input?.kind !== "question") return undefined;
  const { question: message, options, schema } = input;
  return {
    ...presentWait(reply),
    kind: "question",
    server: "user",
    message,
    options: [...options],
    schema: { ...schema },
    url: null,
  };
}

/** A call of a tool of the client; undefined for other waits. */
export function presentClientCall(reply: RunView["replies"][number]): contract.ClientCall | undefined {
  const { input } = reply;
  if (input?.kind !== "client-tool") return undefined;
  return { ...presentWait(reply), name: input.name, arguments: { ...input.arguments } };
}

const presentWait = ({ replyWith, callId, askedAtMs, deadlineMs, state, from }: RunView["replies"][number]) => ({
  id: replyWith,
  call_id: callId,
  asked_at: instant(askedAtMs),
  expires_at: instant(deadlineMs),
  state: INPUT_STATES[state],
  by: from,
});

/** The id of the question or the wait that an event is about; undefined for other events. */
export function questionIn(event: RunEvent): string | undefined {
  if (event.type === "run-ask" || event.type === "run-answer") return event.questionId;
  return event.type === "reply-wait" || event.type === "reply-end" ? event.replyWith : undefined;
}

/** Questions of the model and of tools, oldest first. */
export const questionsOf = ({ questions, replies }: RunView): contract.RunQuestion[] =>
  [...questions.map(presentElicitation), ...replies.flatMap((reply) => presentQuestion(reply) ?? [])].toSorted(
    (one, other) => one.asked_at.localeCompare(other.asked_at),
  );

const presentReply = (reply: RunView["replies"][number]): contract.RunDetail["replies"][number] => ({
  call_id: reply.callId,
  conversation: reply.conversationId,
  to: reply.to,
  reply_with: reply.replyWith,
  asked_at: instant(reply.askedAtMs),
  expires_at: instant(reply.deadlineMs),
  state: reply.state,
  from: reply.from,
  message: reply.messageId,
});

export const presentArtifact = (artifact: Artifact): contract.ArtifactSummary => ({
  id: artifact.id,
  run: artifact.runId,
  name: artifact.name,
  media_type: artifact.mediaType,
  bytes: artifact.bytes,
  path: artifact.path,
  url: requestPath(operations.run.artifact, { id: artifact.id }),
  created_at: instant(artifact.createdAtMs),
});

const presentSent = (message: NonNullable<RunView["transcript"]>[number]) => ({
  role: message.role,
  text: message.text,
  files: message.role === "user" ? message.files.map(({ name }) => name) : [],
  calls: message.role === "assistant" ? message.calls : [],
});
