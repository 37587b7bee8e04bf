import {
  INVALID_PARAMS,
  InsufficientScopeError,
  OAuthClientFlowError,
  OAuthError,
  ProtocolError,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
  UnauthorizedError,
} from "@modelcontextprotocol/client";
import { CaxtonError } from "../../kernel/errors.ts";
import type { ToolFailureReason } from "../catalogue/index.ts";
import { networkReason } from "./connection/bounded-fetch.ts";
import { cleanText } from "../../kernel/clean.ts";
import { SignInNeededError } from "./oauth/errors.ts";
import { McpConnectionLostError, McpMessageRefusedError, McpProcessError, McpTokenError } from "./errors.ts";

/** Failure of a call without a result. */
export type CallFailure =
  /** The server surely did nothing; the call may be made again on a new connection. */
  | { readonly type: "unsent"; readonly why: string }
  /** Whether the server executed the call is unknown. */
  | { readonly type: "lost"; readonly why: string }
  /** The server's list of tools is another one by now; it surely did nothing. */
  | { readonly type: "outdated"; readonly why: string }
  /** The server wants another token, with these scopes; it surely did nothing. */
  | { readonly type: "unauthorized"; readonly why: string; readonly scope: string | undefined }
  | { readonly type: "final"; readonly reason: ToolFailureReason; readonly message: string };

const MESSAGE_CHARS_MAX = 4_000;

/** The codes of a connection that never came about. */
const UNSENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);
/** The server does not know the session any more, which it says before it does anything. Some answer 400 where 404 is meant. */
const SESSION_GONE = new Set([400, 404, 410]);
const CUT_OFF: ReadonlySet<string> = new Set([
  SdkErrorCode.ConnectionClosed,
  SdkErrorCode.RequestTimeout,
  SdkErrorCode.SendFailed,
]);
const HEADER_MISMATCH = -32_020;

/** What a failure of the library, the transport or the server means for the call of `tool`. */
export function readFailure(error: unknown, tool: string): CallFailure {
  if (error instanceof McpMessageRefusedError) return final("bad-output", `${error.message}. ${error.hint}`);
  if (error instanceof McpConnectionLostError) return { type: "lost", why: error.message };
  if (error instanceof McpProcessError) return { type: "unsent", why: error.message };
  if (error instanceof SignInNeededError) return final("sign-in-needed", `${error.message}. ${error.hint}`);
  if (error instanceof McpTokenError) return final("denied", refusalIn(error).why);
  if (isAuthFailure(error)) return unauthorized(error);
  if (SdkHttpError.isInstance(error)) return readStatus(error.status, tool);
  if (SdkError.isInstance(error)) return readSdkFailure(error, tool);
  if (ProtocolError.isInstance(error)) return readProtocolFailure(error, tool);
  if (codeOf(error) !== undefined && UNSENT.has(codeOf(error) ?? ""))
    return { type: "unsent", why: networkReason(error) };
  if (error instanceof TypeError) return { type: "lost", why: networkReason(error) };
  if (error instanceof SyntaxError)
    return final("bad-output", `the server answered the call of ${tool} with what is no JSON`);
  return final("bad-output", `the server's answer to ${tool} cannot be used: ${reasonOf(error)}`);
}

const final = (reason: ToolFailureReason, message: string): CallFailure => ({
  type: "final",
  reason,
  message: cleanText(message, MESSAGE_CHARS_MAX),
});

const unauthorized = (error: unknown): CallFailure => ({ type: "unauthorized", ...refusalIn(error) });

/** What a refusal of the credentials says. */
export const refusalIn = (error: unknown): { readonly why: string; readonly scope: string | undefined } => ({
  why: cleanText(`the server refused the credentials: ${reasonOf(error)}`, MESSAGE_CHARS_MAX),
  scope: InsufficientScopeError.isInstance(error) ? error.requiredScope : undefined,
});

/** Whether the server refused who we are. */
export const isAuthFailure = (error: unknown): boolean =>
  UnauthorizedError.isInstance(error) ||
  InsufficientScopeError.isInstance(error) ||
  OAuthClientFlowError.isInstance(error) ||
  OAuthError.isInstance(error) ||
  (SdkHttpError.isInstance(error) && (error.status === 401 || error.status === 403));

function readStatus(status: number, tool: string): CallFailure {
  if (SESSION_GONE.has(status)) return { type: "unsent", why: `the server answered HTTP ${status}` };
  if (status === 429 || status === 503)
    return final("overloaded", `the server takes no calls now (HTTP ${status}); try ${tool} again later`);
  if (status >= 500) return { type: "lost", why: `the server answered HTTP ${status}` };
  return final("bad-output", `the server answered the call of ${tool} with HTTP ${status}`);
}

function readSdkFailure(error: SdkError, tool: string): CallFailure {
  if (error.code === SdkErrorCode.NotConnected) return { type: "unsent", why: "the connection was closed" };
  if (CUT_OFF.has(error.code)) return { type: "lost", why: "the connection was closed during the call" };
  return final("bad-output", `the server's answer to ${tool} cannot be used: ${error.message}`);
}

function readProtocolFailure(error: ProtocolError, tool: string): CallFailure {
  if (error.code === HEADER_MISMATCH) return { type: "outdated", why: error.message };
  const reason = error.code === INVALID_PARAMS ? "invalid-arguments" : "tool-error";
  return final(reason, `the call of ${tool} failed: ${error.message}`);
}

function codeOf(error: unknown): string | undefined {
  const cause = error instanceof Error ? error.cause : undefined;
  const inner: unknown = cause instanceof AggregateError ? cause.errors[0] : cause;
  return inner instanceof Error && "code" in inner && typeof inner.code === "string" ? inner.code : undefined;
}

/** A failure in one line, with what the network or the process said. */
export function reasonOf(error: unknown): string {
  if (error instanceof CaxtonError) return error.message;
  if (SdkError.isInstance(error) && error.cause instanceof Error) return networkReason(error.cause);
  return cleanText(networkReason(error), MESSAGE_CHARS_MAX);
}
