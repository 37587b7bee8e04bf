import type { FetchLike } from "@modelcontextprotocol/client";
import type { Clock } from "../../../kernel/clock.ts";
import { messageBucket, tooManyMessages } from "./flood.ts";
import type { TokenBucket } from "./token-bucket.ts";
import { McpConnectionLostError, McpMessageRefusedError } from "../errors.ts";
import { DepthMeter } from "./depth-meter.ts";
import { currentScope, type RequestScope } from "../request-scope.ts";

export type FetchHooks = {
  /** Bytes of one message: a JSON body, or one event of a stream. */
  readonly messageBytesMax: number;
  readonly clock: Clock;
  /** Called if the server cannot be reached, or no longer knows the session. */
  readonly onProblem: (why: string) => void;
  /** Called if the connection has to be closed. */
  readonly onEnd: (why: string) => void;
  /** Headers that only this origin, the server's, may see. */
  readonly own: { readonly origin: string; readonly headers: { readonly [name: string]: string } };
};

/** Attempts to take up a broken stream again before its request is given up. */
export const STREAM_RETRIES = 2;

/**
 * `fetch` for talking to a server that is not trusted.
 * remote.bounded-fetch.B1. No message is larger than its limit, or deeper than 128 levels, whatever the server sends.
 * remote.bounded-fetch.B2. A request whose stream ended, and that no new stream can answer, is lost at once and not
 *   only at its deadline.
 * remote.bounded-fetch.B3. The stream of a settled request is closed.
 * remote.bounded-fetch.B5. No more messages come than a call, or the connection beside its calls, may have; each call has a budget of its own.
 * remote.bounded-fetch.B4. The server's own headers go to no other origin: neither to where it redirects, nor to
 *   where it sends us for tokens.
 */
export function boundedFetch({ messageBytesMax, clock, onProblem, onEnd, own }: FetchHooks): FetchLike {
  const beside = messageBucket(clock);
  const buckets = new WeakMap<RequestScope, TokenBucket>();
  const bucketOf = (scope: RequestScope): TokenBucket => {
    const bucket = buckets.get(scope) ?? messageBucket(clock);
    buckets.set(scope, bucket);
    return bucket;
  };
  return async (url, init) => {
    const scope = currentScope();
    const role = roleOf(init);
    // The library tries to resume a stream even if it is no longer needed.
    if (role === "resume") scope?.over.throwIfAborted();
    const message = role === "call" ? scope?.begin() : scope?.message;
    let response: Response;
    try {
      response = await withinOrigin(new URL(url), withOwn(url, init, own));
    } catch (error) {
      if (init?.signal?.aborted !== true) onProblem(networkReason(error));
      if (role === "resume") scope?.lose(connectionLost("its stream broke and the server does not answer", error));
      throw error;
    }
    if (isSessionGone(response, init)) onProblem(`the server no longer knows the session (HTTP ${response.status})`);
    if (role === "resume" && !response.ok)
      scope?.lose(connectionLost(`its stream broke and cannot be resumed (HTTP ${response.status})`));
    if (response.body === null || (response.status >= 300 && response.status < 400)) return response;
    const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
    const watched = isStream && role !== "other" ? scope : undefined;
    const refuse = (refusal: McpMessageRefusedError) => {
      watched?.lose(refusal);
      if (isStream && watched === undefined) onEnd(refusal.message);
    };
    const receive = (bytes: number) => (role === "other" ? undefined : scope?.receive(bytes));
    const ended = () => {
      if (message?.isAnswered !== true) watched?.lose(connectionLost("the server ended the stream without an answer"));
    };
    const messages = watched === undefined ? beside : bucketOf(watched);
    const body = response.body.pipeThrough(
      isStream
        ? streamLimiter({ bytesMax: messageBytesMax, messages, receive, refuse, ended })
        : bodyLimiter({ bytesMax: messageBytesMax, receive }, isJson(response)),
      watched === undefined ? undefined : { signal: watched.over },
    );
    return new Response(body, { status: response.status, statusText: response.statusText, headers: response.headers });
  };
}

/** A request with the server's own headers if it goes to its origin, those of the library before them. */
export function withOwn(
  url: string | URL,
  init: RequestInit | undefined,
  { origin, headers }: FetchHooks["own"],
): RequestInit {
  if (new URL(url).origin !== origin) return { ...init };
  return { ...init, headers: Object.fromEntries([...new Headers(headers), ...new Headers(init?.headers)]) };
}

const REDIRECTS_MAX = 5;

