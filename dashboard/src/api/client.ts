import { Connection, ConnectionError, type Opening, ProblemError } from "../../../src/api/client/index.ts";
import {
  type GivenTo,
  type Operation,
  type OutputOf,
  requestPath,
  type ProblemDetails,
  split,
} from "../../../src/api/contract/index.ts";
import { text } from "../text/text.ts";
import { writeHeaders } from "./csrf.ts";
import { currentWorkspace, workspaceHeader } from "./workspace.ts";

export { ProblemError };

const connection = new Connection({ server: location.origin });

type Request = {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly json?: unknown;
  /** Sent as it is, with its own media type; instead of `json`. */
  readonly file?: File | undefined;
  /** Sent as multipart/form-data; instead of `json`. */
  readonly form?: FormData | undefined;
  readonly signal?: AbortSignal | undefined;
} & Sender;

type Sender = {
  /** Shown as that of a program outside. */
  readonly token?: string | undefined;
  /** The server executes requests with the same key once. */
  readonly key?: string | undefined;
  /** The request does not apply to the workspace of this page, which may not exist. */
  readonly isServerWide?: boolean | undefined;
};

/** Calls an operation of the server this page came from. Throws ProblemError for every answer that is not a success. */
export function call<Op extends Operation>(
  operation: Op,
  input: GivenTo<Op>,
  signal?: AbortSignal,
  sender: Sender = {},
): Promise<OutputOf<Op>> {
  const { params, query, body } = split(operation, input);
  const { method } = operation.http;
  const isRead = method === "GET";
  const search = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
  return ask(`${requestPath(operation, params)}${search.size === 0 ? "" : `?${search}`}`, {
    method,
    ...(!isRead && { json: body }),
    signal,
    ...sender,
  });
}

/** One request to the server this page came from. Throws ProblemError for every answer that is not a success. */
export async function ask<Answer>(path: string, request: Request = {}): Promise<Answer> {
  const { method = "GET", json, file, form, signal, token, key, isServerWide = false } = request;
  const headers: Record<string, string> = isServerWide ? {} : workspaceHeader();
  if (json !== undefined) headers["content-type"] = "application/json";
  if (file !== undefined) headers["content-type"] = file.type === "" ? "application/octet-stream" : file.type;
  if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
  if (key !== undefined) headers["idempotency-key"] = key;
  const body = file ?? form ?? (json === undefined ? undefined : JSON.stringify(json));
  const response = await open({ method, path, headers, body, signal });
  // The server of this page is of this page's version: its answers are what the contract says.
  const answer: Answer = response.status === 204 ? null : await response.json();
  return answer;
}

/** Returns a response whose status is a success, its body unread. Throws ProblemError, or the signal's reason. */
export async function open(opening: Opening): Promise<Response> {
  const headers = { ...opening.headers, ...(opening.method !== "GET" && writeHeaders()) };
  try {
    return await connection.open({ ...opening, headers });
  } catch (error) {
    if (error instanceof ConnectionError) throw new ProblemError(unreachable());
    if (error instanceof ProblemError) notice(error.problem);
    throw error;
  }
}

/** A problem for an answer that never came. */
export const unreachable = (): ProblemDetails => ({
  type: "",
  title: text.errors.unreachable.title,
  status: 0,
  detail: text.errors.unreachable.detail,
  code: "SERVER_UNREACHABLE",
  hint: text.errors.unreachable.hint,
  request_id: "",
  details: {},
});

/** Codes of an answer to a request whose session has ended. A program's token that is invalid has another code. */
const SESSION_CODES = new Set(["CREDENTIALS_REQUIRED", "CREDENTIALS_INVALID", "SESSION_ENDED"]);
/** Code of an answer to a request in a workspace that does not exist, or that the user may not use. */
export const WORKSPACE_LOST = "WORKSPACE_NOT_FOUND";
let onUnauthenticated = (): void => undefined;
let onWorkspaceLost = (): void => undefined;

/** Sets what happens when the server refuses the session of this page. */
export function whenUnauthenticated(act: () => void): void {
  onUnauthenticated = act;
}

/** Sets what happens when the workspace of this page is not found. */
export function whenWorkspaceLost(act: () => void): void {
  onWorkspaceLost = act;
}

function notice({ code, details }: ProblemError["problem"]): void {
  if (SESSION_CODES.has(code)) onUnauthenticated();
  if (code === WORKSPACE_LOST && details["workspace"] === currentWorkspace()) onWorkspaceLost();
}

/** Anything thrown, as a problem that can be shown. */
export const toProblem = (error: unknown): ProblemDetails =>
  error instanceof ProblemError
    ? error.problem
    : {
        ...unreachable(),
        title: text.errors.page.title,
        detail: error instanceof Error ? error.message : String(error),
        code: "DASHBOARD_BUG",
        hint: text.errors.page.hint,
      };
