import { CaxtonError, toFault } from "../../kernel/errors.ts";
import { type ModelFailure, type ModelFailureClass } from "../../models/port/index.ts";
import { RUN_FAILURE_CODES, type RunEvent, type RunFailure, type RunView, type ToolStep } from "../record/index.ts";

const MODEL_HELP: { readonly [Class in ModelFailureClass]: { readonly code: string; readonly hint: string } } = {
  rate_limited: {
    code: RUN_FAILURE_CODES.rateLimited,
    hint: "Wait and run it again, or choose another model with --model.",
  },
  overloaded: {
    code: RUN_FAILURE_CODES.overloaded,
    hint: "The provider is failing; run it again later or with --model.",
  },
  auth: { code: RUN_FAILURE_CODES.auth, hint: "Check the provider's API key; `caxton doctor` shows which are set." },
  invalid_request: {
    code: RUN_FAILURE_CODES.invalidRequest,
    hint: "Check the model's name and settings: the definition's [llm] table, else models.default or OPENAI_MODEL. Try it with: caxton model test.",
  },
  context_too_long: {
    code: RUN_FAILURE_CODES.contextTooLong,
    hint: "Ask for less at a time, or choose a model with a larger context.",
  },
  content_filtered: { code: RUN_FAILURE_CODES.contentFiltered, hint: "The provider refused the content." },
  output_too_large: {
    code: RUN_FAILURE_CODES.outputTooLarge,
    hint: "Ask for less at a time, or raise output_bytes in the definition's [limits] table.",
  },
  timeout: { code: RUN_FAILURE_CODES.modelTimeout, hint: "Raise timeout in the definition's [llm] table." },
  network: {
    code: RUN_FAILURE_CODES.network,
    hint: "Check the model's base URL and the network; `caxton doctor` helps.",
  },
  bad_response: {
    code: RUN_FAILURE_CODES.badResponse,
    hint: "The endpoint does not answer as its API says it should.",
  },
  cancelled: { code: "CANCELLED", hint: "" },
  queue_full: {
    code: RUN_FAILURE_CODES.queueFull,
    hint: "Wait and run it again, or raise queued_max in models.limits of caxton.toml.",
  },
  circuit_open: {
    code: RUN_FAILURE_CODES.circuitOpen,
    hint: "Wait and run it again, or choose another model with --model.",
  },
};

/** Failure of a run whose model failed permanently. */
export function modelFailure(failure: ModelFailure, model: string): RunFailure {
  const { code, hint } = MODEL_HELP[failure.class];
  return { code, message: `${model}: ${failure.message}`, hint };
}

/** The failure of a run for an expired approval; undefined if none of these calls had one. */
export function expiredFailure({ approvals }: RunView, calls: readonly ToolStep[]): RunEvent | undefined {
  const expired = calls
    .map(({ callId }) => approvals.findLast((each) => each.callId === callId))
    .find((each) => each?.state === "expired" && each.onExpiry === "fail");
  if (!expired) return undefined;
  const failure: RunFailure = {
    code: RUN_FAILURE_CODES.approvalExpired,
    message: `the call of ${expired.server}.${expired.tool} was not approved in time`,
    hint: 'Start the run again, or set on_expiry = "refuse" in [permissions] to let the model continue without the call.',
  };
  return { type: "run-fail", failure };
}

/** Failure of a run whose execution threw. */
export function thrownFailure(error: unknown): RunFailure {
  const { code, message, hint } = toFault(error);
  return { code, message, hint };
}

/** Whether the run should stay unfinished and be tried again, because the fault is the disk's and not its own. */
export const isStorageFault = (error: unknown): boolean =>
  error instanceof CaxtonError && error.code.startsWith("STORAGE_");
