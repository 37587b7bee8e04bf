import { CaxtonError } from "../../kernel/errors.ts";
import { reasonOf } from "../client/index.ts";

/** The command line itself is wrong. `command` is the command whose `--help` shows the right way. */
export class UsageError extends CaxtonError {
  readonly code = "USAGE";
  readonly kind = "invalid";
  /** `instead` is another line that may have been meant, as a sentence. */
  constructor(message: string, command: string, instead = "") {
    const usage = `usage and examples: ${command} --help`;
    super(message, instead === "" ? usage : `${instead}; ${usage}`, { command });
  }
}

/** The person ended it with Ctrl-C. */
export class InterruptedError extends CaxtonError {
  readonly code = "INTERRUPTED";
  readonly kind = "cancelled";
  constructor() {
    super("interrupted", "", {});
  }
}

/** Thrown if `--timeout` expires during a run; the server continues the run. */
export class StillRunningError extends CaxtonError {
  readonly code = "STILL_RUNNING";
  readonly kind = "timeout";
  constructor(runId: string, waitedMs: number) {
    super(
      `the run has not ended within ${waitedMs / 1_000} s; it continues on the server`,
      `see how it goes with: caxton run watch ${runId}   or stop it with: caxton run cancel ${runId}`,
      { run: runId, waited_ms: waitedMs },
    );
  }
}

/** Thrown if a run waits for a decision on a call with an unknown result. */
export class NeedsDecisionError extends CaxtonError {
  readonly code = "NEEDS_DECISION";
  readonly kind = "conflict";
  constructor(runId: string, call: string) {
    super(
      `the server stopped during ${call}, and it is unknown whether the call took effect`,
      `decide with: caxton run decide ${runId} retry   (or skip, or fail)`,
      { run: runId },
    );
  }
}

/** Thrown if the run waits for a decision after a model failure. */
export class AwaitingChoiceError extends CaxtonError {
  readonly code = "AWAITING_CHOICE";
  readonly kind = "conflict";
  constructor(runId: string, failure: string) {
    super(
      `the run waits for a choice: ${failure}`,
      `choose with: caxton run choose ${runId} retry   (or use <provider/model>, or cancel)`,
      { run: runId },
    );
  }
}

/** The run waits for an answer to a question of its model. */
export class AwaitingInputError extends CaxtonError {
  readonly code = "AWAITING_INPUT";
  readonly kind = "conflict";
  constructor(run: string, question: string) {
    super(`run ${run} waits for an answer: ${question}`, `answer with: caxton run answer ${run}`, { run });
  }
}

/** Thrown if the run is suspended until calls are approved or denied. */
export class AwaitingApprovalError extends CaxtonError {
  readonly code = "AWAITING_APPROVAL";
  readonly kind = "conflict";
  constructor(ids: readonly string[], calls: string) {
    const [first] = ids;
    const hint =
      first === undefined
        ? "list what is open: caxton approval list"
        : `answer with: caxton approval approve ${first}   (or deny)`;
    super(`the run waits for approval: ${calls}`, hint, { approvals: ids });
  }
}

/** What was typed for an approval fits none that waits, or several. */
export class ApprovalReferenceError extends CaxtonError {
  readonly code = "APPROVAL_NOT_FOUND";
  readonly kind = "not-found";
}

/** What was typed for a message fits none, or several. */
export class MessageReferenceError extends CaxtonError {
  readonly code = "MESSAGE_NOT_FOUND";
  readonly kind = "not-found";
}

/** What was typed for a conversation fits none, or several. */
export class ConversationReferenceError extends CaxtonError {
  readonly code = "CONVERSATION_NOT_FOUND";
  readonly kind = "not-found";
}

/** An entity of the memory has no such observation. */
export class ObservationReferenceError extends CaxtonError {
  readonly code = "OBSERVATION_NOT_FOUND";
  readonly kind = "not-found";
}

/** What was typed for a run fits none, or several. */
export class RunReferenceError extends CaxtonError {
  readonly code = "RUN_NOT_FOUND";
  readonly kind = "not-found";
}

/** What was typed for a task fits none, or several. */
export class TaskReferenceError extends CaxtonError {
  readonly code = "TASK_NOT_FOUND";
  readonly kind = "not-found";
}

/** Something is in the way of what would be written. */
export class FileExistsError extends CaxtonError {
  readonly code = "FILE_EXISTS";
  readonly kind = "conflict";
  constructor(paths: readonly string[], hint: string) {
    super(paths.length === 1 ? `${paths[0]} exists already` : `these exist already: ${paths.join(", ")}`, hint, {
      paths,
    });
  }
}

/** A tool server has no tool of that name. */
export class ToolNotFoundError extends CaxtonError {
  readonly code = "TOOL_NOT_FOUND";
  readonly kind = "not-found";
}

/** An export ended before it was complete. */
export class ExportInterruptedError extends CaxtonError {
  readonly code = "EXPORT_INTERRUPTED";
  readonly kind = "unavailable";
  constructor(cause: unknown) {
    super(
      `the export ended before it was complete: ${reasonOf(cause)}`,
      "no file was written; try again, and look at the server's log if it happens again",
      {},
      { cause },
    );
  }
}
