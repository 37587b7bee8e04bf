import { CaxtonError } from "../../kernel/errors.ts";

/** A file of `[server.tls]` cannot be used. */
export class TlsFilesInvalidError extends CaxtonError<{ readonly file: string }> {
  readonly code = "TLS_FILES_INVALID";
  readonly kind = "rejected";
  constructor(file: string, why: string, cause?: unknown) {
    const hint = "server.tls names the PEM files of a certificate and its key; this user must be able to read them.";
    super(`${file} cannot be used for TLS: ${why}`, hint, { file }, { cause });
  }
}
