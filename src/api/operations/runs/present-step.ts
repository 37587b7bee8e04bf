import { asWritten } from "../../../agents/budgets/index.ts";
import type { Artifact, RunView } from "../../../runs/index.ts";
import type * as contract from "../../contract/index.ts";
import { operations, requestPath } from "../../contract/index.ts";
import { instant } from "../instant.ts";
import { presentContext } from "./present-context.ts";

type RunStep = RunView["steps"][number];
type ModelStep = Extract<RunStep, { kind: "model" }>;
type ToolStep = Extract<RunStep, { kind: "tool" }>;

const presentStepArtifact = ({
  id,
  name,
  mediaType,
  bytes,
}: Pick<Artifact, "id" | "name" | "mediaType" | "bytes">) => ({
  id,
  name,
  media_type: mediaType,
  bytes,
  url: requestPath(operations.run.artifact, { id }),
});

/** A step as the wire shows it; in a run that has ended nothing is still running. */
export const presentStep = (step: RunStep, ended: boolean): contract.Step =>
  step.kind === "model" ? presentModelStep(step, ended) : presentToolStep(step, ended);

const stillOpen = (ended: boolean) => (ended ? ("failed" as const) : ("running" as const));

function presentModelStep(step: ModelStep, ended: boolean): contract.Step {
  const { end } = step;
  const common = {
    kind: "model" as const,
    index: step.index,
    turn: step.turn,
    model: step.model,
    started_at: instant(step.startedAtMs),
    resumed_at: instant(step.resumedAtMs),
    attempts: step.attempts.map((attempt) => ({
      model: attempt.model,
      class: attempt.class,
      message: attempt.message,
      retry_in_ms: attempt.retryInMs,
      next: attempt.next ?? null,
      cost: presentStepCost(attempt.cost),
    })),
    waits_for: step.hold,
    context: step.context === undefined ? null : presentContext(step.context),
    output_problems: [...step.outputProblems],
  };
  if (end.state === "done") {
    return {
      ...common,
      state: "done",
      duration_ms: end.durationMs,
      text: end.text,
      reasoning: end.reasoning,
      tool_calls: end.toolCalls.map(({ id, name, arguments: text }) => ({ id, name, arguments: text })),
      finish: end.finish,
      first_part_ms: end.firstPartMs,
      queued_ms: end.queuedMs,
      input_tokens: end.usage.inputTokens ?? null,
      output_tokens: end.usage.outputTokens ?? null,
      cost: presentStepCost(end.cost),
      limited: presentLimit(end.limited),
      offered_tools: end.offered?.tools ?? null,
      // An estimate: it is never shown as more than the whole that the provider counted.
      offered_tools_tokens: end.offered ? Math.min(end.offered.tokens, end.usage.inputTokens ?? Infinity) : null,
    };
  }
  return {
    ...common,
    state: end.state === "failed" ? "failed" : stillOpen(ended),
    duration_ms: end.state === "failed" ? spanOf(step.startedAtMs, end.atMs) : null,
    text: end.state === "failed" || ended ? step.cutOff : "",
    reasoning: "",
    tool_calls: [],
    finish: null,
    first_part_ms: null,
    queued_ms: null,
    input_tokens: null,
    output_tokens: null,
    cost: null,
    limited: null,
    offered_tools: null,
    offered_tools_tokens: null,
  };
}

type Ended = Extract<ModelStep["end"], { state: "done" }>;

const presentStepCost = (cost: Ended["cost"]) =>
  cost === undefined
    ? null
    : {
        usd: cost.usdMicros === null ? null : asWritten("usd", cost.usdMicros),
        price: cost.price,
        input_tokens: cost.inputTokens,
        output_tokens: cost.outputTokens,
        estimated: cost.estimated,
      };

const presentLimit = (limited: Ended["limited"]) =>
  limited === undefined ? null : { output_tokens_max: limited.outputTokensMax, key: limited.key, file: limited.file };

function presentToolStep(step: ToolStep, ended: boolean): contract.Step {
  const { end } = step;
  const common = {
    kind: "tool" as const,
    index: step.index,
    turn: step.turn,
    call_id: step.callId,
    tool: step.server === "" ? step.name : `${step.server}.${step.tool}`,
    started_at: instant(step.startedAtMs),
    arguments: step.arguments,
    waits_for: ended || end.state !== "running" ? null : step.hold,
  };
  if (end.state === "done" || end.state === "failed") {
    return {
      ...common,
      state: end.state,
      duration_ms: end.durationMs,
      outcome: end.outcome,
      text: end.text,
      structured: end.structured,
      fuel: end.fuel,
      memory_bytes: end.memoryBytes,
      artifacts: end.artifacts.map(presentStepArtifact),
    };
  }
  return {
    ...common,
    state: ended ? "failed" : end.state === "waiting" ? "waiting" : step.begun ? "running" : "queued",
    duration_ms: null,
    outcome: ended ? "cancelled" : null,
    text: "",
    structured: null,
    fuel: 0,
    memory_bytes: 0,
    artifacts: [],
  };
}

/** Never negative, also where the clock was set back between two times: a run continues across restarts, which no monotonic clock does. */
export const spanOf = (fromMs: number, toMs: number): number => Math.max(0, toMs - fromMs);
