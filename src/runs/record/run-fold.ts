import type { OnModelFailure } from "../../agents/index.ts";
import { strict as assert } from "node:assert";
import type { ContextReport } from "../../context/index.ts";
import type { QuestionId, RunId, ToolCallId } from "../../kernel/ids.ts";
import type { Json, JsonObject } from "../../kernel/json.ts";
import type { HoldReason, ModelToolCall, ModelUsage } from "./language-model.ts";
import { changedTurn, jsonOutput, modelBegin, modelChanges, newTurn, type OpenChoice } from "./model-fold.ts";
import type {
  Decision,
  JournalEntry,
  QuestionReply,
  RunArtifact,
  RunEvent,
  RunFailure,
  RunFile,
  RunNotice,
  RunOrigin,
} from "./run-event.ts";
import { type RunSummaryNote, summaryOf } from "./run-fold-context.ts";
import { answeredApprovals, askedApproval, closedApprovals, type RunApproval } from "./run-approval.ts";
import type { RunState } from "./run-state.ts";

type EventOf<Type extends RunEvent["type"]> = Extract<RunEvent, { type: Type }>;

/** An attempt of a turn that failed, and when. */
export type FailedAttempt = EventOf<"model-fail"> & { readonly atMs: number };

/** One turn of the model in a run. */
export type ModelStep = {
  readonly kind: "model";
  readonly index: number;
  readonly turn: number;
  readonly model: string;
  readonly startedAtMs: number;
  readonly attempts: readonly FailedAttempt[];
  /** Of `attempts`, those before somebody last chose how the turn goes on; they do not count any more. */
  readonly attemptsBefore: number;
  /** Why its answer was not taken; empty when it was. */
  readonly outputProblems: readonly string[];
  /** What went into the request of its last attempt; undefined in runs of older versions. */
  readonly context: ContextReport | undefined;
  /** What its attempt waits for before it is made; null when it waits for nothing, or not any more. */
  readonly hold: HoldReason | null;
  readonly end:
    | { readonly state: "running" }
    | { readonly state: "failed"; readonly atMs: number }
    | {
        readonly state: "done";
        readonly text: string;
        readonly toolCalls: readonly ModelToolCall[];
        readonly finish: string;
        readonly durationMs: number;
        readonly firstPartMs: number;
        /** How long the attempt waited for its turn before it was made. */
        readonly queuedMs: number;
        readonly usage: ModelUsage;
        readonly offered: EventOf<"model-end">["offered"];
        readonly artifacts: readonly RunArtifact[];
        readonly carried: JsonObject | undefined;
        readonly cost: EventOf<"model-end">["cost"];
        readonly limited: EventOf<"model-end">["limited"];
      };
};

/** One tool call in a run. */
export type ToolStep = {
  readonly kind: "tool";
  readonly index: number;
  readonly turn: number;
  readonly callId: ToolCallId;
  readonly modelCallId: string;
  /** The name the model called it by. */
  readonly name: string;
  readonly server: string;
  readonly tool: string;
  readonly repeatable: boolean;
  readonly arguments: Json;
  readonly startedAtMs: number;
  /** Whether it may have had an effect; false while other calls of its turn go first. */
  readonly begun: boolean;
  /** What a person said should become of it, when it had begun before a crash and has no result. */
  readonly decision: Decision | undefined;
  readonly end:
    | { readonly state: "running" }
    | { readonly state: "waiting" }
    | {
        readonly state: "done" | "failed";
        readonly outcome: string;
        readonly text: string;
        readonly structured: Json;
        readonly durationMs: number;
        readonly fuel: number;
        readonly memoryBytes: number;
        readonly artifacts: readonly RunArtifact[];
      };
};
export type RunStep = ModelStep | ToolStep;

/** Something a tool wanted to know from a person. */
export type RunQuestion = {
  readonly id: QuestionId;
  readonly callId: ToolCallId;
  readonly server: string;
  readonly message: string;
  /** The form, a JSON Schema of an object; null for a mere yes or no. */
  readonly schema: JsonObject | null;
  readonly url: string | null;
  readonly askedAtMs: number;
  readonly expiresAtMs: number;
  readonly state: "open" | QuestionReply;
};

