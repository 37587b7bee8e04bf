import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

export type CertificateFiles = { readonly certificate: string; readonly privateKey: string };

const NAMES = "subjectAltName=DNS:localhost,IP:127.0.0.1,DNS:caxton.test";

/** Creates a certificate with its key by OpenSSL; without an issuer it signs itself. */
export function makeCertificate(
  directory: string,
  name: string,
  { issuer, days = 365 }: { readonly issuer?: CertificateFiles; readonly days?: number } = {},
): CertificateFiles {
  const files = { certificate: join(directory, `${name}.pem`), privateKey: join(directory, `${name}.key`) };
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", files.privateKey];
  const signed = issuer === undefined ? [] : ["-CA", issuer.certificate, "-CAkey", issuer.privateKey];
  const extensions = issuer === undefined ? [] : ["-addext", NAMES, "-addext", "basicConstraints=CA:FALSE"];
  const subject = ["-subj", `/CN=${name}`, "-days", String(days), "-out", files.certificate];
  execFileSync("openssl", ["req", "-x509", ...key, ...signed, ...extensions, ...subject], { stdio: "pipe" });
  return files;
}

export const pem = (file: string): string => readFileSync(file, "utf8");
