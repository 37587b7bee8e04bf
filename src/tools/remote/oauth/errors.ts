import { OAuthError } from "@modelcontextprotocol/client";
import * as z from "zod";
import { cleanLine } from "../../../kernel/clean.ts";
import { CaxtonError } from "../../../kernel/errors.ts";

/** A tool server answers only to a user who has signed in to it. */
export class SignInNeededError extends CaxtonError<{ readonly server: string }> {
  readonly code = "SIGN_IN_NEEDED";
  readonly kind = "denied";
  constructor(server: string, why: string) {
    super(`the tool server ${server} needs a sign-in: ${why}`, `Sign in with: caxton tool login ${server}`, { server });
  }
}

/** The authorization server of a tool server cannot be used, or did not let the person in. */
export class SignInFailedError extends CaxtonError<{ readonly server: string }> {
  readonly code = "SIGN_IN_FAILED";
  readonly kind = "upstream";
  constructor(server: string, why: string, options?: ErrorOptions) {
    super(
      `the sign-in to the tool server ${server} failed: ${why}`,
      `Check auth of the server in mcp_servers, then: caxton tool login ${server}`,
      { server },
      options,
    );
  }
}

/** The state of a response is unknown: used already, too old, replaced, or of another person. */
export class SignInStateError extends CaxtonError<{ readonly server: string }> {
  readonly code = "SIGN_IN_STATE_INVALID";
  readonly kind = "rejected";
  constructor(server: string) {
    super(
      `no sign-in to the tool server ${server} waits for this response`,
      `It may have been completed, replaced or begun more than 10 minutes ago. Begin again: caxton tool login ${server}`,
      { server },
    );
  }
}

/** A code may only go to this machine or to this server. */
export class RedirectRefusedError extends CaxtonError<{ readonly redirectUri: string }> {
  readonly code = "REDIRECT_REFUSED";
  readonly kind = "invalid";
  constructor(redirectUri: string) {
    super(
      "redirect_uri is neither of this machine nor of this server",
      "Use http://127.0.0.1:<port>/ with a port on which the client listens. For the dashboard, open it at server.public_url.",
      { redirectUri },
    );
  }
}

/** What an authorization server answered is of no use; the message says why. */
export class SignInAnswerError extends Error {}

export const WHY_CHARS_MAX = 300;

/** How the library's own checks fail, in any copy of their package. */
const Invalid = z.object({ issues: z.array(z.object({ path: z.array(z.union([z.string(), z.number()])) })).min(1) });

/** Why something failed, in one line fit for a terminal. */
export function whyOf(error: unknown): string {
  const invalid = Invalid.safeParse(error);
  if (invalid.success) {
    const fields = new Set(invalid.data.issues.map(({ path }) => path.join(".") || "object"));
    return cleanLine(`the authorization server gives no valid ${[...fields].join(", ")}`, WHY_CHARS_MAX);
  }
  if (OAuthError.isInstance(error)) return cleanLine([error.code, error.message].join(": "), WHY_CHARS_MAX);
  return cleanLine(error instanceof Error ? error.message : String(error), WHY_CHARS_MAX);
}
