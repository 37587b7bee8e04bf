import type { Json } from "../../../kernel/json.ts";
import type { ModelStep, RunStep, RunView, ToolStep } from "./run-view.ts";

/** A difference between two runs or steps: its name, and the value in each. */
export type Difference = { readonly what: string; readonly a: Json; readonly b: Json };

/** Two steps that stand beside each other; one of them is absent where only one run has such a step. */
export type StepPair = {
  readonly a: RunStep | undefined;
  readonly b: RunStep | undefined;
  /** Empty when they are alike, and when one is absent. */
  readonly differences: readonly Difference[];
};

export type RunDiff = {
  /** Whether nothing differs but ids and times. */
  readonly same: boolean;
  /** Differences of the runs as a whole: agent, prompts, request, output … */
  readonly differences: readonly Difference[];
  readonly steps: readonly StepPair[];
};

/**
 * Two runs side by side. Turns stand beside turns of the same number; within a turn, calls of the same tool with the same
 * arguments find each other first, then calls of the same tool. Times and ids are never differences.
 */
export function diffRuns(a: RunView, b: RunView): RunDiff {
  const differences = differing(partsOfRun(a), partsOfRun(b));
  const turns = Math.max(0, ...[...a.steps, ...b.steps].map(({ turn }) => turn));
  const [ofA, ofB] = [Map.groupBy(a.steps, ({ turn }) => turn), Map.groupBy(b.steps, ({ turn }) => turn)];
  const steps = Array.from({ length: turns }, (_none, index) =>
    pairTurn(ofA.get(index + 1) ?? [], ofB.get(index + 1) ?? []),
  ).flat();
  const same = differences.length === 0 && steps.every((pair) => pair.a && pair.b && pair.differences.length === 0);
  return { same, differences, steps };
}

type Parts = { readonly [what: string]: Json };

const partsOfRun = (run: RunView): Parts => ({
  agent: run.agent,
  revision: run.revision,
  "model asked for": run.requestedModel,
  request: run.input,
  files: run.files.map(({ name, mediaType, bytes }) => ({ name, mediaType, bytes })),
  "system prompt": run.system,
  prompt: run.prompt,
  state: run.state,
  answer: run.output,
  failure: run.failure === null ? null : { code: run.failure.code, message: run.failure.message },
});

function partsOfModel(step: ModelStep): Parts {
  const failures = step.attempts.map((attempt) => `${attempt.class}: ${attempt.message}`);
  if (step.end.state !== "done") return { model: step.model, failures, state: step.end.state };
  const { text, toolCalls, finish, usage } = step.end;
  return {
    model: step.model,
    failures,
    state: "done",
    text,
    "calls asked for": toolCalls.map((call) => ({ name: call.name, arguments: call.arguments })),
    "ended by": finish,
    "input tokens": usage.inputTokens ?? null,
    "output tokens": usage.outputTokens ?? null,
  };
}

function partsOfTool(step: ToolStep): Parts {
  const common = { tool: step.name, arguments: step.arguments };
  if (step.end.state !== "done" && step.end.state !== "failed") return { ...common, state: step.end.state };
  const { state, outcome, text, structured, artifacts } = step.end;
  const files = artifacts.map(({ name, mediaType, bytes }) => ({ name, mediaType, bytes }));
  return { ...common, state, outcome, result: text, "structured result": structured, "files made": files };
}

function differing(a: Parts, b: Parts): readonly Difference[] {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return names.flatMap((what) => {
    const [left = null, right = null] = [a[what], b[what]];
    return JSON.stringify(left) === JSON.stringify(right) ? [] : [{ what, a: left, b: right }];
  });
}

function pairTurn(a: readonly RunStep[], b: readonly RunStep[]): readonly StepPair[] {
  const left = [...b];
  const take = (fits: (step: RunStep) => boolean): RunStep | undefined => {
    const at = left.findIndex(fits);
    return at < 0 ? undefined : left.splice(at, 1)[0];
  };
  const exact = a.map((step) => take((other) => areAlike(step, other, true)));
  const pairs = a.map((step, index) => pairOf(step, exact[index] ?? take((other) => areAlike(step, other, false))));
  return [...pairs, ...left.map((step): StepPair => ({ a: undefined, b: step, differences: [] }))];
}

function areAlike(one: RunStep, other: RunStep, exactly: boolean): boolean {
  if (one.kind === "model" || other.kind === "model") return one.kind === other.kind;
  return one.name === other.name && (!exactly || JSON.stringify(one.arguments) === JSON.stringify(other.arguments));
}

function pairOf(a: RunStep, b: RunStep | undefined): StepPair {
  if (b === undefined) return { a, b, differences: [] };
  return { a, b, differences: differing(partsOf(a), partsOf(b)) };
}

const partsOf = (step: RunStep): Parts => (step.kind === "model" ? partsOfModel(step) : partsOfTool(step));
