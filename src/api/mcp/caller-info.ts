import type { AuthInfo, ServerContext } from "@modelcontextprotocol/server";
import type { Caller } from "../operations/index.ts";

/** Carries the caller of a request through the MCP package to the handlers. */
export class CallerInfo implements AuthInfo {
  readonly caller: Caller;
  readonly token = "";
  readonly scopes: string[] = [];

  constructor(caller: Caller) {
    this.caller = caller;
  }

  get clientId(): string {
    return ownerOf(this.caller);
  }
}

/** Identifies whose sessions and states a request may use. */
export const ownerOf = ({ principal }: Caller): string => `${principal.workspace}/${principal.id}`;

/** The caller of the request that is being handled. */
export function callerOf({ http }: ServerContext): Caller {
  const info = http?.authInfo;
  if (info instanceof CallerInfo) return info.caller;
  throw new TypeError("the request has no caller");
}
