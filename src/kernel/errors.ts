type Row = {
  readonly http: number;
  readonly retry: boolean;
  readonly exit: number;
  readonly log: "debug" | "warn" | "error";
};

/** Every kind of failure, and what the wire, the retrier, the CLI and the log do with it. Append only. */
export const FAULTS = {
  invalid: { http: 400, retry: false, exit: 2, log: "debug" },
  unauthenticated: { http: 401, retry: false, exit: 4, log: "warn" },
  denied: { http: 403, retry: false, exit: 4, log: "warn" },
  "not-found": { http: 404, retry: false, exit: 3, log: "debug" },
  conflict: { http: 409, retry: false, exit: 5, log: "debug" },
  "too-large": { http: 413, retry: false, exit: 2, log: "debug" },
  rejected: { http: 422, retry: false, exit: 6, log: "debug" },
  exhausted: { http: 429, retry: true, exit: 1, log: "warn" },
  cancelled: { http: 499, retry: false, exit: 130, log: "debug" },
  bug: { http: 500, retry: false, exit: 1, log: "error" },
  upstream: { http: 502, retry: true, exit: 1, log: "warn" },
  unavailable: { http: 503, retry: true, exit: 7, log: "warn" },
  timeout: { http: 504, retry: true, exit: 8, log: "warn" },
  "storage-full": { http: 507, retry: true, exit: 7, log: "error" },
  unsupported: { http: 415, retry: false, exit: 2, log: "debug" },
  "method-not-allowed": { http: 405, retry: false, exit: 2, log: "debug" },
} as const satisfies Record<string, Row>;
export type FaultKind = keyof typeof FAULTS;

/** An error as plain data, for threads, rows and sockets. Carries no cause and no stack. */
export type Fault = {
  readonly code: string;
  readonly kind: FaultKind;
  readonly message: string;
  /** What the reader can do about it: one sentence, or empty when the message says all. */
  readonly hint: string;
  readonly details: object;
  /** Delay in milliseconds after which a retry may help; absent if unknown. */
  readonly retryAfterMs?: number | undefined;
};

/** Base of every failure Caxton throws. `message`, `hint` and `details` may be shown to a client; put the rest in `cause`. */
export abstract class CaxtonError<Details extends object = object> extends Error {
  abstract readonly code: string;
  abstract readonly kind: FaultKind;
  readonly hint: string;
  readonly details: Details;
  /** When trying again may help, from now. */
  readonly retryAfterMs: number | undefined = undefined;
  /** Log level, if it differs from the level of the error's code. */
  readonly logLevel: Row["log"] | undefined = undefined;
  constructor(message: string, hint: string, details: Details, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.hint = hint;
    this.details = details;
  }
}

export function toFault(error: unknown): Fault {
  if (!(error instanceof CaxtonError))
    return {
      code: "BUG",
      kind: "bug",
      message: "internal error",
      hint: "The server's log has the cause.",
      details: {},
    };
  const { code, kind, message, hint, details, retryAfterMs } = error;
  return { code, kind, message, hint, details, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

/** Log level of an error. */
export const logLevelOf = (error: unknown): Row["log"] =>
  (error instanceof CaxtonError ? error.logLevel : undefined) ?? FAULTS[toFault(error).kind].log;

/** A `Fault` thrown again on this side of a wire or thread. */
export class RemoteError extends CaxtonError {
  readonly code: string;
  readonly kind: FaultKind;
  override readonly retryAfterMs: number | undefined;
  constructor(fault: Fault) {
    super(fault.message, fault.hint, fault.details);
    this.code = fault.code;
    this.kind = fault.kind;
    this.retryAfterMs = fault.retryAfterMs;
  }
}

/** Something the caller asked for was stopped by the caller. */
export class CancelledError extends CaxtonError {
  readonly code = "CANCELLED";
  readonly kind = "cancelled";
  constructor(what: string) {
    super(`${what} was cancelled`, "", {});
  }
}
