import { setTimeout as waitFor } from "node:timers/promises";
import type * as z from "zod";
import { problems } from "../../api/contract/index.ts";
import { CaxtonError, FAULTS } from "../../kernel/errors.ts";
import { parseJson } from "../../kernel/json.ts";
import type { Client } from "./client.ts";
import { ServerProblem, ServerUnreachableError } from "./errors.ts";
import { EventStreamReader } from "./sse.ts";

export type FollowOptions<Event> = {
  readonly path: string;
  readonly schema: z.ZodType<Event>;
  readonly signal: AbortSignal;
  /** The id of the last event known already; the stream begins after it. */
  readonly after?: string;
  /** Waits that long before a connection is tried again; unlike the clock's sleep it has to keep the process alive. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<unknown>;
  /** How long a server may be away before this gives up; 60 s when undefined. */
  readonly outageMsMax?: number;
  /** The stream broke, or came back. */
  readonly onLink: (link: "lost" | "back") => void;
};

const OUTAGE_MS_MAX = 60_000;
const PAUSE_MS_FIRST = 200;
const PAUSE_MS_MAX = 3_000;
// The server says something at least every 15 s; a stream silent for three times that is dead.
const SILENCE_MS_MAX = 45_000;

/** One event as it came and as checked. */
export type Followed<Event> = { readonly raw: string; readonly event: Event };

/**
 * Events of a stream, across as many connections as it takes: a broken one is opened again with `Last-Event-ID`. Ends
 * only when the caller stops asking. Events of a kind not known here are passed over. Throws when the first connection
 * fails, when the server refuses, and when it stays away for longer than `outageMsMax`.
 */
export async function* follow<Event>(client: Client, options: FollowOptions<Event>): AsyncGenerator<Followed<Event>> {
  const pause = options.pause ?? ((ms, signal) => waitFor(ms, undefined, { signal }));
  let lastEventId = options.after ?? "";
  let lostAtMs: number | undefined;
  let pauseMs = PAUSE_MS_FIRST;
  let connected = false;
  for (;;) {
    const reader = new EventStreamReader(lastEventId);
    try {
      for await (const piece of pieces(client, options, lastEventId)) {
        connected = true;
        if (lostAtMs !== undefined) options.onLink("back");
        lostAtMs = undefined;
        pauseMs = PAUSE_MS_FIRST;
        for (const { event, data, id } of reader.push(piece)) {
          lastEventId = id;
          if (event === "problem") throw problemIn(data, client);
          const known = understand(data, options.schema);
          if (known) yield known;
        }
      }
    } catch (error) {
      options.signal.throwIfAborted();
      if (!connected || !worthRetrying(error)) throw error;
      if (lostAtMs !== undefined && performance.now() - lostAtMs > outageMax(options)) throw error;
    }
    if (lostAtMs === undefined) {
      lostAtMs = performance.now();
      options.onLink("lost");
    }
    await pause(pauseMs, options.signal).catch(() => options.signal.throwIfAborted());
    pauseMs = Math.min(PAUSE_MS_MAX, pauseMs * 2);
  }
}

const outageMax = <Event>(options: FollowOptions<Event>): number => options.outageMsMax ?? OUTAGE_MS_MAX;

const worthRetrying = (error: unknown): boolean =>
  error instanceof CaxtonError && (error.kind === "unavailable" || FAULTS[error.kind].retry);

function understand<Event>(data: string, schema: z.ZodType<Event>): Followed<Event> | undefined {
  const parsed = parseJson(data);
  const checked = schema.safeParse(parsed.type === "parsed" ? parsed.value : undefined);
  return checked.success ? { raw: data, event: checked.data } : undefined;
}

/** Last event of a stream that the server cannot continue. */
function problemIn(data: string, client: Client): CaxtonError {
  const problem = understand(data, problems.ProblemDetails);
  return problem ? new ServerProblem(problem.event) : new ServerUnreachableError(client.server, data);
}

/** The text of one connection, first an empty piece once it stands. Ends when the server closes it. */
async function* pieces<Event>(
  client: Client,
  options: FollowOptions<Event>,
  lastEventId: string,
): AsyncGenerator<string> {
  const silence = new AbortController();
  const watchdog = setTimeout(() => silence.abort(), SILENCE_MS_MAX);
  watchdog.unref();
  try {
    const response = await client.open({
      method: "GET",
      path: options.path,
      headers: { accept: "text/event-stream", ...(lastEventId !== "" && { "last-event-id": lastEventId }) },
      signal: AbortSignal.any([options.signal, silence.signal]),
    });
    yield "";
    if (!response.body) return;
    for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
      watchdog.refresh();
      yield text;
    }
  } catch (error) {
    options.signal.throwIfAborted();
    throw error instanceof CaxtonError && !silence.signal.aborted
      ? error
      : new ServerUnreachableError(client.server, error);
  } finally {
    clearTimeout(watchdog);
  }
}
