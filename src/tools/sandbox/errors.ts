import { CaxtonError } from "../../kernel/errors.ts";
import type { BuildAnswer } from "./wire/index.ts";

/** A module that cannot be a tool server: `details.reason` says why, in the sandbox's or the meter's words. */
export class ToolServerRefusedError extends CaxtonError<{ readonly server: string; readonly reason: string }> {
  readonly code = "TOOL_SERVER_REFUSED";
  readonly kind = "rejected";
  /** The message, without the server. */
  readonly why: string;
  constructor(server: string, { code, message, hint }: Extract<BuildAnswer, { type: "refused" }>) {
    super(`the tool server "${server}" cannot be deployed: ${message}`, hint, { server, reason: code });
    this.why = message;
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

/** `sandbox.confinement` is `required`, and this machine cannot confine a sandbox child. */
export class SandboxUnconfinedError extends CaxtonError<{ readonly missing: readonly string[] }> {
  readonly code = "SANDBOX_UNCONFINED";
  readonly kind = "unavailable";
  constructor(missing: readonly string[]) {
    super(
      `no tool server can run: the operating system does not confine sandbox children (${missing.join("; ")})`,
      'Run `caxton doctor`, and use Linux with seccomp and Landlock; or set sandbox.confinement = "auto" in caxton.toml.',
      { missing },
    );
  }
}
