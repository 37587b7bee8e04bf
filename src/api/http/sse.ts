import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { setImmediate } from "node:timers/promises";
import type { FastifyReply, FastifyRequest } from "fastify";
import { toFault } from "../../kernel/errors.ts";
import { log } from "../../kernel/log.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import type { Streamed } from "../operations/index.ts";
import { TooManyStreamsError } from "./errors.ts";
import { problemOf } from "./problem.ts";

const HEARTBEAT_MS = 15_000;

/** Server-sent events. Holds every stream that is open, to limit them and to end them when the server stops. */
export class EventStreams {
  readonly #open = new Set<AbortController>();

  /** Sends what `begin` yields until it ends, the reader goes, or the server stops. Throws what `begin` throws before its first event. */
  async send(
    request: FastifyRequest,
    reply: FastifyReply,
    begin: (signal: AbortSignal) => AsyncGenerator<Streamed<{ readonly type: string }>, void, undefined>,
  ): Promise<void> {
    if (this.#open.size >= LIMITS.streamsMax) {
      throw new TooManyStreamsError(
        `${LIMITS.streamsMax} event streams are open already`,
        "Close some, or read several things from one /api/v1/events.",
        { streamsMax: LIMITS.streamsMax },
      );
    }
    const controller = new AbortController();
    this.#open.add(controller);
    request.raw.once("close", () => controller.abort());
    const events = begin(controller.signal);
    try {
      const first = events.next();
      // What fails at once is answered as a problem; a stream that has nothing to tell yet is opened all the same.
      await Promise.race([first, setImmediate()]);
      reply.hijack();
      openStream(reply.raw);
      await pump(reply.raw, events, first, request.id);
    } finally {
      this.#open.delete(controller);
      controller.abort();
      await events.return();
    }
  }

  /** Ends every stream; readers come back with the id they saw last. */
  closeAll(): void {
    for (const controller of this.#open) controller.abort();
  }
}

function openStream(response: ServerResponse): void {
  response.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
  });
  response.write("retry: 1000\n\n");
}

type Event = Streamed<{ readonly type: string }>;

async function pump(
  response: ServerResponse,
  events: AsyncGenerator<Event, void, undefined>,
  first: Promise<IteratorResult<Event, void>>,
  requestId: string,
): Promise<void> {
  const heartbeat = setInterval(() => response.write(": still here\n\n"), HEARTBEAT_MS);
  try {
    for (let next = await first; !next.done && !response.destroyed; next = await events.next()) {
      const full = !response.write(frame(next.value));
      if (full) await Promise.race([once(response, "drain"), once(response, "close")]);
    }
  } catch (error) {
    const fault = toFault(error);
    log.warn({ requestId, code: fault.code, err: error }, "an event stream failed");
    response.write(`event: problem\ndata: ${JSON.stringify(problemOf(fault, requestId))}\n\n`);
  } finally {
    clearInterval(heartbeat);
    response.end();
  }
}

const frame = ({ id, event }: Event): string =>
  `${id === undefined ? "" : `id: ${id}\n`}event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
