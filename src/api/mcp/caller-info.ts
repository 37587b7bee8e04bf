import type { AuthInfo, ServerContext } from "@modelcontextprotocol/server";
import type { Caller } from "../operations/index.ts";

/** Carries the caller of a request through the MCP package to the handlers. */
export class CallerInfo implements AuthInfo {
  readonly caller: Caller;
  /** Where browsers reach the server. */
  readonly origin: string;
  readonly token = "";
  readonly scopes: string[] = [];

  constructor(caller: Caller, origin: string) {
    this.caller = caller;
    this.origin = origin;
  }

  get clientId(): string {
    return ownerOf(this.caller);
  }
}

/** Identifies whose sessions and states a request may use. */
export const ownerOf = ({ principal }: Caller): string => `${principal.workspace}/${principal.id}`;

/** Who sent the request that is being handled. */
export const infoOf = ({ http }: ServerContext): CallerInfo => checked(http?.authInfo);

function checked(info: AuthInfo | undefined): CallerInfo {
  if (info instanceof CallerInfo) return info;
  throw new TypeError("the request has no caller");
}

export const callerOf = (context: ServerContext): Caller => infoOf(context).caller;

export const callerIn = (info: AuthInfo | undefined): Caller => checked(info).caller;
