import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { setImmediate } from "node:timers/promises";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Principal, ResourceLimits } from "../../../access/index.ts";
import { type Fault, toFault } from "../../../kernel/errors.ts";
import { log } from "../../../kernel/log.ts";
import type { Streamed } from "../../operations/index.ts";
import { abortOnDisconnect } from "./abort-on-disconnect.ts";
import { problemOf } from "./problem.ts";

const HEARTBEAT_MS = 15_000;

/** A reader that takes nothing for so long is cut off; it comes back with the last id it saw. */
const STALL_MS = 60_000;

type Event = Streamed<{ readonly type: string }>;
type Items<Item> = AsyncGenerator<Item, void, undefined>;
type Events = Items<Event>;
type Reader = {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly principal?: Principal | undefined;
};

/** How a protocol writes its streams. */
export type StreamFormat<Item> = {
  /** What begins a stream. */
  readonly opening: string;
  readonly frame: (item: Item) => string | Buffer;
  /** The last event of a stream that fails after its first one. */
  readonly failed: (fault: Fault, requestId: string) => string;
};

/** Server-sent events. Holds every stream that is open, to limit them and to end them when the server stops. */
export class EventStreams {
  readonly #open = new Set<AbortController>();
  readonly #limits: ResourceLimits;
  readonly #stallMs: number;

  constructor(limits: ResourceLimits, stallMs = STALL_MS) {
    this.#limits = limits;
    this.#stallMs = stallMs;
  }

  /**
   * Sends what `begin` gives until it ends, the reader goes, or the server stops. `begin` is called when the stream has its permit,
   * so that nothing is started for a reader who is then refused. Throws TooManyStreamsError, and what `begin` and its events throw
   * before the first one. The stream also ends with the credentials of its principal.
   */
  async send(
    request: FastifyRequest,
    reply: FastifyReply,
    begin: (signal: AbortSignal) => Events | Promise<Events>,
    principal?: Principal,
  ): Promise<void> {
    return this.sendAs(OPERATION_EVENTS, { request, reply, principal }, begin);
  }

  /** The same in the format of another protocol. */
  async sendAs<Item>(
    format: StreamFormat<Item>,
    { request, reply, principal }: Reader,
    begin: (signal: AbortSignal) => Items<Item> | Promise<Items<Item>>,
  ): Promise<void> {
    const controller = this.open(request, reply, principal);
    try {
      const events = await begin(controller.signal);
      await stream(format, { request, reply }, events, { signal: controller.signal, stallMs: this.#stallMs });
    } finally {
      controller.abort();
    }
  }

  /**
   * Counts a stream, which ends with its response, with the credentials of its principal, or when the server stops. It also ends when the
   * caller aborts the controller. Throws TooManyStreamsError.
   */
  open(request: FastifyRequest, reply: FastifyReply, principal?: Principal): AbortController {
    this.#limits.hold("streams", { address: request.ip, principal }).untilClosed(reply.raw);
    const ended = principal?.ended?.();
    const controller = abortOnDisconnect(reply);
    this.#open.add(controller);
    const end = () => controller.abort();
    controller.signal.addEventListener("abort", () => {
      this.#open.delete(controller);
      ended?.removeEventListener("abort", end);
    });
    ended?.addEventListener("abort", end);
    if (ended?.aborted === true) end();
    return controller;
  }

  /** Ends every stream; readers come back with the id they saw last. */
  closeAll(): void {
    for (const controller of this.#open) controller.abort();
  }
}

type Patience = { readonly signal: AbortSignal; readonly stallMs: number };

async function stream<Item>(
  { opening, frame, failed }: StreamFormat<Item>,
  { request, reply }: Reader,
  events: Items<Item>,
  { signal, stallMs }: Patience,
): Promise<void> {
  const first = events.next();
  // An immediate failure is sent as a problem; a stream without events yet is opened.
  await Promise.race([first, setImmediate()]);
  reply.hijack();
  const { raw: response } = reply;
  // What is set on the reply, such as the request's id, is lost with the reply.
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) response.setHeader(name, value);
  }
  response.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
  });
  // What a stream would say is asked for only with GET.
  if (request.method === "HEAD") {
    response.end();
    // It takes effect only after the pending event, or once the caller aborts the signal.
    events.return().catch((error: unknown) => log.debug({ err: error }, "an event stream could not be closed"));
    return;
  }
  if (opening !== "") response.write(opening);
  const heartbeat = setInterval(() => {
    if (!response.writableNeedDrain) response.write(": still here\n\n");
  }, HEARTBEAT_MS);
  try {
    for (let next = await first; !next.done && !signal.aborted; next = await events.next()) {
      const full = !response.write(frame(next.value));
      if (full && !(await hasDrained(response, { signal, stallMs }))) break;
    }
  } catch (error) {
    const fault = toFault(error);
    log.warn({ requestId: request.id, code: fault.code, err: error }, "an event stream failed");
    response.write(failed(fault, request.id));
  } finally {
    clearInterval(heartbeat);
    // What a stalled reader has not taken by now it will not take.
    if (response.writableNeedDrain) response.destroy();
    else response.end();
    await events.return();
  }
}

/** Waits until the reader has taken what it was sent; false when it takes nothing for too long, or the stream is to end. */
async function hasDrained(response: ServerResponse, { signal, stallMs }: Patience): Promise<boolean> {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), stallMs);
  try {
    await once(response, "drain", { signal: AbortSignal.any([signal, patience.signal]) });
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

type Frame = { readonly id: Event["id"]; readonly bytes: Buffer };
/** Serialized event: many readers receive the same object, most of them with the same id. */
const frames = new WeakMap<Event["event"], Frame>();

function frameOf({ id, event }: Event): Buffer {
  const known = frames.get(event);
  if (known !== undefined && known.id === id) return known.bytes;
  const idLine = id === undefined ? "" : `id: ${id}\n`;
  if (known !== undefined) return Buffer.concat([Buffer.from(idLine), known.bytes.subarray(bodyStart(known.id))]);
  const bytes = Buffer.from(`${idLine}event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  frames.set(event, { id, bytes });
  return bytes;
}

/** Where the part of a frame begins that does not depend on its id. */
const bodyStart = (id: Event["id"]): number => (id === undefined ? 0 : Buffer.byteLength(`id: ${id}\n`));

/** The events of operations. */
const OPERATION_EVENTS: StreamFormat<Event> = {
  opening: "retry: 1000\n\n",
  frame: frameOf,
  failed: (fault, requestId) => `event: problem\ndata: ${JSON.stringify(problemOf(fault, requestId))}\n\n`,
};
