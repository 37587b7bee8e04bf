import { CaxtonError } from "../../kernel/errors.ts";

export class RunNotFoundError extends CaxtonError<{ readonly id: string }> {
  readonly code = "RUN_NOT_FOUND";
  readonly kind = "not-found";
}

export class RunQueueFullError extends CaxtonError<{ readonly queuedMax: number }> {
  readonly code = "RUN_QUEUE_FULL";
  readonly kind = "exhausted";
  override readonly retryAfterMs = 5_000;
}

export class RunEndedError extends CaxtonError<{ readonly id: string; readonly state: string }> {
  readonly code = "RUN_ENDED";
  readonly kind = "conflict";
}

/** A request has had the maximum number of hand-offs. */
export class HandoffLimitError extends CaxtonError<{ readonly handoffsMax: number }> {
  readonly code = "HANDOFF_LIMIT";
  readonly kind = "rejected";
}

/** Only what has ended can be deleted. */
export class RunNotEndedError extends CaxtonError<{ readonly id: string; readonly state: string }> {
  readonly code = "RUN_NOT_ENDED";
  readonly kind = "conflict";
}

export class RunStepNotFoundError extends CaxtonError<{ readonly id: string; readonly step: number }> {
  readonly code = "RUN_STEP_NOT_FOUND";
  readonly kind = "not-found";
}

export class RunNotWaitingError extends CaxtonError<{ readonly id: string; readonly callId: string }> {
  readonly code = "RUN_NOT_WAITING";
  readonly kind = "conflict";
}

export class InputTooLargeError extends CaxtonError<{ readonly bytesMax: number }> {
  readonly code = "INPUT_TOO_LARGE";
  readonly kind = "too-large";
}

export class ServerStoppingError extends CaxtonError {
  readonly code = "SERVER_STOPPING";
  readonly kind = "unavailable";
}

export class UploadNotFoundError extends CaxtonError<{ readonly id: string }> {
  readonly code = "UPLOAD_NOT_FOUND";
  readonly kind = "not-found";
}

export class UploadTakenError extends CaxtonError<{ readonly id: string }> {
  readonly code = "UPLOAD_TAKEN";
  readonly kind = "conflict";
}

export class ArtifactNotFoundError extends CaxtonError<{ readonly id: string }> {
  readonly code = "ARTIFACT_NOT_FOUND";
  readonly kind = "not-found";
}

/** The run does not wait for this answer or result. */
export class InputNotFoundError extends CaxtonError<{ readonly id: string; readonly input: string }> {
  readonly code = "INPUT_NOT_FOUND";
  readonly kind = "not-found";
}

export class NoChoiceOpenError extends CaxtonError<{ readonly id: string }> {
  readonly code = "NO_CHOICE_OPEN";
  readonly kind = "conflict";
}

export class OutputSchemaInvalidError extends CaxtonError<{ readonly reason: string }> {
  readonly code = "OUTPUT_SCHEMA_INVALID";
  readonly kind = "invalid";
}

/** The input was given or has expired, or its call has ended. */
export class InputClosedError extends CaxtonError<{
  readonly id: string;
  readonly input: string;
  readonly state: string;
  readonly by: string;
}> {
  readonly code = "INPUT_CLOSED";
  readonly kind = "conflict";
}

/** A tool of the caller has the name of a tool of the agent. */
export class ClientToolTakenError extends CaxtonError<{ readonly name: string }> {
  readonly code = "CLIENT_TOOL_TAKEN";
  readonly kind = "invalid";
}

export class AnswerInvalidError extends CaxtonError<{ readonly problems: readonly string[] }> {
  readonly code = "ANSWER_INVALID";
  readonly kind = "rejected";
}

/** Codes a failed run can carry beside those of the model's failure classes; they are rows, not thrown. */
export const RUN_FAILURE_CODES = {
  stepsMax: "STEPS_MAX_REACHED",
  timeout: "RUN_TIMEOUT",
  tooManyCalls: "TOO_MANY_TOOL_CALLS",
  outputCut: "OUTPUT_CUT",
  decidedFail: "DECIDED_TO_FAIL",
  budgetExceeded: "BUDGET_EXCEEDED",
  priceUnknown: "MODEL_PRICE_UNKNOWN",
  approvalExpired: "APPROVAL_EXPIRED",
  rateLimited: "MODEL_RATE_LIMITED",
  overloaded: "MODEL_OVERLOADED",
  auth: "MODEL_AUTH",
  invalidRequest: "MODEL_INVALID_REQUEST",
  contextTooLong: "MODEL_CONTEXT_TOO_LONG",
  contentFiltered: "MODEL_CONTENT_FILTERED",
  modelTimeout: "MODEL_TIMEOUT",
  network: "MODEL_UNREACHABLE",
  badResponse: "MODEL_BAD_RESPONSE",
  queueFull: "MODEL_QUEUE_FULL",
  allFailed: "ALL_MODELS_FAILED",
  choiceExpired: "CHOICE_EXPIRED",
  outputInvalid: "OUTPUT_INVALID",
  circuitOpen: "MODEL_CIRCUIT_OPEN",
  outputTooLarge: "OUTPUT_TOO_LARGE",
  emptyAnswer: "EMPTY_ANSWER",
  loopRepeated: "LOOP_REPEATED_CALL",
  loopPingPong: "LOOP_PING_PONG",
  workerUnresponsive: "WORKER_STUCK",
  workerOutOfMemory: "WORKER_OUT_OF_MEMORY",
  workerLost: "WORKER_LOST",
} as const;

/** The definition's `allowed_domains` lack the host of its model. */
export class ModelHostRestrictedError extends CaxtonError {
  readonly code = "MODEL_HOST_RESTRICTED";
  readonly kind = "rejected";
  constructor(agent: string, host: string) {
    super(
      `the model of ${agent} is at ${host}, which is not among its allowed_domains`,
      "Add the host to allowed_domains in [security] of the definition, or change base_url.",
      { agent, host },
    );
  }
}
