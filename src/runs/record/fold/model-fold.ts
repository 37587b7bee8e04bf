import { type Json, parseJson } from "../../../kernel/json.ts";
import { unfenced } from "../answer-check.ts";
import type { FailedAttempt, ModelStep, RunView } from "./run-view.ts";
import { contextOf } from "./run-fold-context.ts";
import type { EventOf, JournalEntry, RunFailure } from "../run-event.ts";

/** A failed model, with the choices of a person. */
export type OpenChoice = {
  readonly turn: number;
  readonly model: string;
  readonly failure: RunFailure;
  /** Models the definition offers instead; any other may be named too. */
  readonly backups: readonly string[];
  readonly askedAtMs: number;
  readonly expiresAtMs: number;
};

/** A turn of the model after something happened to it. */
export function changedTurn(
  step: ModelStep,
  event: EventOf<"model-start" | "model-throttle" | "model-fail" | "model-choose" | "output-reject" | "model-end">,
  atMs: number,
): ModelStep {
  switch (event.type) {
    case "model-start":
      // A turn begun before a crash or a retry is begun again; it stays one step.
      return {
        ...step,
        model: event.model,
        resumedAtMs: atMs,
        context: contextOf(event) ?? step.context,
        hold: null,
        end: { state: "running" },
      };
    case "model-throttle":
      return { ...step, hold: event.why };
    case "model-fail": {
      const attempt: FailedAttempt = { ...event, atMs };
      const resume = event.retryInMs !== null || (event.next ?? null) !== null;
      const end = resume ? step.end : ({ state: "failed", atMs } as const);
      const cutOff = event.content?.text ?? step.cutOff;
      return { ...step, attempts: [...step.attempts, attempt], cutOff, hold: null, end };
    }
    case "model-choose":
      return { ...step, attemptsBefore: step.attempts.length, end: { state: "running" } };
    case "output-reject":
      return { ...step, outputProblems: event.problems };
    case "model-end":
      return { ...step, model: event.model, cutOff: "", hold: null, end: modelEnd(event) };
  }
}

/** A turn at its begin. */
export const newTurn = (
  index: number,
  event: EventOf<"model-start" | "model-end">,
  startedAtMs: number,
): ModelStep => ({
  kind: "model",
  index,
  turn: event.step,
  model: event.model,
  startedAtMs,
  resumedAtMs: startedAtMs,
  attempts: [],
  attemptsBefore: 0,
  cutOff: "",
  outputProblems: [],
  context: contextOf(event),
  hold: null,
  end: { state: "running" },
});

/** Changes of a model failure or of a choice about it. */
export function modelChanges(
  view: RunView,
  {
    event,
    atMs,
  }: { readonly event: EventOf<"model-fail" | "model-choice-wait" | "model-choose">; readonly atMs: number },
): Partial<RunView> {
  switch (event.type) {
    case "model-fail":
      return { modelInUse: event.next ?? view.modelInUse };
    case "model-choice-wait":
      return { choice: choiceOf(event, atMs) };
    case "model-choose":
      return { modelInUse: event.model ?? view.modelInUse, choice: null };
  }
}

/** Models and output schema of a run's first event. */
export const modelStart = ({
  onModelFailure,
  outputSchema,
}: EventOf<"run-queue">): Pick<
  RunView,
  "modelInUse" | "onModelFailure" | "outputSchema" | "outputJson" | "choice"
> => ({
  modelInUse: null,
  onModelFailure: onModelFailure ?? "fail",
  outputSchema: outputSchema ?? null,
  outputJson: null,
  choice: null,
});

/** The answer as JSON, where it had to fit a schema; null otherwise. */
export function jsonOutput({ json, content }: EventOf<"run-complete">): Json {
  if (json !== true) return null;
  const parsed = parseJson(unfenced(content.output));
  return parsed.type === "parsed" ? parsed.value : null;
}

const choiceOf = (event: EventOf<"model-choice-wait">, askedAtMs: JournalEntry["atMs"]): OpenChoice => ({
  turn: event.step,
  model: event.model,
  failure: event.failure,
  backups: event.backups,
  askedAtMs,
  expiresAtMs: event.expiresAtMs,
});

const modelEnd = (event: EventOf<"model-end">): ModelStep["end"] => ({
  state: "done",
  text: event.content.text,
  reasoning: event.content.reasoning ?? "",
  toolCalls: event.content.toolCalls,
  finish: event.finish,
  durationMs: event.durationMs,
  firstPartMs: event.firstPartMs,
  queuedMs: event.queuedMs ?? 0,
  usage: {
    inputTokens: event.usage.inputTokens,
    outputTokens: event.usage.outputTokens,
    cachedInputTokens: event.usage.cachedInputTokens,
    cacheWriteTokens: event.usage.cacheWriteTokens,
    reasoningTokens: event.usage.reasoningTokens,
  },
  offered: event.offered,
  cost: event.cost,
  limited: event.limited,
  artifacts: event.artifacts ?? [],
  providerMetadata: event.content.providerMetadata,
});
