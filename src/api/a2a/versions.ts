import type { IncomingHttpHeaders } from "node:http";
import { VersionNotSupportedError } from "@a2a-js/sdk/errors";
import { VERSION } from "./card.ts";

export const LEGACY_VERSION = "0.3";
export type Version = typeof VERSION | typeof LEGACY_VERSION;

const HEADER = "a2a-version";

/** The version that a request names; undefined if it names none. Throws VersionNotSupportedError. */
export function versionOf(headers: IncomingHttpHeaders): Version | undefined {
  const named = headers[HEADER];
  if (named === undefined || named === "") return undefined;
  const [, version] = /^(\d+\.\d+)(?:\.\d+)?$/.exec(String(named)) ?? [];
  if (version === VERSION || version === LEGACY_VERSION) return version;
  throw new VersionNotSupportedError(`A2A ${String(named)} is not supported; 1.0 and 0.3 are`);
}
