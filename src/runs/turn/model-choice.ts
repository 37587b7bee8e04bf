import type { OnModelFailure } from "../../agents/definitions/index.ts";
import {
  type FailedAttempt,
  RUN_FAILURE_CODES,
  type RunEvent,
  type RunFailure,
  type RunPlan,
  type RunView,
} from "../record/index.ts";
import { type ModelFailure } from "../../models/port/index.ts";
import { modelFailure } from "./failure.ts";

/** A turn that a model failed for good, or for now. */
type FailedTurn = { readonly step: number; readonly model: string; readonly failure: ModelFailure };

/**
 * Reaction of a run to a failing model: that of the request, else that of the definition; else, if a person follows the
 * run and can be asked, the choice of that person; otherwise the run fails, after the backups that the definition
 * lists.
 */
export function onModelFailureOf(
  request: { readonly onModelFailure?: OnModelFailure | undefined; readonly attended?: boolean | undefined },
  plan: Pick<RunPlan, "onModelFailure" | "fallback">,
): OnModelFailure {
  const fitting = (plan.fallback ?? []).length > 0 ? "fallback" : "fail";
  return request.onModelFailure ?? plan.onModelFailure ?? (request.attended === true ? "ask" : fitting);
}

/**
 * Whether another model may do what this one did not. Not where the provider refused the content, which is no fault of
 * the model, and not where the request itself is wrong, except that the provider does not have the model.
 */
function mayBackUp({ class: kind, status }: ModelFailure): boolean {
  switch (kind) {
    case "rate_limited":
    case "overloaded":
    case "timeout":
    case "network":
    case "bad_response":
    case "auth":
    case "context_too_long":
    case "queue_full":
    case "circuit_open":
      return true;
    case "invalid_request":
      return status === NOT_FOUND;
    case "content_filtered":
    case "output_too_large":
    case "cancelled":
      return false;
  }
}
const NOT_FOUND = 404;

/**
 * The definition's next backup that no attempt of the turn has used yet; null if no further backup may be used.
 */
export function nextBackup(view: RunView, fallback: readonly string[], turn: FailedTurn): string | null {
  if (view.onModelFailure === "fail" || !mayBackUp(turn.failure)) return null;
  const tried = new Set([turn.model, view.modelInUse]);
  for (const { model, next } of attemptsOf(view, turn.step)) tried.add(model).add(next ?? null);
  return fallback.find((name) => !tried.has(name)) ?? null;
}

/** Event after all models failed a turn: the run fails, or is suspended until a person chooses how to continue. */
export function afterModelFailure(
  view: RunView,
  plan: Pick<RunPlan, "fallback">,
  turn: FailedTurn,
  expiresAtMs: number,
): readonly RunEvent[] {
  const failure = failureOf(view, turn);
  if (view.onModelFailure !== "ask") return [{ type: "run-fail", failure }];
  const { step, model } = turn;
  const backups = (plan.fallback ?? []).filter((name) => name !== model && name !== view.modelInUse);
  return [
    { type: "model-choice-wait", step, model, failure, backups, expiresAtMs },
    { type: "run-suspend", state: "awaiting-choice" },
  ];
}

function failureOf(view: RunView, { step, model, failure }: FailedTurn): RunFailure {
  const given = attemptsOf(view, step).filter(({ retryInMs }) => retryInMs === null);
  const last = modelFailure(failure, model);
  if (given.length < 2) return last;
  return {
    code: RUN_FAILURE_CODES.allFailed,
    message: `none of ${given.length} models answered: ${given.map((each) => `${each.model}: ${each.message}`).join("; ")}`,
    hint: last.hint,
  };
}

/** The failed attempts of a turn that count: those since the last choice of a person. */
export function attemptsOf(view: RunView, step: number): readonly FailedAttempt[] {
  const turn = view.steps.findLast((each) => each.kind === "model" && each.turn === step);
  return turn?.kind === "model" ? turn.attempts.slice(turn.attemptsBefore) : [];
}

/** A person's choice for a run in `awaiting-choice`. */
export type ModelChosen =
  | { readonly choice: "retry" }
  | { readonly choice: "use"; readonly model: string }
  | { readonly choice: "cancel" };

/** Events of a choice. */
export function chosenEvents(chosen: ModelChosen): readonly RunEvent[] {
  switch (chosen.choice) {
    case "cancel":
      return [{ type: "run-cancel", reason: "chosen when its model failed" }];
    case "retry":
      return [{ type: "model-choose", choice: "retry", model: null }, { type: "run-resume" }];
    case "use":
      return [{ type: "model-choose", choice: "use", model: chosen.model }, { type: "run-resume" }];
  }
}

/** Events after the time for a choice is over; empty if a choice was made. */
export function expiredEvents({ choice, state }: RunView, nowMs: number): readonly RunEvent[] {
  if (choice === null || state !== "awaiting-choice" || choice.expiresAtMs > nowMs) return [];
  const failure = {
    code: RUN_FAILURE_CODES.choiceExpired,
    message: `no choice was made in time after this failure: ${choice.failure.message}`,
    hint: "Start the run again; runs.choice_timeout of caxton.toml says how long a run waits.",
  };
  return [{ type: "run-fail", failure }];
}
