import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { AuthorityInvalidError, unreadable } from "./errors.ts";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Reads the PEM file of a private authority. Throws UnreadableFileError, AuthorityInvalidError. */
export function readAuthority(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    const found = (text.match(CERTIFICATE) ?? []).map((each) => new X509Certificate(each).toString());
    if (found.length > 0) return found.join("");
  } catch (error) {
    throw new AuthorityInvalidError(path, error);
  }
  throw new AuthorityInvalidError(path);
}

let trusted: string | undefined;

/** Trusts an authority besides those of the system, in all later connections of the process: `fetch` takes none for one request. */
export function trustAuthority(pem: string): void {
  if (pem === trusted) return;
  setDefaultCACertificates([...getCACertificates("default"), ...(pem.match(CERTIFICATE) ?? [])]);
  trusted = pem;
}
