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

/** What the server answered instead of what was asked for; or, with code SERVER_UNREACHABLE, that it did not answer. */
export class ProblemError extends Error {
  readonly problem: ProblemDetails;
  constructor(problem: ProblemDetails) {
    super(problem.detail === "" ? problem.title : problem.detail);
    this.name = "ProblemError";
    this.problem = problem;
  }
}

type Request = {
  readonly method?: "POST" | "PUT" | "PATCH" | "DELETE" | undefined;
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
    method: isRead ? undefined : method,
    ...(!isRead && { json: body }),
    signal,
    ...sender,
  });
}

/** One request to the server this page came from. Throws ProblemError for every answer that is not a success. */
export async function ask<Answer>(path: string, request: Request = {}): Promise<Answer> {
  const response = await send(path, request);
  if (!response.ok) throw new ProblemError(await readProblem(response));
  // The server of this page is of this page's version: its answers are what the contract says.
  const answer: Answer = response.status === 204 ? null : await response.json();
  return answer;
}

async function send(path: string, { method, json, file, form, signal, ...sender }: Request): Promise<Response> {
  const { token, key, isServerWide = false } = sender;
  const headers: Record<string, string> = { accept: "application/json", ...(!isServerWide && workspaceHeader()) };
  const body = file ?? form ?? (json === undefined ? null : JSON.stringify(json));
  if (json !== undefined) headers["content-type"] = "application/json";
  if (file !== undefined) headers["content-type"] = file.type === "" ? "application/octet-stream" : file.type;
  if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
  if (key !== undefined) headers["idempotency-key"] = key;
  if (method !== undefined) Object.assign(headers, writeHeaders());
  try {
    return await fetch(path, { method: method ?? "GET", headers, body, signal: signal ?? null });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new ProblemError(unreachable());
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

/** The problem an answer carries, or one made of its status when it carries none. */
export async function readProblem(response: Response): Promise<ProblemDetails> {
  const type = response.headers.get("content-type") ?? "";
  if (type.includes("json")) {
    const body: Partial<ProblemDetails> | null = await response.json().catch(() => null);
    if (body?.code !== undefined && SESSION_CODES.has(body.code)) onUnauthenticated();
    const isLost = body?.code === WORKSPACE_LOST && body.details?.["workspace"] === currentWorkspace();
    if (isLost) onWorkspaceLost();
    if (body?.code !== undefined) return { ...fromStatus(response), ...body };
  }
  return fromStatus(response);
}

const fromStatus = (response: Response): ProblemDetails => ({
  type: "",
  title: text.errors.status(response.status, response.statusText),
  status: response.status,
  detail: text.errors.noProblem,
  code: `HTTP_${response.status}`,
  hint: text.errors.unreachable.hint,
  request_id: response.headers.get("x-request-id") ?? "",
  details: {},
});

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
