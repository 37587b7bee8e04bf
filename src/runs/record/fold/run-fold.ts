import { strict as assert } from "node:assert";
import type { ToolCallId } from "../../../kernel/ids.ts";
import { changedTurn, jsonOutput, modelStart, modelChanges, newTurn } from "./model-fold.ts";
import { answeredApprovals, askedApproval, closedApprovals } from "../run-approval.ts";
import type { EventOf, JournalEntry } from "../run-event.ts";
import { summaryOf } from "./run-fold-context.ts";
import { awaitedReply, closedReplies, endedReply, isInBackground } from "../run-reply.ts";
import type { RunState } from "../run-state.ts";
import type { ModelStep, RunInput, RunQuestion, RunStep, RunView, ToolStep } from "./run-view.ts";

/**
 * Builds a run's view from its journal, entry by entry, in order.
 * record.run-fold.F1. Applying the same entries gives the same view, whether the run is live, resumed or read years
 *   later.
 */
export class RunFold {
  #view: RunView | undefined;
  #steps: RunStep[] = [];
  /** Cached view, until the next entry; reads are far more frequent than entries. */
  #shown: RunView | undefined;

  /** Continues from the view of a run. */
  static from(view: RunView): RunFold {
    const fold = new RunFold();
    fold.#view = view;
    fold.#steps = [...view.steps];
    return fold;
  }

  /** Whether no entry was applied yet. */
  get isEmpty(): boolean {
    return this.#view === undefined;
  }

  /** The run so far. Throws when no entry was applied. */
  view(): RunView {
    assert(this.#view, "a run's journal begins with run-queue");
    this.#shown ??= { ...this.#view, steps: [...this.#steps] };
    return this.#shown;
  }

  /** Undefined before the first entry. */
  get state(): RunState | undefined {
    return this.#view?.state;
  }

  /** Takes one entry; the step it began or changed, if any. */
  apply(entry: JournalEntry): RunStep | undefined {
    const { event } = entry;
    this.#shown = undefined;
    if (event.type === "run-queue") {
      this.#view = begin(entry, event);
      return undefined;
    }
    assert(this.#view, "a run's journal begins with run-queue");
    this.#view = { ...this.#view, ...changes(this.#view, this.#steps, entry), lastSeq: entry.seq };
    return this.#applyToSteps(entry);
  }

  #applyToSteps({ event, atMs }: JournalEntry): RunStep | undefined {
    switch (event.type) {
      case "model-start":
        return this.#startModel(event, atMs);
      case "model-throttle":
      case "model-fail":
      case "output-reject":
        return this.#changeModel(event.step, (step) => changedTurn(step, event, atMs));
      case "model-choose": {
        const last = this.#steps.findLast((step) => step.kind === "model");
        return last && this.#changeModel(last.turn, (step) => changedTurn(step, event, atMs));
      }
      case "model-end":
        // Its begin is only noted; when that one write failed and this one did not, the turn still counts.
        this.#startModel(event, atMs);
        return this.#changeModel(event.step, (step) => changedTurn(step, event, atMs));
      case "tool-start":
        return this.#startTool(event, atMs);
      case "tool-begin":
        return this.#changeTool(event.callId, (step) => ({ ...step, begun: true, hold: null, startedAtMs: atMs }));
      case "tool-hold":
        return this.#changeTool(event.callId, (step) => ({ ...step, hold: event.why }));
      case "tool-end":
        return this.#changeTool(event.callId, (step) => ({ ...step, begun: true, end: toolEnd(event) }));
      case "run-wait":
        return this.#changeTool(event.callId, (step) => ({ ...step, end: { state: "waiting" } }));
      case "run-decide":
        return this.#changeTool(event.callId, (step) => ({
          ...step,
          decision: event.decision,
          end: { state: "running" },
        }));
      case "approval-ask":
        return this.#changeTool(event.callId, (step) => ({ ...step, begun: false, end: { state: "waiting" } }));
      case "tool-rest":
        return this.#rest(event.callId);
      case "reply-end":
        // The resuming execution makes the reply the result of the call.
        return this.#changeTool(event.callId, resumed);
      case "approval-answer":
        // Not started: it is checked again when it is about to start.
        return this.#changeTool(event.callId, resumed);
      case "reply-wait":
        // A call that waits for a sign-in was not made, and its server knows how one continues that waits for an
        // answer: making it after that needs no decision.
        return event.content?.kind === "sign-in" || event.content?.kind === "elicitation"
          ? this.#changeTool(event.callId, (step) => ({ ...step, begun: false }))
          : undefined;
      case "context-summary":
      case "run-queue":
      case "model-choice-wait":
      case "run-start":
      case "run-input":
      case "run-ask":
      case "run-answer":
      case "run-suspend":
      case "run-resume":
      case "run-complete":
      case "run-fail":
      case "run-cancel":
        return undefined;
    }
  }

  #startModel(event: EventOf<"model-start" | "model-end">, atMs: number): RunStep {
    const known = this.#changeModel(event.step, (step) => changedTurn(step, event, atMs));
    if (known) return known;
    const step = newTurn(this.#steps.length + 1, event, atMs);
    this.#steps.push(step);
    return step;
  }

  #startTool(event: EventOf<"tool-start">, atMs: number): RunStep {
    // Begun again: what was decided about the time before holds no longer.
    const known = this.#changeTool(event.callId, (step) => ({
      ...step,
      startedAtMs: atMs,
      begun: event.queued !== true,
      hold: null,
      decision: undefined,
      end: { state: "running" },
    }));
    if (known) return known;
    const step: ToolStep = {
      kind: "tool",
      index: this.#steps.length + 1,
      turn: event.step,
      callId: event.callId,
      modelCallId: event.modelCallId,
      name: event.name,
      server: event.server,
      tool: event.tool,
      repeatable: event.repeatable,
      arguments: event.content.arguments,
      startedAtMs: atMs,
      begun: event.queued !== true,
      hold: null,
      decision: undefined,
      end: { state: "running" },
    };
    this.#steps.push(step);
    return step;
  }

  /** A reply may have come before the call said that it waits for it. */
  #rest(callId: ToolCallId): RunStep | undefined {
    const waits = this.#view?.replies.some((reply) => reply.callId === callId && reply.state === "open") === true;
    return this.#changeTool(callId, (step) => (waits ? { ...step, end: { state: "waiting" } } : step));
  }

  #changeModel(turn: number, change: (step: ModelStep) => ModelStep): RunStep | undefined {
    const at = this.#steps.findLastIndex((step) => step.kind === "model" && step.turn === turn);
    const step = this.#steps[at];
    if (step?.kind !== "model") return undefined;
    return (this.#steps[at] = change(step));
  }

  #changeTool(callId: ToolCallId, change: (step: ToolStep) => ToolStep): RunStep | undefined {
    const at = this.#steps.findLastIndex((step) => step.kind === "tool" && step.callId === callId);
    const step = this.#steps[at];
    if (step?.kind !== "tool") return undefined;
    return (this.#steps[at] = change(step));
  }
}

