import { type Callable, requestPath, split } from "../contract/index.ts";
import {
  type CallOptions,
  type ClientOptions,
  ConnectionError,
  type Content,
  type Problem,
  ProblemError,
  type SentRequest,
} from "./public.ts";
import type { Repeatable } from "./row.ts";

/** One request. `path` begins with a slash and is relative to the server's address. */
export type Opening = {
  readonly method: string;
  readonly path: string;
  readonly query?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Content | FormData | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Statuses besides a success that are answers too. */
  readonly accepts?: readonly number[] | undefined;
};

const TIMEOUT_MS = 120_000;
const RETRIES = 2;
const PAUSE_MS_FIRST = 200;
/** A server that asks for a longer pause has its problem reported instead. */
const PAUSE_MS_MAX = 10_000;
const RETRIED = new Set([429, 502, 503, 504]);

/** Sends requests to one server. */
export class Connection {
  readonly server: URL;
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.server = new URL(options.server);
    this.#options = options;
  }

  /** Where a path of the API is, absolute. */
  url(path: string, query: object = {}): URL {
    const url = new URL(this.server.pathname.replace(/\/$/, "") + path, this.server);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return url;
  }

  /** Returns a response whose status is a success, its body unread. Throws ProblemError, ConnectionError, or the signal's reason. */
  async open({ method, path, query, headers, body, signal, accepts = [] }: Opening): Promise<Response> {
    const { key, workspace, fetch: send = fetch, headers: more } = this.#options;
    const request: SentRequest = {
      method,
      headers: {
        accept: "application/json",
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
        ...(workspace !== undefined && { "x-caxton-workspace": workspace }),
        ...more?.(),
        ...headers,
      },
      redirect: "error",
      body: body ?? null,
      signal: signal ?? null,
      ...(body instanceof ReadableStream && { duplex: "half" }),
    };
    const response = await send(this.url(path, query), request).catch((error: unknown) => {
      throw this.#lost(signal, error);
    });
    if (response.ok || accepts.includes(response.status)) return response;
    throw new ProblemError(await problemOf(response));
  }

  /** Calls an operation that answers with JSON; null for an answer without a body. Repeats what may be repeated. */
  async call<Answer>(
    row: Callable & Repeatable,
    input: object,
    { accepts, ...options }: CallOptions & Pick<Opening, "accepts"> = {},
  ): Promise<Answer> {
    const { params, query, body } = split(row, input);
    const { method } = row.http;
    const isRead = method === "GET";
    const key =
      options.idempotencyKey ?? (row.retry === "by-key" && this.#retries > 0 ? crypto.randomUUID() : undefined);
    const opening = {
      method,
      path: requestPath(row, params),
      query,
      headers: {
        ...(!isRead && { "content-type": "application/json" }),
        ...(key !== undefined && { "idempotency-key": key }),
      },
      ...(!isRead && { body: JSON.stringify(body) }),
      accepts,
    };
    return this.#repeat(row, options, (signal) => this.#answer<Answer>({ ...opening, signal }));
  }

  get #retries(): number {
    return this.#options.retries ?? RETRIES;
  }

  /** Does `work` within the time limit, again if it failed for the connection and may be done twice. */
  async #repeat<Value>(
    { retry }: Repeatable,
    { signal, timeoutMs = this.#options.timeoutMs ?? TIMEOUT_MS }: CallOptions,
    work: (signal: AbortSignal) => Promise<Value>,
  ): Promise<Value> {
    const deadline = AbortSignal.timeout(timeoutMs);
    const either = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
    const retries = retry === "never" ? 0 : this.#retries;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await work(either);
      } catch (error) {
        const pauseMs = attempt < retries ? pauseAfter(error, attempt) : undefined;
        if (pauseMs === undefined || either.aborted) throw error;
        await pause(pauseMs, either);
      }
    }
  }

  async #answer<Answer>(opening: Opening): Promise<Answer> {
    return this.read(await this.open(opening), opening.signal);
  }

  /** Reads an answer as JSON; null for one without a body. Throws ProblemError for an answer that is not JSON, and what `open` does. */
  async read<Answer>(response: Response, signal: AbortSignal | undefined): Promise<Answer> {
    const text = await response.text().catch((error: unknown) => {
      throw this.#lost(signal, error);
    });
    try {
      const answer: Answer = text === "" ? null : JSON.parse(text);
      return answer;
    } catch {
      throw unexpected(response, "JSON");
    }
  }

  #lost(signal: AbortSignal | undefined, error: unknown): unknown {
    return signal?.aborted === true ? signal.reason : new ConnectionError(this.server.href, error);
  }
}

/** Milliseconds until a request may be sent again; undefined if that would not help. */
function pauseAfter(error: unknown, attempt: number): number | undefined {
  const grown = PAUSE_MS_FIRST * 2 ** attempt;
  if (error instanceof ConnectionError) return grown;
  if (!(error instanceof ProblemError) || !RETRIED.has(error.problem.status)) return undefined;
  const asked = error.problem.retry_after_ms ?? grown;
  return asked > PAUSE_MS_MAX ? undefined : Math.max(asked, grown);
}

/** Waits. Throws the reason of the signal. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", end);
      resolve();
    }, ms);
    if (signal?.aborted === true) end();
    else signal?.addEventListener("abort", end, { once: true });
  });
}

/** The problem that a response carries, or one made of its status. */
async function problemOf(response: Response): Promise<Problem> {
  const body: unknown = (response.headers.get("content-type") ?? "").includes("json")
    ? await response.json().catch(() => undefined)
    : undefined;
  const given: Partial<Problem> = typeof body === "object" && body !== null ? body : {};
  const made = madeOf(response, "The answer has no description of the problem");
  return typeof given.code === "string" ? { ...made, ...given } : made;
}

/** The error for a success that no Caxton server sends, such as the login page of a proxy. */
export const unexpected = (response: Response, form: string): ProblemError =>
  new ProblemError(madeOf(response, `The answer is not ${form}`));

const madeOf = ({ status, statusText, headers }: Response, what: string): Problem => ({
  type: "",
  title: `HTTP ${status} ${statusText}`.trimEnd(),
  status,
  detail: `${what}: it may come from a proxy, or from another program.`,
  code: `HTTP_${status}`,
  hint: "Check the address of the server.",
  request_id: headers.get("x-request-id") ?? "",
  details: {},
});
