import type { Clock } from "../../kernel/clock.ts";
import { CaxtonError } from "../../kernel/errors.ts";
import { RemoteAgentError, type RemoteFailureCode } from "../errors.ts";

export type BoundedFetchOptions = {
  /** Name of the agent. */
  readonly agent: string;
  /** Refuses addresses that remote agents may not have, and follows no redirect. */
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly bytesMax: number;
  readonly timeoutMs: number;
  /** Headers that authenticate requests to an origin. Throws RemoteAgentError. */
  readonly credentials: (origin: string) => Readonly<Record<string, string>>;
};

/** Errors before a request was sent. */
const NOT_SENT = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|CERT|TLS|SSL|ALTNAME/;
const OVERLOADED = new Set([429, 503]);
const SIGN_IN = new Set([401, 403]);

/**
 * `fetch` for a server that is not trusted: a response is read whole, at most `bytesMax` of it and for at most `timeoutMs`.
 * Rejects with RemoteAgentError; other responses, also refusals in the form of the protocol, are returned.
 */
export function boundedFetch(options: BoundedFetchOptions): typeof fetch {
  const { agent, fetch, clock, bytesMax, timeoutMs, credentials } = options;
  return async (input, init) => {
    const request = new Request(input, init);
    const { origin } = new URL(request.url);
    const headers = new Headers(request.headers);
    for (const [name, value] of Object.entries(credentials(origin))) headers.set(name, value);
    const over = new AbortController();
    const timeout = new AbortController();
    clock.sleep(timeoutMs, over.signal).then(
      () => timeout.abort(),
      () => undefined,
    );
    const signal = AbortSignal.any([request.signal, timeout.signal, over.signal]);
    const { method } = request;
    const body = method === "GET" || method === "HEAD" ? undefined : await request.arrayBuffer();
    try {
      const response = await fetch(request.url, { method, headers, ...(body && { body }), redirect: "manual", signal });
      const refusal = refusalOf(agent, response);
      if (refusal !== undefined) throw refusal;
      const bytes = await readBody(response, agent, bytesMax);
      return new Response(BODILESS.has(response.status) ? null : new Uint8Array(bytes), {
        status: response.status,
        headers: { "content-type": response.headers.get("content-type") ?? "" },
      });
    } catch (error) {
      request.signal.throwIfAborted();
      if (timeout.signal.aborted)
        throw failure("REMOTE_INTERRUPTED", agent, `${agent} did not answer within ${timeoutMs / 1_000} s`, error);
      throw failureOf(agent, error);
    } finally {
      // Closes what is left of the connection.
      over.abort();
    }
  };
}

const BODILESS = new Set([204, 205, 304]);

function refusalOf(agent: string, { status }: Response): RemoteAgentError | undefined {
  if (status >= 300 && status < 400)
    return new RemoteAgentError("REMOTE_REDIRECTS", agent, {
      message: `${agent} redirects (HTTP ${status}), and redirects are not followed`,
      hint: "Add the agent with the address that it redirects to.",
    });
  if (SIGN_IN.has(status))
    return new RemoteAgentError("REMOTE_SIGN_IN_NEEDED", agent, {
      message: `${agent} refuses the credentials, or wants some (HTTP ${status})`,
      hint: "Store its token as a secret, and add the agent again with --bearer or --api-key.",
    });
  if (OVERLOADED.has(status))
    return new RemoteAgentError("REMOTE_OVERLOADED", agent, {
      message: `${agent} accepts no requests at the moment (HTTP ${status})`,
      hint: "It is asked again.",
      outcome: "not-sent",
    });
  return status < 500 ? undefined : failure("REMOTE_INTERRUPTED", agent, `${agent} answered HTTP ${status}`);
}

async function readBody({ body }: Response, agent: string, bytesMax: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > bytesMax)
      throw failure("REMOTE_RESPONSE_INVALID", agent, `${agent} sent a response of more than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const failure = (code: RemoteFailureCode, agent: string, message: string, cause?: unknown): RemoteAgentError =>
  new RemoteAgentError(
    code,
    agent,
    { message, hint: "`caxton remote-agent refresh` checks the agent.", outcome: "unknown" },
    { cause },
  );

function failureOf(agent: string, error: unknown): Error {
  if (error instanceof CaxtonError) return error;
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
  const text = error instanceof Error ? error.message : String(error);
  const said = code === "" || text.includes(code) ? text : `${text} (${code})`;
  const message = `${agent} cannot be reached: ${said}`;
  if (!NOT_SENT.test(said)) return failure("REMOTE_INTERRUPTED", agent, message, error);
  return new RemoteAgentError(
    "REMOTE_UNREACHABLE",
    agent,
    { message, hint: "Check the address and whether its server runs.", outcome: "not-sent" },
    { cause: error },
  );
}
