/** A part of the published types: it imports nothing, so that its declarations stand alone. */

export type ClientOptions = {
  /** Address of the server, such as `http://127.0.0.1:8080`, with the path below which a proxy serves it. */
  readonly server: string | URL;
  /** API key, token of a session or of an OpenID provider; none for a server without access control, or for a page with a session. */
  readonly key?: string | undefined;
  /** Workspace of the requests. Default: that of the first grant. */
  readonly workspace?: string | undefined;
  /** Sends the requests. Default: the platform's `fetch`. */
  readonly fetch?: ((url: URL, request: SentRequest) => Promise<Response>) | undefined;
  /** Headers of every request, read for each. */
  readonly headers?: (() => Readonly<Record<string, string>>) | undefined;
  /** Milliseconds until a request fails with a TimeoutError; streams and files have no limit. Default: 120,000. */
  readonly timeoutMs?: number | undefined;
  /** How often a request is sent again after a lost connection or a status that says so. Default: 2. */
  readonly retries?: number | undefined;
};

/** A request as `fetch` takes it. */
export type SentRequest = {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: Content | FormData | null;
  readonly signal: AbortSignal | null;
  /** A redirect would carry the key to another address. */
  readonly redirect: "error";
  readonly duplex?: "half";
};

export type CallOptions = {
  /** The server executes requests with the same key once. Default for operations that can be repeated: a random one. */
  readonly idempotencyKey?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Other than the client's. */
  readonly timeoutMs?: number | undefined;
};

export type FollowOptions = {
  readonly signal?: AbortSignal | undefined;
  /** Id of the last event that is known: the stream begins after it. */
  readonly after?: string | undefined;
  /** Called when the connection is lost and when it is back. */
  readonly onLink?: ((link: "lost" | "back") => void) | undefined;
  /**
   * Milliseconds that the server may be away before the stream fails. Default: 60,000. With Infinity, a first connection that fails is
   * repeated too.
   */
  readonly outageMsMax?: number | undefined;
};

export type UploadOptions = CallOptions & {
  /** Media type of the content. Default: that of a Blob, else application/octet-stream. */
  readonly mediaType?: string | undefined;
};

/** What can be sent as a file. A stream is sent once: a request with one is not repeated. */
export type Content = Blob | Uint8Array<ArrayBuffer> | string | ReadableStream<Uint8Array>;

/** An event of a stream. `id` resumes the stream after this event; "" before the first event that has one. */
export type Streamed<Event> = { readonly id: string; readonly event: Event };

/** An error as the server reports it (RFC 9457). */
export type Problem = {
  /** URL reference of the code's entry in the errors page. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  /** Remedy; may be empty. */
  readonly hint: string;
  readonly request_id: string;
  readonly details: Readonly<Record<string, unknown>>;
  /** Delay before a retry can succeed, in milliseconds. */
  readonly retry_after_ms?: number | undefined;
};

/** The server refused a request, or failed. */
export class ProblemError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail === "" ? problem.title : problem.detail);
    this.name = "ProblemError";
    this.problem = problem;
  }
}

/** No answer came: the server is not reachable, or the connection broke. `cause` has the reason. */
export class ConnectionError extends Error {
  readonly server: string;
  constructor(server: string, cause: unknown) {
    super(`no answer from ${server}`, { cause });
    this.name = "ConnectionError";
    this.server = server;
  }
}
