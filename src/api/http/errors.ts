import { CaxtonError } from "../../kernel/errors.ts";

/** The sender of a webhook has not proved that it has the secret. */
export class HookUnverifiedError extends CaxtonError {
  readonly code = "HOOK_UNVERIFIED";
  readonly kind = "unauthenticated";
  constructor(reason: string) {
    super(reason, "Give the sender the secret of the trigger: caxton trigger rotate-secret <trigger>.", {});
  }
}

export class IdempotencyKeyReusedError extends CaxtonError<{ readonly key: string }> {
  readonly code = "IDEMPOTENCY_KEY_REUSED";
  readonly kind = "rejected";
}

export class IdempotencyKeyInUseError extends CaxtonError<{ readonly key: string }> {
  readonly code = "IDEMPOTENCY_KEY_IN_USE";
  readonly kind = "conflict";
}

export class BodyTooLargeError extends CaxtonError<{ readonly bytesMax: number }> {
  readonly code = "BODY_TOO_LARGE";
  readonly kind = "too-large";
}

export class UnsupportedMediaTypeError extends CaxtonError {
  readonly code = "UNSUPPORTED_MEDIA_TYPE";
  readonly kind = "unsupported";
}

export class RouteNotFoundError extends CaxtonError<{ readonly path: string }> {
  readonly code = "ROUTE_NOT_FOUND";
  readonly kind = "not-found";
}

export class MethodNotAllowedError extends CaxtonError<{ readonly methods: readonly string[] }> {
  readonly code = "METHOD_NOT_ALLOWED";
  readonly kind = "method-not-allowed";
}

export class ForeignOriginError extends CaxtonError<{ readonly origin: string }> {
  readonly code = "FOREIGN_ORIGIN";
  readonly kind = "denied";
}

export class ModuleTooLargeError extends CaxtonError<{ readonly bytesMax: number }> {
  readonly code = "TOOL_MODULE_TOO_LARGE";
  readonly kind = "too-large";
  constructor(bytesMax: number) {
    super(
      `a tool server's module may have ${bytesMax / 1024 / 1024} MiB`,
      "Build it for size, without debug information.",
      { bytesMax },
    );
  }
}

/** A tool server is not there yet because the server has just started. */
export class ServerStartingError extends CaxtonError {
  readonly code = "SERVER_STARTING";
  readonly kind = "unavailable";
  override readonly retryAfterMs = 1_000;
}

export class DashboardNotBuiltError extends CaxtonError {
  readonly code = "DASHBOARD_NOT_BUILT";
  readonly kind = "not-found";
}
