import { EventStreamReader, type ServerSentEvent } from "../../../../src/api/client/index.ts";
import { open, ProblemError } from "../client.ts";
import { workspaceHeader } from "../workspace.ts";

const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 10_000;
/** A hidden tab gives its connection back after this long: a browser has six for all tabs of a server together. */
const HIDDEN_MS_MAX = 20_000;
/** The server says something every 15 s; after three times that the connection is dead, whatever the browser thinks. */
const SILENCE_MS_MAX = 45_000;

export type Subscription<Event> = {
  readonly path: string;
  /** Id of the last event already known, "" for none. */
  readonly after: string;
  readonly onEvent: (event: Event) => void;
  /** Called with true when a connection stands and with false when it is lost. */
  readonly onLive?: (live: boolean) => void;
  /** True for the event after which no more will come. */
  readonly isLast?: (event: Event) => boolean;
};

/**
 * Follows an event stream until the signal aborts, the last event has come, or the server refuses it (a 4xx answer).
 * Lost connections are taken up again after the last id seen, at growing intervals. Never throws.
 */
export async function subscribe<Event>(subscription: Subscription<Event>, signal: AbortSignal): Promise<void> {
  let after = subscription.after;
  let failures = 0;
  while (!signal.aborted) {
    await visible(signal);
    const connection = openConnection(signal);
    let ended: boolean;
    try {
      ended = await follow(subscription, { ...connection, after }, (event) => {
        failures = 0;
        if (event.id !== "") after = event.id;
      });
    } catch (error) {
      ended = error instanceof ProblemError && error.problem.status >= 400 && error.problem.status < 500;
    } finally {
      connection.release();
    }
    if (ended || signal.aborted) return;
    subscription.onLive?.(false);
    failures += 1;
    const wait = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** (failures - 1));
    await delay(wait * (0.75 + Math.random() / 2), signal);
  }
}

type Connection = { readonly signal: AbortSignal; readonly heard: () => void; readonly release: () => void };

/** One connection. True when the last event has come, false when it broke off. */
async function follow<Event>(
  { path, onEvent, onLive, isLast }: Subscription<Event>,
  { after, signal, heard }: Connection & { readonly after: string },
  onId: (event: ServerSentEvent) => void,
): Promise<boolean> {
  const headers: Record<string, string> = { accept: "text/event-stream", ...workspaceHeader() };
  if (after !== "") headers["last-event-id"] = after;
  const response = await open({ method: "GET", path, headers, signal });
  if (response.body === null) return false;
  onLive?.(true);
  const parser = new EventStreamReader(after);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return false;
    heard();
    for (const streamed of parser.push(value)) {
      // The server's own failure while it streamed: come back later.
      if (streamed.event === "problem") return false;
      onId(streamed);
      const event: Event = JSON.parse(streamed.data);
      onEvent(event);
      if (isLast?.(event) === true) {
        await reader.cancel();
        return true;
      }
    }
  }
}

/** A connection that is given up when the page has been hidden for a while, or nothing was heard for long. */
function openConnection(signal: AbortSignal): Connection {
  const controller = new AbortController();
  let hidden: ReturnType<typeof setTimeout> | undefined;
  let silent: ReturnType<typeof setTimeout> | undefined;
  const watch = () => {
    clearTimeout(hidden);
    if (document.hidden) hidden = setTimeout(() => controller.abort(), HIDDEN_MS_MAX);
  };
  document.addEventListener("visibilitychange", watch);
  return {
    signal: AbortSignal.any([signal, controller.signal]),
    heard: () => {
      clearTimeout(silent);
      silent = setTimeout(() => controller.abort(), SILENCE_MS_MAX);
    },
    release: () => {
      clearTimeout(hidden);
      clearTimeout(silent);
      document.removeEventListener("visibilitychange", watch);
    },
  };
}

/** Resolves as soon as the page is in view, or the signal aborts. */
function visible(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = () => {
    if (document.hidden && !signal.aborted) return;
    document.removeEventListener("visibilitychange", done);
    signal.removeEventListener("abort", done);
    resolve();
  };
  document.addEventListener("visibilitychange", done);
  signal.addEventListener("abort", done);
  done();
  return promise;
}

/** Waits; less when the signal aborts, the page comes into view or the network comes back. */
function delay(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const wake = new AbortController();
  const now = () => resolve();
  signal.addEventListener("abort", now, { signal: wake.signal });
  addEventListener("online", now, { signal: wake.signal });
  document.addEventListener("visibilitychange", now, { signal: wake.signal });
  return promise.finally(() => {
    clearTimeout(timer);
    wake.abort();
  });
}
