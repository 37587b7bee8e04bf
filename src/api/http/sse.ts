import { once } from "node:events";
import { setImmediate } from "node:timers/promises";
import type { FastifyReply, FastifyRequest } from "fastify";
import { toFault } from "../../kernel/errors.ts";
import { log } from "../../kernel/log.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import type { Streamed } from "../operations/index.ts";
import { clientGone } from "./client-gone.ts";
import { TooManyStreamsError } from "./errors.ts";
import { problemOf } from "./problem.ts";

const HEARTBEAT_MS = 15_000;

type Event = Streamed<{ readonly type: string }>;
type Events = AsyncGenerator<Event, void, undefined>;

/** Server-sent events. Holds every stream that is open, to limit them and to end them when the server stops. */
export class EventStreams {
  readonly #open = new Set<AbortController>();

  /**
   * Sends what `begin` gives until it ends, the reader goes, or the server stops. `begin` is called when the stream has its place,
   * so that nothing is started for a reader who is then refused. Throws TooManyStreamsError, and what `begin` and its events throw
   * before the first one.
   */
  async send(
    request: FastifyRequest,
    reply: FastifyReply,
    begin: (signal: AbortSignal) => Events | Promise<Events>,
  ): Promise<void> {
    if (this.#open.size >= LIMITS.streamsMax) {
      throw new TooManyStreamsError(
        `${LIMITS.streamsMax} event streams are open already`,
        "Close some, or read several things from one /api/v1/events.",
        { streamsMax: LIMITS.streamsMax },
      );
    }
    const controller = clientGone(reply);
    this.#open.add(controller);
    try {
      await stream(request, reply, await begin(controller.signal), controller.signal);
    } finally {
      this.#open.delete(controller);
      controller.abort();
    }
  }

  /** Ends every stream; readers come back with the id they saw last. */
  closeAll(): void {
    for (const controller of this.#open) controller.abort();
  }
}

async function stream(
  request: FastifyRequest,
  reply: FastifyReply,
  events: Events,
  signal: AbortSignal,
): Promise<void> {
  const first = events.next();
  // What fails at once is answered as a problem; a stream that has nothing to tell yet is opened all the same.
  await Promise.race([first, setImmediate()]);
  reply.hijack();
  const { raw: response } = reply;
  // What is set on the reply, such as the request's id, is lost with the reply.
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) response.setHeader(name, value);
  }
  response.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
  });
  response.write("retry: 1000\n\n");
  const heartbeat = setInterval(() => {
    if (!response.writableNeedDrain) response.write(": still here\n\n");
  }, HEARTBEAT_MS);
  try {
    for (let next = await first; !next.done && !signal.aborted; next = await events.next()) {
      const full = !response.write(frame(next.value));
      // A reader that takes nothing is waited for only until the server stops.
      if (full) await once(response, "drain", { signal }).catch(() => undefined);
    }
  } catch (error) {
    const fault = toFault(error);
    log.warn({ requestId: request.id, code: fault.code, err: error }, "an event stream failed");
    response.write(`event: problem\ndata: ${JSON.stringify(problemOf(fault, request.id))}\n\n`);
  } finally {
    clearInterval(heartbeat);
    response.end();
    await events.return();
  }
}

const frame = ({ id, event }: Event): string =>
  `${id === undefined ? "" : `id: ${id}\n`}event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