/** A run as its journal tells it. */
export type RunView = {
  readonly id: RunId;
  readonly workspace: string;
  readonly agent: string;
  readonly revision: number;
  /** The model the request asked for, over the definition's. */
  readonly requestedModel: string | null;
  /** The backup the run stays with, as the definition or a person named it; null while it has its own model. */
  readonly modelInUse: string | null;
  readonly onModelFailure: OnModelFailure;
  /** What the answer must fit, as JSON, where the request said so; the definition may have a schema too. */
  readonly outputSchema: JsonObject | null;
  readonly files: readonly RunFile[];
  readonly input: string;
  readonly system: string;
  readonly prompt: string;
  readonly state: RunState;
  /** Nothing of it is under way, and it goes on only when someone answers. */
  readonly resting: boolean;
  readonly attempt: number;
  readonly createdAtMs: number;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly steps: readonly RunStep[];
  readonly output: string;
  /** The answer as JSON, where it had to fit a schema; null otherwise. */
  readonly outputJson: Json;
  readonly failure: RunFailure | null;
  /** Calls whose fate someone has to decide, in the order they were made. */
  readonly waitingFor: readonly ToolCallId[];
  /** The run it was made from. */
  readonly origin: RunOrigin | null;
  /** What somebody has to choose because its model failed; null when there is nothing to choose. */
  readonly choice: OpenChoice | null;
  readonly questions: readonly RunQuestion[];
  /** Oldest first; the last is what the model has now. */
  readonly summaries: readonly RunSummaryNote[];
  /** What the end of the run said of how the answer came about. */
  readonly endNotices: readonly RunNotice[];
  /** Calls that people were asked for, oldest first; one call may have several. */
  readonly approvals: readonly RunApproval[];
  readonly lastSeq: number;
};

/**
 * Builds a run's view from its journal, entry by entry, in order.
 * F1. Applying the same entries gives the same view, whether the run is live, resumed or read years later.
 */
export class RunFold {
  #view: RunView | undefined;
  #steps: RunStep[] = [];

  /** Whether no entry was applied yet. */
  get isEmpty(): boolean {
    return this.#view === undefined;
  }

  /** The run so far. Throws when no entry was applied. */
  view(): RunView {
    assert(this.#view, "a run's journal begins with run-queue");
    return { ...this.#view, steps: [...this.#steps] };
  }

  /** Takes one entry; the step it began or changed, if any. */
  apply(entry: JournalEntry): RunStep | undefined {
    const { event } = entry;
    if (event.type === "run-queue") {
      this.#view = begin(entry, event);
      return undefined;
    }
    assert(this.#view, "a run's journal begins with run-queue");
    this.#view = { ...this.#view, ...changes(this.#view, entry), lastSeq: entry.seq };
    return this.#applyToSteps(entry);
  }

  #applyToSteps({ event, atMs }: JournalEntry): RunStep | undefined {
    switch (event.type) {
      case "model-start":
        return this.#startModel(event, atMs);
      case "model-hold":
      case "model-fail":
      case "output-refuse":
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
        return this.#changeTool(event.callId, (step) => ({ ...step, begun: true, startedAtMs: atMs }));
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
      case "approval-answer":
        // Not begun: what becomes of it is judged when it is about to.
        return this.#changeTool(event.callId, (step) =>
          step.end.state === "waiting" ? { ...step, end: { state: "running" } } : step,
        );
      case "context-summary":
      case "run-queue":
      case "model-choice-wait":
      case "run-start":
      case "run-ask":
      case "run-answer":
      case "run-rest":
      case "run-wake":
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
      decision: undefined,
      end: { state: "running" },
    };
    this.#steps.push(step);
    return step;
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
  ...modelBegin(event),
  state: "queued",
  resting: false,
  attempt: 0,
  createdAtMs: atMs,
  startedAtMs: null,
  endedAtMs: null,
  steps: [],
  output: "",
  failure: null,
  waitingFor: [],
  origin: event.origin ?? null,
  questions: [],
  summaries: [],
  endNotices: [],
  approvals: [],
  lastSeq: seq,
});

function changes(view: RunView, { event, atMs }: JournalEntry): Partial<RunView> {
  switch (event.type) {
    case "run-start":
      // Who asked is gone with the server that was stopped: the call is made again and asks again, or someone decides.
      return { ...begun(view, atMs), attempt: event.attempt };
    case "run-ask":
      return { state: "awaiting-approval", questions: [...view.questions, questionOf(event, atMs)] };
    case "run-answer": {
      const questions = view.questions.map((question) =>
        question.id === event.questionId ? { ...question, state: event.reply } : question,
      );
      return { state: event.open > 0 ? "awaiting-approval" : "running", questions };
    }
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
    case "run-rest":
      return { state: event.state, resting: true };
    case "run-wake":
      return view.resting ? { state: "queued", resting: false } : {};
    case "run-complete":
      return {
        state: "completed",
        resting: false,
        output: event.content.output,
        endedAtMs: atMs,
        outputJson: jsonOutput(event),
        endNotices: event.notices ?? [],
      };
    case "run-fail":
      return { ...over("failed", view, atMs), failure: event.failure };
    case "run-cancel":
      return over("cancelled", view, atMs);
    case "context-summary":
      return { summaries: [...view.summaries, summaryOf(event, atMs)] };
    case "run-queue":
    case "model-start":
    case "model-hold":
    case "model-end":
    case "output-refuse":
    case "tool-start":
    case "tool-begin":
    case "tool-end":
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
