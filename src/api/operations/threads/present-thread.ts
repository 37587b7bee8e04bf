import type { RunId } from "../../../kernel/ids.ts";
import { isTerminal, type RunServices, type RunSummary, type RunView } from "../../../runs/index.ts";
import { operations, requestPath, type threads as contract } from "../../contract/index.ts";
import type * as z from "zod";
import { HANDOFF } from "../../../tools/catalogue/index.ts";
import { presentCost } from "../agents/present-budget.ts";
import { presentHandOffs, presentQuestion } from "../runs/present-run.ts";
import { instant, instantOrNull } from "../instant.ts";

type Thread = ReturnType<RunServices["threads"]["get"]>;
type AddedMessage = ReturnType<RunServices["threads"]["added"]>[number];
type Message = z.output<typeof contract.ThreadMessage>;
type Artifact = Extract<Message, { role: "tool" }>["artifacts"][number];

export const presentThread = ({ stores: { journal } }: RunServices, thread: Thread): contract.Thread => ({
  id: thread.id,
  workspace: thread.workspace,
  agent: thread.agent,
  revision: thread.revision,
  owner: thread.owner,
  title: thread.title,
  tags: [...thread.tags],
  head: thread.head,
  state: thread.head === null ? null : (journal.summary(thread.head)?.state ?? null),
  forked_from: thread.forkedFrom,
  conversation: thread.conversationId,
  key: thread.key,
  created_at: instant(thread.createdAtMs),
  updated_at: instant(thread.updatedAtMs),
  expires_at: instantOrNull(thread.expiresAtMs),
});

type Place = {
  readonly siblings: readonly RunId[];
  readonly readers: ReadonlySet<string>;
  readonly inContext: contract.Turn["in_context"];
};

export const presentTurn = (
  view: RunView,
  summary: RunSummary,
  { siblings, readers, inContext }: Place,
): contract.Turn => ({
  run: view.id,
  parent: summary.thread?.parent ?? null,
  siblings: [...siblings],
  agent: view.agent,
  revision: view.revision,
  state: view.state,
  created_at: instant(view.createdAtMs),
  ended_at: instantOrNull(view.endedAtMs),
  input_tokens: summary.inputTokens,
  output_tokens: summary.outputTokens,
  cost: presentCost(summary),
  in_context: inContext,
  handoffs: presentHandOffs(view),
  added: (view.transcript ?? []).flatMap(({ added, ...message }) =>
    added ? [presentAdded({ ...message, added })] : [],
  ),
  messages: messagesOf(view, readers),
});

/**
 * The messages of a turn in their order: the request, what joined it, and each model turn with its results. `readers` are the
 * names of tools that only read.
 */
function messagesOf(view: RunView, readers: ReadonlySet<string>): Message[] {
  const request: Message = {
    role: "user",
    text: view.input,
    files: view.files.map(({ name, mediaType, bytes }) => ({ name, media_type: mediaType, bytes })),
    author: view.thread?.author ?? "",
    at: instant(view.createdAtMs),
  };
  // After a hand-off, the turn before has the request.
  const requests = view.handedFrom === null ? [request] : [];
  let read = 0;
  const inputsUpTo = (turn: number): readonly Message[] => {
    const some = view.inputs.filter((input) => input.turn > read && input.turn <= turn);
    read = Math.max(read, turn);
    return some.map(({ text, author, atMs }) => ({ role: "user", text, files: [], author, at: instant(atMs) }));
  };
  const steps = view.steps.flatMap((step): readonly Message[] =>
    step.kind === "model"
      ? [...inputsUpTo(step.turn), ...modelMessage(step, view)]
      : [toolMessage(step, view, readers)],
  );
  return [...requests, ...steps, ...inputsUpTo(Infinity), ...closing(view)];
}

/** A message that was added to a thread without a run. */
export const presentAdded = ({ added, ...message }: AddedMessage): contract.AddedMessage => ({
  id: added.id,
  role: message.role,
  text: message.text,
  call: message.role === "tool" ? message.call : null,
  tool_calls: message.role === "assistant" ? [...message.calls] : [],
  author: added.author,
  at: instant(added.atMs),
});

type Step = RunView["steps"][number];

function modelMessage(step: Extract<Step, { kind: "model" }>, view: RunView): readonly Message[] {
  const { end, model, startedAtMs } = step;
  const common = { role: "assistant", model, at: instant(startedAtMs) } as const;
  if (end.state !== "done") {
    const text = end.state === "failed" || isTerminal(view.state) ? step.cutOff : "";
    const none = { reasoning: "", tool_calls: [], artifacts: [] };
    return text === "" ? [] : [{ ...common, ...none, text, is_cut_off: true }];
  }
  const { text, reasoning, toolCalls, artifacts } = end;
  return [
    {
      ...common,
      text,
      is_cut_off: false,
      reasoning,
      tool_calls: toolCalls.map(({ id, name, arguments: given }) => ({ id, name, arguments: given })),
      artifacts: artifacts.map(presentArtifact),
    },
  ];
}

function toolMessage(step: Extract<Step, { kind: "tool" }>, view: RunView, readers: ReadonlySet<string>): Message {
  const { end, callId, modelCallId, name, begun, server, startedAtMs } = step;
  const isOver = "text" in end;
  const asked = view.replies.findLast((each) => each.callId === callId && each.input?.kind === "question");
  return {
    role: "tool",
    call: modelCallId,
    name,
    state: !isOver && isTerminal(view.state) ? "failed" : end.state,
    text: isOver ? end.text : "",
    has_effects: begun && server !== "" && server !== HANDOFF && !readers.has(name),
    question: (asked && presentQuestion(asked)) ?? null,
    artifacts: isOver ? end.artifacts.map(presentArtifact) : [],
    at: instant(startedAtMs),
  };
}

function closing({ state, failure, handedTo, agent, endedAtMs, createdAtMs }: RunView): readonly Message[] {
  const at = instant(endedAtMs ?? createdAtMs);
  if (handedTo !== null)
    return [
      { role: "notice", code: "HANDED_OFF", text: `${agent} handed off to ${handedTo.agent}: ${handedTo.reason}`, at },
    ];
  if (state === "cancelled") return [{ role: "notice", code: "CANCELLED", text: "The turn was cancelled.", at }];
  return failure === null ? [] : [{ role: "notice", code: failure.code, text: failure.message, at }];
}

const presentArtifact = (artifact: {
  readonly id: string;
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: number;
}): Artifact => ({
  id: artifact.id,
  name: artifact.name,
  media_type: artifact.mediaType,
  bytes: artifact.bytes,
  url: requestPath(operations.run.artifact, { id: artifact.id }),
});
