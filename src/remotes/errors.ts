import { CaxtonError, type FaultKind } from "../kernel/errors.ts";

/** Failures of agents of other systems, and of messages to them. */
export const REMOTE_FAILURES = {
  REMOTE_AGENT_NOT_FOUND: "not-found",
  REMOTE_AGENT_INVALID: "invalid",
  REMOTE_CARD_INVALID: "upstream",
  REMOTE_CARD_UNSIGNED: "upstream",
  REMOTE_SECRET_REFUSED: "rejected",
  REMOTE_UNREACHABLE: "unavailable",
  REMOTE_OVERLOADED: "unavailable",
  REMOTE_INTERRUPTED: "upstream",
  REMOTE_RESPONSE_INVALID: "upstream",
  REMOTE_REDIRECTS: "upstream",
  REMOTE_SIGN_IN_NEEDED: "upstream",
  REMOTE_REFUSED: "upstream",
  REMOTE_ACT_UNSUPPORTED: "rejected",
  REMOTE_OUTCOME_UNKNOWN: "upstream",
  REMOTE_TASK_FAILED: "upstream",
  REMOTE_TASK_CANCELLED: "cancelled",
  REMOTE_TASK_NOT_CANCELLED: "upstream",
  REMOTE_TASK_LOST: "upstream",
  REMOTE_TASK_EXPIRED: "upstream",
} as const satisfies Record<string, FaultKind>;
export type RemoteFailureCode = keyof typeof REMOTE_FAILURES;

/** What is known of a request that failed: that it had no effect and may succeed later, that it is refused, or nothing. */
export type RequestOutcome = "not-sent" | "refused" | "unknown";

/** An agent of another system cannot be used, or did not do what it was asked. */
export class RemoteAgentError extends CaxtonError<{ readonly agent: string }> {
  readonly code: RemoteFailureCode;
  readonly kind: FaultKind;
  readonly outcome: RequestOutcome;

  constructor(
    code: RemoteFailureCode,
    agent: string,
    { message, hint, outcome = "refused" }: RemoteFailure,
    options?: ErrorOptions,
  ) {
    super(message, hint, { agent }, options);
    this.code = code;
    this.kind = REMOTE_FAILURES[code];
    this.outcome = outcome;
  }
}

type RemoteFailure = {
  readonly message: string;
  readonly hint: string;
  readonly outcome?: RequestOutcome | undefined;
};

export const agentNotFound = (agent: string): RemoteAgentError =>
  new RemoteAgentError("REMOTE_AGENT_NOT_FOUND", agent, {
    message: `there is no agent ${agent} of another system here`,
    hint: "`caxton remote-agent list` prints them.",
  });
