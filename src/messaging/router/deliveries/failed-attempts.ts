import { LIMITS } from "../../../kernel/quantities.ts";
import { type InFlight } from "../mailboxes/index.ts";
import { type FailedAttempt } from "../ports/index.ts";

/** The failed attempts with the one that failed now: the newest, up to the maximum number of attempts. */
export function withFailure(
  { attempt, history }: InFlight,
  { atMs, reason }: Pick<FailedAttempt, "atMs" | "reason">,
  attemptsMax: number,
): readonly FailedAttempt[] {
  const failed = { attempt, atMs, reason: clamp(reason) };
  return [...history, failed].slice(-attemptsMax);
}

/** The failed attempts of a delivery, and those that ended with the server; they began at `beganAtMs`, the last one was `attempts`. */
export function withCrashes(
  history: readonly FailedAttempt[],
  beganAtMs: readonly number[],
  attempts: number,
): readonly FailedAttempt[] {
  const known = new Set(history.map(({ atMs }) => atMs));
  const cut = beganAtMs.map((atMs, at) => ({
    attempt: attempts - beganAtMs.length + 1 + at,
    atMs,
    reason: "the server ended while only it was in flight",
  }));
  return [...history, ...cut.filter(({ atMs }) => !known.has(atMs))];
}

function clamp(reason: string): string {
  const { failureReasonCharsMax: max } = LIMITS;
  return reason.length <= max ? reason : `${reason.slice(0, max - 1)}…`;
}
