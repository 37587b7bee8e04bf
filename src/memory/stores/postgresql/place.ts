import { readFileSync } from "node:fs";
import type { ClientConfig } from "pg";
import type { Place } from "./errors.ts";

const PORT = 5432;

/** Ways of `sslmode` that encrypt without asking whose certificate it is, as in PostgreSQL's own programs. */
const UNCHECKED: readonly string[] = ["require", "prefer", "allow", "no-verify"];
const CHECKED: readonly string[] = ["verify-ca", "verify-full"];

/**
 * What a URL says: `postgresql://user@host:port/database`, with `host` (a socket's directory), `sslmode` and `sslrootcert`
 * as parameters. Read here, since the client's own reading takes no password that comes from elsewhere.
 */
export function readPlace(text: string): { readonly place: Place; readonly config: ClientConfig } {
  const url = new URL(text);
  const user = decodeURIComponent(url.username) || "caxton";
  const database = decodeURIComponent(url.pathname.slice(1)) || user;
  const host = url.searchParams.get("host") ?? (url.hostname.replace(/^\[|\]$/gu, "") || "127.0.0.1");
  const port = Number(url.port || PORT);
  return {
    place: { host: host.startsWith("/") ? host : `${url.hostname || host}:${port}`, database, user },
    config: { user, database, host, port, ssl: sslOf(url.searchParams) },
  };
}

function sslOf(parameters: URLSearchParams): NonNullable<ClientConfig["ssl"]> {
  const mode = parameters.get("sslmode") ?? "disable";
  const certificate = parameters.get("sslrootcert");
  const ca = certificate === null ? {} : { ca: readFileSync(certificate, "utf8") };
  if (UNCHECKED.includes(mode)) return { ...ca, rejectUnauthorized: false };
  return CHECKED.includes(mode) ? { ...ca } : false;
}
