import type { ProblemDetails } from "../../api/contract/index.ts";
import { CaxtonError, FAULTS, type FaultKind } from "../../kernel/errors.ts";

/** What the server said no with; carries its problem document, which `-o json` prints as it is. */
export class ServerProblem extends CaxtonError<ProblemDetails> {
  readonly code: string;
  readonly kind: FaultKind;
  override readonly retryAfterMs: number | undefined;
  constructor(problem: ProblemDetails) {
    super(problem.detail || problem.title, problem.hint, problem);
    this.code = problem.code;
    this.kind = kindOf(problem.status);
    this.retryAfterMs = problem.retry_after_ms;
  }
}

const isFaultKind = (name: string): name is FaultKind => Object.hasOwn(FAULTS, name);

const kindOf = (status: number): FaultKind =>
  Object.keys(FAULTS)
    .filter(isFaultKind)
    .find((kind) => FAULTS[kind].http === status) ?? (status >= 500 ? "bug" : "invalid");

/** Nothing answers at the server's address. */
export class ServerUnreachableError extends CaxtonError {
  readonly code = "SERVER_UNREACHABLE";
  readonly kind = "unavailable";
  constructor(server: URL, cause: unknown) {
    const local = ["127.0.0.1", "localhost", "[::1]"].includes(server.hostname);
    super(
      `no Caxton server answers at ${server.origin}`,
      local
        ? "start one with: caxton serve"
        : "check the address (--server or CAXTON_SERVER) and that the server is running and reachable from here",
      { server: server.origin, reason: reasonOf(cause) },
      { cause },
    );
  }
}

const NAME_AUTHORITY = "name the certificate of the authority that signed it: --ca-file or CAXTON_CA_FILE";
const REPLACE = "replace the server's certificate";
/** What Node reports of a certificate that it refuses, and what to do. */
const CERTIFICATE_FAULTS: { readonly [code: string]: string } = {
  CERT_HAS_EXPIRED: REPLACE,
  CERT_NOT_YET_VALID: `${REPLACE}, or set the clock of this machine`,
  ERR_TLS_CERT_ALTNAME_INVALID:
    "use a name for which the certificate is valid (--server), or add this one to the certificate",
  DEPTH_ZERO_SELF_SIGNED_CERT: NAME_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: NAME_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: NAME_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: NAME_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: NAME_AUTHORITY,
};

/** The server's certificate is not valid for this client. */
export class ServerCertificateError extends CaxtonError {
  readonly code = "SERVER_CERTIFICATE_INVALID";
  readonly kind = "unavailable";
}

/** Returns the error for a certificate that a connection refused; undefined for other failures. */
export function certificateError(server: URL, error: unknown): ServerCertificateError | undefined {
  const cause = error instanceof Error ? error.cause : undefined;
  const hint = cause instanceof Error && "code" in cause ? CERTIFICATE_FAULTS[String(cause.code)] : undefined;
  if (hint === undefined) return undefined;
  const reason = reasonOf(cause);
  const message = `the certificate of ${server.origin} is not valid: ${reason}`;
  return new ServerCertificateError(message, hint, { server: server.origin, reason }, { cause: error });
}

/** A file that is named as an authority has no certificate. */
export class AuthorityInvalidError extends CaxtonError {
  readonly code = "AUTHORITY_INVALID";
  readonly kind = "invalid";
  constructor(path: string, cause?: unknown) {
    const hint = "name the PEM file of the authority that signed the server's certificate";
    super(`${path} has no valid certificate`, hint, { path }, { cause });
  }
}

/** A file that is named as a client's certificate has none, or another file is not its key. */
export class ClientCertificateInvalidError extends CaxtonError {
  readonly code = "CLIENT_CERTIFICATE_INVALID";
  readonly kind = "invalid";
  constructor(path: string, key: string, cause: unknown) {
    const hint = "name the PEM file of the certificate with --client-cert, and that of its key with --client-key";
    super(`${path} and ${key} are not a certificate and its key`, hint, { path, key }, { cause });
  }
}

/** Something answers at the server's address, but not as a Caxton server would. */
export class NotCaxtonError extends CaxtonError {
  readonly code = "NOT_A_CAXTON_SERVER";
  readonly kind = "unavailable";
  constructor(url: URL, found: string) {
    super(
      `what answers at ${url.origin} does not seem to be a Caxton server`,
      "check the address (--server or CAXTON_SERVER); another program may be using the port",
      { url: url.href, found },
    );
  }
}