/** The view of a whole journal; undefined when it is empty. */
export function foldRun(entries: readonly JournalEntry[]): RunView | undefined {
  if (entries.length === 0) return undefined;
  const fold = new RunFold();
  for (const entry of entries) fold.apply(entry);
  return fold.view();
}

const begin = ({ runId, atMs, seq }: JournalEntry, event: EventOf<"run-queue">): RunView => ({
  id: runId,
  workspace: event.workspace,
  agent: event.agent,
  revision: event.revision,
  requestedModel: event.model,
  files: event.files,
  input: event.content.input,
  system: event.content.system,
  prompt: event.content.prompt,
  recalled: event.content.recalled ?? "",
  variables: event.content.variables ?? null,
  clientTools: event.content.clientTools ?? [],
  transcript: event.content.transcript ?? null,
  instructions: event.content.instructions ?? "",
  sideEffects: event.sideEffects,
  isTextOnly: event.isTextOnly === true,
  startNotices: event.notices ?? [],
  ...modelStart(event),
  state: "queued",
  resting: false,
  attempt: 0,
  isolation: null,
  createdAtMs: atMs,
  startedAtMs: null,
  endedAtMs: null,
  steps: [],
  output: "",
  failure: null,
  waitingFor: [],
  origin: event.origin ?? null,
  message: event.message ?? null,
  thread: event.thread ?? null,
  parent: event.parent ?? null,
  handedFrom: event.handedFrom ?? null,
  handedTo: null,
  inputs: [],
  caller: event.caller ?? null,
  questions: [],
  summaries: [],
  endNotices: [],
  approvals: [],
  replies: [],
  lastSeq: seq,
});

/** The turn after the last one that began. */
const turnAfter = (steps: readonly RunStep[]): number =>
  (steps.findLast(({ kind }) => kind === "model")?.turn ?? 0) + 1;

function startedAs(view: RunView, event: EventOf<"run-start">, atMs: number): Partial<RunView> {
  const { attempt, isolation = "context", after } = event;
  const thread = view.thread && after !== undefined ? { ...view.thread, parent: after } : view.thread;
  return { ...begun(view, atMs), attempt, isolation, thread };
}

function answered(view: RunView, event: EventOf<"run-answer">): Partial<RunView> {
  const questions = view.questions.map((question) =>
    question.id === event.questionId ? { ...question, state: event.reply } : question,
  );
  return { state: event.open > 0 ? "awaiting-input" : "running", questions };
}

const withInput = ({ inputs }: RunView, event: EventOf<"run-input">, at: Pick<RunInput, "turn" | "atMs">) => ({
  inputs: [...inputs, { ...event.content, id: event.id, author: event.author, messageId: event.messageId, ...at }],
});