/** Follows redirects of a plain GET within its origin; gives back any other. The library says what to do with those of its own. */
async function withinOrigin(url: URL, init: RequestInit): Promise<Response> {
  if (init.redirect !== undefined) return fetch(url, init);
  let place = url;
  for (let followed = 0; ; followed += 1) {
    const response = await fetch(place, { ...init, redirect: "manual" });
    const location = response.status >= 300 && response.status < 400 ? response.headers.get("location") : null;
    const isPlain = init.method === undefined || init.method === "GET";
    if (location === null || !isPlain || followed >= REDIRECTS_MAX || !URL.canParse(location, place)) return response;
    const next = new URL(location, place);
    if (next.origin !== place.origin) return response;
    await response.body?.cancel();
    place = next;
  }
}

/** What a request is to the scope it is made in: its call, the resumption of its call's stream, or something else. */
function roleOf(init: RequestInit | undefined): "call" | "resume" | "other" {
  if (init?.method === "POST") return typeof init.body === "string" && CALL.test(init.body) ? "call" : "other";
  if (init?.method === "GET" && new Headers(init.headers).has("last-event-id")) return "resume";
  return "other";
}

/** How the library writes a call, or a list or a text that is asked for; a longer look would parse each message twice. */
const CALL = /^\{"method":"(tools|resources|prompts)\/(call|list|templates\/list|read|get)"/;

const SESSION_GONE = new Set([404, 410]);
const isSessionGone = ({ status }: Response, init: RequestInit | undefined): boolean =>
  SESSION_GONE.has(status) && new Headers(init?.headers).has("mcp-session-id");

type BodyLimits = {
  readonly bytesMax: number;
  /** Counts bytes of a request with a budget; returns the refusal once they are too many. */
  readonly receive: (bytes: number) => Error | undefined;
};

const isJson = ({ headers }: Response): boolean => headers.get("content-type")?.startsWith("application/json") === true;

/** Passes a body on unless it is too large, or too deep. */
function bodyLimiter({ bytesMax, receive }: BodyLimits, hasDepth: boolean): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0;
  const meter = new DepthMeter();
  const measured = (chunk: Uint8Array): McpMessageRefusedError | undefined => {
    for (const byte of hasDepth ? chunk : []) {
      const refusal = meter.add(byte);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  };
  return new TransformStream({
    transform: (chunk, controller) => {
      bytes += chunk.byteLength;
      const refusal = receive(chunk.byteLength) ?? (bytes > bytesMax ? tooLarge(bytesMax) : measured(chunk));
      if (refusal === undefined) controller.enqueue(chunk);
      else controller.error(refusal);
    },
    cancel: () => undefined,
  });
}

type StreamLimits = BodyLimits & {
  readonly messages: TokenBucket;
  readonly refuse: (refusal: McpMessageRefusedError) => void;
  /** Called at the end of a stream that cannot be resumed. */
  readonly ended: () => void;
};

/** Passes events on unless one is too large or too deep, or they are too many. */
function streamLimiter({
  bytesMax,
  messages,
  receive,
  refuse,
  ended,
}: StreamLimits): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0;
  let isLineEmpty = true;
  let hasIds = false;
  const meter = new DepthMeter();
  const count = (chunk: Uint8Array): McpMessageRefusedError | undefined => {
    for (const byte of chunk) {
      bytes += 1;
      if (byte === LINE_FEED) {
        if (isLineEmpty) {
          bytes = 0;
          meter.reset();
        }
        if (isLineEmpty && !messages.take()) return tooManyMessages();
        isLineEmpty = true;
      } else if (byte !== CARRIAGE_RETURN) {
        if (isLineEmpty && byte === FIRST_OF_ID) hasIds = true;
        isLineEmpty = false;
      }
      const refusal = bytes > bytesMax ? tooLarge(bytesMax) : meter.add(byte);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  };
  return new TransformStream({
    transform: (chunk, controller) => {
      const refusal = count(chunk);
      if (refusal !== undefined) refuse(refusal);
      const flaw = refusal ?? receive(chunk.byteLength);
      if (flaw === undefined) controller.enqueue(chunk);
      else controller.error(flaw);
    },
    // With ids the library asks for the rest; without, nothing more comes. What was just read is dispatched first.
    flush: () => {
      if (!hasIds) setImmediate(ended);
    },
    cancel: () => undefined,
  });
}

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
/** The `i` of `id:`; no other field of an event begins with it. */
const FIRST_OF_ID = 105;

export const tooLarge = (bytesMax: number): McpMessageRefusedError =>
  new McpMessageRefusedError(
    `the server sent a message of more than ${bytesMax} bytes`,
    "Ask for less at a time, or raise limits.result_bytes of the server.",
    { limit: bytesMax },
  );

const connectionLost = (why: string, cause?: unknown): McpConnectionLostError =>
  new McpConnectionLostError(why, "It is not known whether the call took effect.", {}, { cause });

/** What the network said, in its own words: `connect ECONNREFUSED 127.0.0.1:80`. */
export function networkReason(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof AggregateError && cause.errors[0] instanceof Error) return cause.errors[0].message;
  if (cause instanceof Error && cause.message !== "") return cause.message;
  return error instanceof Error ? error.message : String(error);
}
