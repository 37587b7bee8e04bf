import { CaxtonError } from "../../kernel/errors.ts";
import type { BuildAnswer } from "./wire/index.ts";

/** A module that cannot be a tool server: `details.reason` says why, in the sandbox's or the meter's words. */
export class ToolServerRefusedError extends CaxtonError<{ readonly server: string; readonly reason: string }> {
  readonly code = "TOOL_SERVER_REFUSED";
  readonly kind = "rejected";
  constructor(server: string, { code, message, hint }: Extract<BuildAnswer, { type: "refused" }>) {
    super(`the tool server "${server}" cannot be deployed: ${message}`, hint, { server, reason: code });
  }
}

/** The process that makes a module ready did not do so in time, or died of it. */
export class ToolServerBuildError extends CaxtonError<{ readonly server: string }> {
  readonly code = "TOOL_SERVER_BUILD_FAILED";
  readonly kind = "rejected";
  constructor(server: string, reason: string) {
    super(
      `the tool server "${server}" cannot be deployed: ${reason}`,
      "The module is too large or too costly to compile, or its start does not end. Make it smaller or simpler.",
      { server },
    );
  }
}
