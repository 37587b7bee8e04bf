import { retryAfterMs } from "../kernel/async/retry-after.ts";
import type { Clock } from "../kernel/clock.ts";
import { CaxtonError } from "../kernel/errors.ts";
import { LIMITS } from "../kernel/quantities.ts";
import type { DeliveryAttempt } from "./webhook.ts";

/** A request as it is sent. */
export type Outgoing = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** How an attempt ended. gone: the target answered that it wants no more. */
export type Answer = {
  readonly outcome: "delivered" | "failed" | "gone";
  readonly attempt: DeliveryAttempt;
  /** The time that the target asked to wait. */
  readonly retryAfterMs: number | undefined;
};

export type AttemptParts = {
  /** Sends a request; refuses addresses that webhooks may not reach, and follows no redirect. */
  readonly fetch: typeof fetch;
  readonly clock: Clock;
};

const TIMEOUT_MS = 10_000;
const GONE = 410;
const ERROR_CHARS_MAX = 300;

type Response = Awaited<ReturnType<typeof fetch>>;

/** Sends a request once. Never rejects because of the target. Rejects with the signal's reason when it aborts. */
export async function attempt(
  { fetch, clock }: AttemptParts,
  outgoing: Outgoing,
  signal: AbortSignal,
): Promise<Answer> {
  const atMs = clock.nowMs();
  const startedMs = clock.monotonicMs();
  const ended = new AbortController();
  const timeout = new AbortController();
  clock.sleep(TIMEOUT_MS, ended.signal).then(
    () => timeout.abort(new Error(`the target did not answer within ${TIMEOUT_MS / 1_000} s`)),
    () => undefined,
  );
  const done = (status: number | undefined, error: string): DeliveryAttempt => ({
    atMs,
    durationMs: Math.round(clock.monotonicMs() - startedMs),
    status,
    error: error.slice(0, ERROR_CHARS_MAX),
  });
  try {
    const { url, headers, body } = outgoing;
    const all = AbortSignal.any([signal, timeout.signal, ended.signal]);
    const response = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal: all });
    await skipBody(response);
    return answerOf(response, clock.nowMs(), done);
  } catch (error) {
    signal.throwIfAborted();
    const reason = reasonOf(timeout.signal.aborted ? timeout.signal.reason : error);
    return { outcome: "failed", attempt: done(undefined, reason), retryAfterMs: undefined };
  } finally {
    // Closes what is left of the connection.
    ended.abort();
  }
}

function answerOf(
  { status, ok: isOk, headers }: Response,
  nowMs: number,
  done: (status: number, error: string) => DeliveryAttempt,
): Answer {
  if (isOk) return { outcome: "delivered", attempt: done(status, ""), retryAfterMs: undefined };
  const isRedirect = status >= 300 && status < 400;
  const error = isRedirect ? "the target redirects; redirects are not followed" : `the target answered ${status}`;
  const wait = retryAfterMs({ "retry-after": headers.get("retry-after") ?? undefined }, nowMs);
  return { outcome: status === GONE ? "gone" : "failed", attempt: done(status, error), retryAfterMs: wait };
}

/** Reads a body to its end, or closes the connection at the limit: the status has said all that counts. */
async function skipBody({ body }: Response): Promise<void> {
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > LIMITS.webhookResponseBytesMax) return;
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof CaxtonError) return `${error.message} [${error.code}]`;
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
  const message = error instanceof Error ? error.message : String(error);
  return `the target cannot be reached: ${code === "" || message.includes(code) ? message : `${message} (${code})`}`;
}
