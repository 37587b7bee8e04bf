import { CaxtonError } from "../../kernel/errors.ts";

export class ToolServerStateError extends CaxtonError<{
  readonly server: string;
  readonly state: string;
  readonly action: string;
}> {
  readonly code = "TOOL_SERVER_STATE";
  readonly kind = "conflict";
  constructor(server: string, state: string, action: string) {
    super(
      `${server} is ${state}, so it is not possible to ${action} it`,
      "`caxton tool get` shows its state and why.",
      {
        server,
        state,
        action,
      },
    );
  }
}

/** A built-in server is part of the package. */
export class ToolServerBuiltInError extends CaxtonError<{ readonly server: string }> {
  readonly code = "TOOL_SERVER_BUILT_IN";
  readonly kind = "conflict";
  constructor(server: string, what: "deleted" | "replaced") {
    super(
      `${server} is built in and cannot be ${what}`,
      what === "deleted"
        ? `Pause it, or set tool_servers.${server}.enabled = false in caxton.toml.`
        : "Give your tool server another name.",
      { server },
    );
  }
}

/** A server that all workspaces share is changed from its own workspace, or by a principal of the whole server. */
export class ToolServerSharedError extends CaxtonError<{ readonly server: string }> {
  readonly code = "TOOL_SERVER_SHARED";
  readonly kind = "denied";
  constructor(server: string, what: string) {
    super(
      `${server} is shared by all workspaces, so it is not possible to ${what} from this one`,
      "Ask an operator of the whole server, or deploy a tool server of your own under another name.",
      { server },
    );
  }
}

/** A server of a workspace other than the operator's asks for what belongs to the machine. */
export class ToolGrantsRefusedError extends CaxtonError<{
  readonly server: string;
  readonly grants: readonly string[];
}> {
  readonly code = "TOOL_GRANTS_REFUSED";
  readonly kind = "denied";
  constructor(server: string, grants: readonly string[]) {
    super(
      `${server} asks for ${grants.join(", ")}, which only tool servers of the operator have`,
      "Remove these grants from its tool.toml, or ask the operator to put it into the tools directory of the server.",
      { server, grants },
    );
  }
}

/** Another server has the name, perhaps in other letter case. */
export class ToolServerNameTakenError extends CaxtonError<{ readonly server: string; readonly existing: string }> {
  readonly code = "TOOL_SERVER_NAME_TAKEN";
  readonly kind = "conflict";
}

export class ToolRevisionNotFoundError extends CaxtonError<{ readonly server: string; readonly revision: number }> {
  readonly code = "TOOL_REVISION_NOT_FOUND";
  readonly kind = "not-found";
  constructor(server: string, revision: number) {
    super(`${server} has no revision ${revision}`, `\`caxton tool versions ${server}\` lists those that are kept.`, {
      server,
      revision,
    });
  }
}

/** Nothing waits to be accepted, or something else than the caller saw. */
export class ToolServerNotPendingError extends CaxtonError<{
  readonly server: string;
  readonly pending: number | undefined;
}> {
  readonly code = "TOOL_SERVER_NOT_PENDING";
  readonly kind = "conflict";
  constructor(server: string, pending: number | undefined) {
    super(
      pending === undefined
        ? `no revision of ${server} waits to be accepted`
        : `it is revision ${pending} of ${server} that waits to be accepted by now`,
      `\`caxton tool diff ${server}\` shows what waits.`,
      { server, pending },
    );
  }
}

/** What is on disk is not what was deployed. */
export class ToolModuleDamagedError extends CaxtonError<{ readonly moduleHash: string; readonly path: string }> {
  readonly code = "TOOL_MODULE_DAMAGED";
  readonly kind = "unavailable";
}

/** A signature that is there and wrong: module or manifest are not what was signed. */
export class ToolSignatureInvalidError extends CaxtonError<{ readonly server: string }> {
  readonly code = "TOOL_SIGNATURE_INVALID";
  readonly kind = "rejected";
}

export class ToolSignatureRequiredError extends CaxtonError<{
  readonly server: string;
  readonly keyId: string | null;
}> {
  readonly code = "TOOL_SIGNATURE_REQUIRED";
  readonly kind = "denied";
}

export class ToolKeyInvalidError extends CaxtonError {
  readonly code = "TOOL_KEY_INVALID";
  readonly kind = "invalid";
}

/** What was attached by configuration is changed there. */
export class ToolServerConfiguredError extends CaxtonError<{ readonly server: string }> {
  readonly code = "TOOL_SERVER_CONFIGURED";
  readonly kind = "conflict";
  constructor(server: string, what: string) {
    super(
      `${server} is a remote server that the configuration attaches, so it is not possible to ${what} it`,
      "Change or remove it in caxton.toml; it can be paused and accepted here.",
      {
        server,
      },
    );
  }
}

/** No user can sign in to a server that is not configured so. */
export class SignInNotConfiguredError extends CaxtonError<{ readonly server: string }> {
  readonly code = "SIGN_IN_NOT_CONFIGURED";
  readonly kind = "conflict";
  constructor(server: string) {
    super(
      `the tool server ${server} has no sign-in`,
      `Write auth.type = "oauth" below [mcp_servers.${server}], and restart the server.`,
      { server },
    );
  }
}