/** What an agent did in the background is said to the run like what its user says. */
function reported(view: RunView, event: EventOf<"reply-end">, at: Pick<RunInput, "turn" | "atMs">): Partial<RunView> {
  const reply = view.replies.find(({ replyWith, state }) => replyWith === event.replyWith && state === "open");
  if (reply === undefined || !isInBackground(reply)) return {};
  const how = event.outcome === "answered" ? "has answered" : "has not done it";
  const text = `[The agent ${reply.to}, which works in the background, ${how}]\n${event.content.text}`;
  return { inputs: [...view.inputs, { id: view.id, author: reply.to, text, ...at }] };
}

function changes(view: RunView, steps: readonly RunStep[], { event, atMs }: JournalEntry): Partial<RunView> {
  switch (event.type) {
    case "run-start":
      // The question ended with the server that was stopped: the call is made again and asks again, or a person
      // decides.
      return startedAs(view, event, atMs);
    case "run-input":
      return withInput(view, event, { turn: turnAfter(steps), atMs });
    case "run-ask":
      return { state: "awaiting-input", questions: [...view.questions, questionOf(event, atMs)] };
    case "run-answer":
      return answered(view, event);
    case "model-fail":
    case "model-choice-wait":
    case "model-choose":
      return modelChanges(view, { event, atMs });
    case "run-wait":
      return { state: "needs-decision", resting: true, waitingFor: [...view.waitingFor, event.callId] };
    case "run-decide":
      // One word can end the waiting of all: nothing else matters when the run is to fail.
      return event.waiting === 0
        ? { state: "queued", resting: false, waitingFor: [] }
        : { waitingFor: view.waitingFor.filter((id) => id !== event.callId) };
    case "approval-ask":
      return { approvals: [...view.approvals, askedApproval(event, atMs)] };
    case "approval-answer":
      return { approvals: answeredApprovals(view.approvals, event, atMs) };
    case "reply-wait":
      return { replies: awaitedReply(view.replies, event, atMs) };
    case "reply-end":
      return {
        replies: endedReply(view.replies, event, atMs),
        ...reported(view, event, { turn: turnAfter(steps), atMs }),
      };
    case "tool-end":
      // A call that is done and whose reply is open does not wait for it.
      return event.outcome === "done" ? {} : { replies: closedReplies(view.replies, event.callId) };
    case "run-suspend":
      return { state: event.state, resting: true };
    case "run-resume":
      return view.resting ? { state: "queued", resting: false } : {};
    case "run-complete":
      return {
        state: "completed",
        resting: false,
        output: event.content.output,
        endedAtMs: atMs,
        outputJson: jsonOutput(event),
        endNotices: event.notices ?? [],
        handedTo: event.handedTo ?? null,
      };
    case "run-fail":
      return { ...over("failed", view, atMs), failure: event.failure };
    case "run-cancel":
      return over("cancelled", view, atMs);
    case "context-summary":
      return { summaries: [...view.summaries, summaryOf(event, atMs)] };
    case "run-queue":
    case "model-start":
    case "model-throttle":
    case "model-end":
    case "output-reject":
    case "tool-start":
    case "tool-hold":
    case "tool-begin":
    case "tool-rest":
      return {};
  }
}

const over = (state: RunState, view: RunView, endedAtMs: number): Partial<RunView> => ({
  state,
  resting: false,
  endedAtMs,
  waitingFor: [],
  choice: null,
  approvals: closedApprovals(view.approvals),
  replies: closedReplies(view.replies),
  ...closed(view),
});

const begun = (view: RunView, atMs: number): Partial<RunView> => {
  const startedAtMs = view.startedAtMs ?? atMs;
  return { ...closed(view), state: "running", resting: false, startedAtMs };
};

const questionOf = (event: EventOf<"run-ask">, atMs: number): RunQuestion => ({
  id: event.questionId,
  callId: event.callId,
  server: event.server,
  ...event.content,
  url: event.url,
  askedAtMs: atMs,
  expiresAtMs: event.expiresAtMs,
  state: "open",
});

const closed = ({ questions }: RunView): Pick<RunView, "questions"> => ({
  questions: questions.map((question) => (question.state === "open" ? { ...question, state: "cancelled" } : question)),
});

const resumed = (step: ToolStep): ToolStep =>
  step.end.state === "waiting" ? { ...step, end: { state: "running" } } : step;

const toolEnd = (event: EventOf<"tool-end">): ToolStep["end"] => ({
  state: event.outcome === "done" ? "done" : "failed",
  outcome: event.outcome,
  text: event.content.text,
  structured: event.content.structured,
  durationMs: event.durationMs,
  fuel: event.fuel,
  memoryBytes: event.memoryBytes,
  artifacts: event.artifacts,
});
