import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import type { Config } from "../config/index.ts";
import { TlsFilesInvalidError } from "./errors.ts";

/** `[server.tls]` of `caxton.toml`. */
export type TlsTable = NonNullable<Config["server"]["tls"]>;

/** The certificate of the server with its key, as read from the files. */
export type Certificate = {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Authorities of the certificates of clients. */
  readonly ca: Buffer | undefined;
  readonly validFromMs: number;
  readonly expiresAtMs: number;
};

/** Whether clients accept a certificate now, with a note for people. */
export type Validity = { readonly state: "ok" | "warn" | "fail"; readonly note: string };

const DAY_MS = 86_400_000;
const WARN_MS = 30 * DAY_MS;

/** Reads and checks the files of `[server.tls]`. Throws TlsFilesInvalidError. */
export function readCertificate({ certificate, private_key: privateKey, client_ca: clientCa }: TlsTable): Certificate {
  const cert = attempt(certificate, () => readFileSync(certificate));
  const key = attempt(privateKey, () => readFileSync(privateKey));
  const ca = clientCa === undefined ? undefined : attempt(clientCa, () => readFileSync(clientCa));
  if (clientCa !== undefined && ca !== undefined) attempt(clientCa, () => new X509Certificate(ca));
  const leaf = attempt(certificate, () => new X509Certificate(cert));
  const isOwn = leaf.checkPrivateKey(attempt(privateKey, () => createPrivateKey(key)));
  if (!isOwn) throw new TlsFilesInvalidError(privateKey, `it is not the key of ${certificate}`);
  // The whole chain, and keys that are too weak for TLS.
  attempt(certificate, () => createSecureContext({ cert, key }));
  return { cert, key, ca, validFromMs: leaf.validFromDate.getTime(), expiresAtMs: leaf.validToDate.getTime() };
}

export function validityOf({ validFromMs, expiresAtMs }: Certificate, nowMs: number): Validity {
  const day = new Date(expiresAtMs).toISOString().slice(0, 10);
  if (nowMs >= expiresAtMs) return { state: "fail", note: `the certificate expired on ${day}` };
  if (nowMs < validFromMs)
    return { state: "fail", note: `the certificate is not valid before ${new Date(validFromMs).toISOString()}` };
  const days = Math.floor((expiresAtMs - nowMs) / DAY_MS);
  return expiresAtMs - nowMs < WARN_MS
    ? { state: "warn", note: `the certificate expires in ${days} days, on ${day}` }
    : { state: "ok", note: `the certificate is valid until ${day}` };
}

function attempt<Value>(file: string, work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    throw new TlsFilesInvalidError(file, error instanceof Error ? error.message : String(error), error);
  }
}
