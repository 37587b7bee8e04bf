import { type GivenTo, type Operation, type OutputOf, requestPath, problems, split } from "../../api/contract/index.ts";
import { Connection, ConnectionError, type Opening, ProblemError, type SentRequest } from "../../api/client/index.ts";
import { type Json, parseJson } from "../../kernel/json.ts";
import { CancelledError, CaxtonError } from "../../kernel/errors.ts";
import type * as z from "zod";
import type { SecureContextOptions } from "node:tls";
import { trustAuthority } from "./authority.ts";
import {
  certificateError,
  NotCaxtonError,
  ServerProblem,
  ServerUnreachableError,
  UnexpectedResponseError,
  WaitTimeoutError,
} from "./errors.ts";
import { secureFetch, secureOptions, type Security } from "./secure-fetch.ts";

export type ClientOptions = Security & {
  readonly server: URL;
  readonly token: string | undefined;
  /** The workspace of the requests; undefined for that of the first grant. */
  readonly workspace?: string | undefined;
  /** Certificate of the private authority that signed the server's; PEM. */
  readonly authority?: string | undefined;
  /** How long one request may take; streams are not held to it. Undefined means 30 s. */
  readonly timeoutMs: number | undefined;
  /** Called for every response, for `--debug`. */
  readonly onAnswer: (answer: AnswerNote) => void;
};

export type AnswerNote = {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly requestId: string;
  readonly durationMs: number;
};

export type Query = { readonly [name: string]: string | number | undefined };

/** The request of a document that is no operation, such as a probe. It is sent once. */
export type Request<Value> = {
  readonly path: string;
  readonly schema: z.ZodType<Value>;
  /** Other than the client's. */
  readonly timeoutMs?: number;
  /** Statuses besides a success whose body is an answer of this schema too. */
  readonly accepts?: readonly number[];
  readonly signal?: AbortSignal;
};

export type CallOptions = Omit<Request<unknown>, "path" | "schema"> & {
  /** Idempotency key: the request is executed once, even if it is repeated. */
  readonly idempotencyKey?: string | undefined;
};

/** An answer twice: as it came, for `-o json`, and as checked. */
export type Answer<Value> = { readonly raw: Json; readonly value: Value };

const TIMEOUT_MS = 30_000;

/** Speaks to one Caxton server. Every method throws ServerUnreachableError, ServerProblem, WaitTimeoutError or CancelledError. */
export class Client {
  readonly server: URL;
  readonly connection: Connection;
  readonly #options: ClientOptions;
  #secureOptions: SecureContextOptions | undefined;

  constructor(options: ClientOptions) {
    this.server = options.server;
    this.#options = options;
    this.connection = new Connection({
      server: options.server,
      headers: () => this.headers,
      fetch: (url, init) => this.#fetch(url, init),
    });
  }

  get timeoutMs(): number {
    return this.#options.timeoutMs ?? TIMEOUT_MS;
  }

  /** The same client in another workspace; undefined for that of the first grant. */
  inWorkspace(workspace: string | undefined): Client {
    return new Client({ ...this.#options, workspace });
  }

  /** The same client with another key or token. */
  withToken(token: string | undefined): Client {
    return new Client({ ...this.#options, token });
  }

  /** Headers of every request and WebSocket. */
  get headers(): { readonly [name: string]: string } {
    const { token, workspace } = this.#options;
    return {
      "x-caxton-client": "cli",
      ...(token && { authorization: `Bearer ${token}` }),
      ...(workspace && { "x-caxton-workspace": workspace }),
    };
  }

  /** Where a path of the API is, absolute. */
  url(path: string, query: Query = {}): URL {
    return this.connection.url(path, query);
  }

  /** Calls an operation and checks its answer. Also throws UnexpectedResponseError. */
  async call<Op extends Operation>(
    operation: Op,
    input: GivenTo<Op>,
    options?: CallOptions,
  ): Promise<Answer<OutputOf<Op>>>;
  async call(operation: Operation, input: object, options: CallOptions = {}): Promise<Answer<unknown>> {
    this.#readKeys();
    const { params, query } = split(operation, input);
    const raw = await this.connection
      .call<Json>(operation, input, { timeoutMs: this.timeoutMs, ...options })
      .catch((error: unknown) => {
        throw this.failureOf(error);
      });
    return checked(this.connection.url(requestPath(operation, params), query), raw, operation.output);
  }

  /** Reads a document once, and checks it. Also throws UnexpectedResponseError. */
  async request<Value>(request: Request<Value>): Promise<Answer<Value>> {
    const deadline = AbortSignal.timeout(request.timeoutMs ?? this.timeoutMs);
    const signal = request.signal ? AbortSignal.any([deadline, request.signal]) : deadline;
    const response = await this.open({
      method: "GET",
      path: request.path,
      ...(request.accepts && { accepts: request.accepts }),
      signal,
    });
    const text = await response.text().catch((error: unknown) => {
      throw this.failureOf(signal.aborted ? signal.reason : error);
    });
    const url = this.url(request.path);
    const parsed = text === "" ? { type: "parsed" as const, value: null } : parseJson(text);
    if (parsed.type === "malformed") throw new NotCaxtonError(url, parsed.reason);
    return checked(url, parsed.value, request.schema);
  }

  /** A response whose status is a success, its body unread. */
  async open(opening: Opening): Promise<Response> {
    this.#readKeys();
    try {
      return await this.connection.open(opening);
    } catch (error) {
      throw this.failureOf(error);
    }
  }

  /** Before a request: a file that cannot be used is not a failure of the connection. */
  #readKeys(): void {
    if (this.server.protocol === "https:") this.#secureOptions ??= secureOptions(this.#options);
  }

  async #fetch(url: URL, request: SentRequest): Promise<Response> {
    const { authority, onAnswer } = this.#options;
    if (authority !== undefined) trustAuthority(authority);
    const beganMs = performance.now();
    const response = await (this.#secureOptions === undefined
      ? fetch(url, request)
      : secureFetch(url, this.#secureOptions, request));
    onAnswer({
      method: request.method,
      path: url.pathname + url.search,
      status: response.status,
      requestId: response.headers.get("x-request-id") ?? "",
      durationMs: performance.now() - beganMs,
    });
    return response;
  }

  /** Returns the error of the command line for what a request, a stream or the reader of a body throws. */
  failureOf(error: unknown): unknown {
    if (error instanceof CaxtonError) return error;
    if (error instanceof ProblemError) return this.#refusal(error);
    if (error instanceof DOMException && error.name === "TimeoutError") return new WaitTimeoutError(this.timeoutMs);
    if (error instanceof DOMException && error.name === "AbortError") return new CancelledError("the request");
    const cause = error instanceof ConnectionError ? error.cause : error;
    return certificateError(this.server, cause) ?? new ServerUnreachableError(this.server, cause);
  }

  #refusal({ problem }: ProblemError): Error {
    const known = problems.ProblemDetails.safeParse(problem);
    if (known.success && !problem.code.startsWith("HTTP_")) return new ServerProblem(known.data);
    return new NotCaxtonError(this.server, `status ${problem.status}. ${problem.detail}`);
  }
}

/** Throws UnexpectedResponseError for what is not of the schema. */
function checked<Value>(url: URL, raw: Json, schema: z.ZodType<Value>): Answer<Value> {
  const read = schema.safeParse(raw);
  if (read.success) return { raw, value: read.data };
  const issue = read.error.issues[0];
  const where = issue?.path.join(".") || "the document";
  throw new UnexpectedResponseError(url, `${where}: ${issue?.message ?? "unexpected"}`);
}
