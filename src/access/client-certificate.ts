import type { Clock } from "../kernel/clock.ts";

/** A certificate that a client presented and a trusted authority signed. */
export type ClientCertificate = {
  /** Common name of its subject; undefined without exactly one. */
  readonly subject: string | undefined;
  /** SHA-256 in lower-case hexadecimal. */
  readonly fingerprint: string;
  readonly validFromMs: number;
  readonly expiresAtMs: number;
};

/** A certificate that authenticates its client. */
export type TrustedCertificate = {
  readonly name: string;
  readonly subject?: string | undefined;
  readonly fingerprint?: string | undefined;
  readonly role: string;
  /** `*` stands for every workspace. */
  readonly workspace: string;
};

/** Returns the entry of a certificate; undefined if it has none. A fingerprint takes precedence over a subject. */
export const entryOf = (
  { subject, fingerprint }: ClientCertificate,
  trusted: readonly TrustedCertificate[],
): TrustedCertificate | undefined =>
  trusted.find((each) => each.fingerprint === fingerprint) ??
  (subject === undefined ? undefined : trusted.find((each) => each.subject === subject));

/** Whether a certificate is valid now: connections last longer than the handshake that verified it. */
export const isValid = ({ validFromMs, expiresAtMs }: ClientCertificate, clock: Clock): boolean =>
  validFromMs <= clock.nowMs() && clock.nowMs() < expiresAtMs;
