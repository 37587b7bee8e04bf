import { CaxtonError } from "../../kernel/errors.ts";

/** The input does not match the operation's schema. */
export class RequestInvalidError extends CaxtonError<{ readonly problems: readonly string[] }> {
  readonly code = "REQUEST_INVALID";
  readonly kind = "invalid";
}

/** A workspace has as much of something as its quota allows. */
export class QuotaExceededError extends CaxtonError<{ readonly quota: string; readonly max: number }> {
  readonly code = "QUOTA_EXCEEDED";
  readonly kind = "exhausted";
  override readonly retryAfterMs = 60_000;
  constructor(quota: string, max: number) {
    super(
      `the quota of the workspace is reached: ${quota} ${max}`,
      `Delete some, or let an administrator raise it: caxton workspace update <name> --quota ${quota}=<max>.`,
      { quota, max },
    );
  }
}
