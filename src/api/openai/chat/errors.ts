import { CaxtonError } from "../../../kernel/errors.ts";
import type { RunDetail } from "../../contract/index.ts";

/** The run of a request ended without an answer. `code` is that of the run. */
abstract class RunEndedError extends CaxtonError<{ readonly run: string }> {
  readonly code: string;
  constructor({ id, failure, state }: Pick<RunDetail, "id" | "failure" | "state">) {
    const message = failure?.message || (state === "cancelled" ? "the run was cancelled" : "the run failed");
    super(message, `Its steps: caxton run get ${id}`, { run: id });
    this.code = failure?.code ?? "RUN_CANCELLED";
  }
}

class RunFailedError extends RunEndedError {
  readonly kind = "upstream";
}
class RunExhaustedError extends RunEndedError {
  readonly kind = "exhausted";
}
class RunCancelledError extends RunEndedError {
  readonly kind = "conflict";
}

/** Returns the error for a run that ended without an answer. */
export function endError(run: Pick<RunDetail, "id" | "failure" | "state">): CaxtonError {
  if (run.state === "cancelled") return new RunCancelledError(run);
  return run.failure?.code === "BUDGET_EXCEEDED" ? new RunExhaustedError(run) : new RunFailedError(run);
}
