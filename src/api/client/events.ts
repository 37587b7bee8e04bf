import { type Connection, pause, unexpected } from "./connection.ts";
import { ConnectionError, type FollowOptions, type Problem, ProblemError } from "./public.ts";
import { EventStreamReader, type ServerSentEvent } from "./sse.ts";

const OUTAGE_MS_MAX = 60_000;
const PAUSE_MS_FIRST = 200;
const PAUSE_MS_MAX = 3_000;
/** The server sends something at least every 15 s; a stream that is silent for three times that is dead. */
const SILENCE_MS_MAX = 45_000;

type Place = { readonly path: string; readonly query?: object };

/**
 * Yields the events of a stream across connections: one that broke is opened again after the last id. Ends with the event `end`,
 * after which a stream has no other. Throws ProblemError if the server refuses, ConnectionError if the server stays away
 * for too long, or the first connection fails and `outageMsMax` is finite, and the signal's reason.
 */
export async function* followEvents(
  connection: Connection,
  place: Place,
  options: FollowOptions,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  const link = new Link(options);
  let after = options.after ?? "";
  for (;;) {
    const reader = new EventStreamReader(after);
    try {
      for await (const piece of pieces(connection, place, { after, signal: options.signal })) {
        link.back();
        for (const streamed of reader.push(piece)) {
          if (streamed.event === "problem") throw new ProblemError(problemIn(streamed.data));
          after = streamed.id;
          yield streamed;
          if (streamed.event === "end") return;
        }
      }
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!link.bears(error)) throw error;
    }
    await link.lost();
  }
}

/** What is known of the connection to the server. */
class Link {
  readonly #options: FollowOptions;
  #wasConnected = false;
  #lostAtMs: number | undefined;
  #pauseMs = PAUSE_MS_FIRST;

  constructor(options: FollowOptions) {
    this.#options = options;
  }

  back(): void {
    this.#wasConnected = true;
    if (this.#lostAtMs !== undefined) this.#options.onLink?.("back");
    this.#lostAtMs = undefined;
    this.#pauseMs = PAUSE_MS_FIRST;
  }

  /** Whether another connection may help. */
  bears(error: unknown): boolean {
    const passes = error instanceof ConnectionError || (error instanceof ProblemError && error.problem.status >= 500);
    const { outageMsMax = OUTAGE_MS_MAX } = this.#options;
    const mayBeAway = this.#wasConnected || outageMsMax === Infinity;
    const isOver = this.#lostAtMs !== undefined && performance.now() - this.#lostAtMs > outageMsMax;
    return mayBeAway && passes && !isOver;
  }

  async lost(): Promise<void> {
    if (this.#lostAtMs === undefined) {
      this.#lostAtMs = performance.now();
      this.#options.onLink?.("lost");
    }
    await pause(this.#pauseMs, this.#options.signal);
    this.#pauseMs = Math.min(PAUSE_MS_MAX, this.#pauseMs * 2);
  }
}

/** The text of one connection, first an empty piece once it stands. Ends when the server closes it. */
async function* pieces(
  connection: Connection,
  { path, query }: Place,
  { after, signal }: { readonly after: string; readonly signal: AbortSignal | undefined },
): AsyncGenerator<string, void, undefined> {
  const ended = new AbortController();
  let watchdog = setTimeout(() => ended.abort(), SILENCE_MS_MAX);
  try {
    const response = await connection.open({
      method: "GET",
      path,
      query: query ?? {},
      headers: { accept: "text/event-stream", ...(after !== "" && { "last-event-id": after }) },
      signal: signal === undefined ? ended.signal : AbortSignal.any([signal, ended.signal]),
    });
    if (response.headers.get("content-type")?.startsWith("text/event-stream") !== true)
      throw unexpected(response, "a stream of events");
    yield "";
    const decoder = new TextDecoder();
    for await (const bytes of response.body ?? []) {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => ended.abort(), SILENCE_MS_MAX);
      yield decoder.decode(bytes, { stream: true });
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof ProblemError || error instanceof ConnectionError) throw error;
    throw new ConnectionError(connection.server.href, error);
  } finally {
    clearTimeout(watchdog);
    ended.abort();
  }
}

function problemIn(data: string): Problem {
  const problem: Problem = JSON.parse(data);
  return problem;
}