/** The server's answer does not have the form this version of the command knows. */
export class UnexpectedResponseError extends CaxtonError {
  readonly code = "UNEXPECTED_RESPONSE";
  readonly kind = "upstream";
  constructor(url: URL, what: string) {
    super(
      `the server's answer at ${url.pathname} is not understood: ${what}`,
      "compare both versions with: caxton version; they may be one version apart, not more",
      { url: url.href },
    );
  }
}

/** The file with the servers that a user logged in to cannot be used. */
export class ContextsInvalidError extends CaxtonError {
  readonly code = "CONTEXTS_INVALID";
  readonly kind = "rejected";
  constructor(path: string, why: string) {
    super(`${path} cannot be used: ${why}`, "correct it, or delete it and log in again: caxton login", { path });
  }
}

/** `--timeout` is over. */
export class WaitTimeoutError extends CaxtonError {
  readonly code = "TIMEOUT";
  readonly kind = "timeout";
  constructor(waitedMs: number) {
    super(
      `no answer within ${waitedMs / 1_000} s`,
      "wait longer with --timeout, as in --timeout 2m, or look at the server with: caxton status",
      { waited_ms: waitedMs },
    );
  }
}

/** The innermost message of a failed `fetch`, whose own message is always "fetch failed". */
export const reasonOf = (cause: unknown): string => {
  if (cause instanceof AggregateError && cause.errors.length > 0) return reasonOf(cause.errors[0]);
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause === undefined ? cause.message : reasonOf(cause.cause);
};

/** A file named on the command line cannot be read. */
export class UnreadableFileError extends CaxtonError {
  readonly code = "UNREADABLE_FILE";
  readonly kind = "invalid";
  constructor(path: string, why: string, cause: unknown, hint = CHECK_PATH) {
    super(`cannot read ${path}: ${why}`, hint, { path }, { cause });
  }
}

/** A file named on the command line cannot be written. */
export class UnwritableFileError extends CaxtonError {
  readonly code = "UNWRITABLE_FILE";
  readonly kind = "invalid";
  constructor(path: string, why: string, hint: string, cause: unknown) {
    super(`cannot write ${path}: ${why}`, hint, { path }, { cause });
  }
}

const CHECK_PATH = "check the path; it is relative to the directory you are in";
/** What the system says of a path, and what to do about it. */
const REASONS: { readonly [code: string]: readonly [why: string, hint?: string] } = {
  EISDIR: ["it is a directory", "name a file"],
  ENOTDIR: ["a part of the path is a file, not a directory"],
  EACCES: ["you are not allowed to", "make it readable for you, with the directories above it"],
  EPERM: ["you are not allowed to", "make it readable for you, with the directories above it"],
  ELOOP: ["its links lead in a circle"],
  ENAMETOOLONG: ["its name is too long for any file"],
};

/** A file that could not be read, with what is the matter; `missing` says what is when nothing is there. */
export function unreadable(path: string, error: unknown, missing = "there is no such file"): UnreadableFileError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ENOENT") return new UnreadableFileError(path, missing, error);
  const [why, hint] = REASONS[code] ?? [error instanceof Error ? error.message : String(error)];
  return new UnreadableFileError(path, why, error, hint);
}

const PLACE = "name a file in a directory in which you may write";
/** What the system says of a path that is written to, where it means something else than of one that is read. */
const REFUSALS: { readonly [code: string]: readonly [why: string, hint: string] } = {
  ENOENT: [
    "there is no such directory",
    "make the directory, or check the path; it is relative to the directory you are in",
  ],
  EACCES: ["you are not allowed to", PLACE],
  EPERM: ["you are not allowed to", PLACE],
  EROFS: ["what is there can only be read", PLACE],
  ENOSPC: ["the disk is full", "make room there, or name a file on another disk"],
  EDQUOT: ["you have no room left there", "make room there, or name a file on another disk"],
};

/** Maps a failure to write a file to an error for the user; undefined for other failures. */
export function unwritable(path: string, error: unknown): UnwritableFileError | undefined {
  if (!(error instanceof Error && "syscall" in error && "code" in error)) return undefined;
  const matter = REFUSALS[String(error.code)] ?? REASONS[String(error.code)];
  return matter && new UnwritableFileError(path, matter[0], matter[1] ?? CHECK_PATH, error);
}
