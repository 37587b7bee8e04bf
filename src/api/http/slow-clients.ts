import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { FastifyReply, FastifyRequest } from "fastify";
import { endWith, type Party, type Permit, type ResourceLimits } from "../../access/index.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import type { Http } from "./context.ts";
import { RequestInvalidError } from "../operations/index.ts";
import { rawProblem } from "./responses/raw-problem.ts";

/** Status and reason for errors without a response of a route. */
const UNREAD = {
  HPE_HEADER_OVERFLOW: [431, "the request's headers are larger than 16 KiB"],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "the request's headers did not arrive in time"],
  BODY_LATE: [408, "the request's body did not arrive in time"],
  MALFORMED: [400, "the data is not an HTTP request"],
} as const;
const isUnread = (code: string): code is keyof typeof UNREAD => Object.hasOwn(UNREAD, code);

/** Responds to a malformed request with a problem, and closes the connection. */
export function rejectMalformed(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
  const { code = "" } = error;
  socket.end(unread(isUnread(code) ? code : "MALFORMED"));
}

function unread(code: keyof typeof UNREAD): string {
  const [status, why] = UNREAD[code];
  const error = new RequestInvalidError(why, "", { problems: [why] });
  return rawProblem(error, undefined, status);
}

/** Time in which a client can read why its connection is closed. */
const LINGER_MS = 1_000;
/** Bodies up to this size are not counted: connections limit them. */
export const SMALL_BYTES = 16 * 1024;
/** While the server has no memory for another body, those that take longer than this give way. */
const SLOW_MS = 10_000;

/** An incomplete request body. */
type Pending = {
  readonly response: ServerResponse;
  readonly sinceMs: number;
  /** Bytes received on the connection at the last check. */
  before: number;
  /** Whether it is held in memory, and not streamed to disk. */
  isHeld: boolean;
};

/**
 * Slow-client guard: tracks incomplete request bodies. It closes a connection that sent nothing for one to two times
 * `LIMITS.bodySilenceMs`, but not one that sends slowly or whose body the server has not read yet. Bodies that are held in memory
 * also end after `bodyMs`, and count among the limited resources until they are answered.
 */
export class RequestBodies {
  readonly #pending = new Map<IncomingMessage, Pending>();
  readonly #permits = new WeakMap<IncomingMessage, Permit>();
  readonly #limits: ResourceLimits;
  readonly #bodyMs: number;

  constructor(limits: ResourceLimits, bodyMs: number) {
    this.#limits = limits;
    this.#bodyMs = bodyMs;
  }

  /** Watches all requests of the server. */
  watch(http: Http): void {
    http.addHook("onRequest", (request, reply, done) => {
      if (!hasBody(request.raw)) return done();
      this.add(request.raw, reply.raw);
      // A route holds the body of its operation when its principal is known.
      const { bodyLimit, config } = request.routeOptions;
      if (config.operation === undefined && config.protocol === undefined)
        this.hold(request, reply, { bytesMax: bodyLimit, party: { address: request.ip } });
      done();
    });
    http.addHook("onResponse", (request, _reply, done) => {
      if (request.raw.complete) this.#pending.delete(request.raw);
      done();
    });
    const timer = setInterval(() => this.look(), Math.min(LIMITS.bodySilenceMs, this.#bodyMs)).unref();
    http.addHook("onClose", (_http, done) => {
      clearInterval(timer);
      done();
    });
  }

  add(request: IncomingMessage, response: ServerResponse): void {
    this.#pending.set(request, { response, sinceMs: performance.now(), before: -1, isHeld: false });
  }

  /**
   * Takes memory for a body of at most `bytesMax` before it is read. Throws ResourceLimitError, ServerBusyError.
   */
  hold({ raw: request, headers }: FastifyRequest, { raw: response }: FastifyReply, held: Held): void {
    const pending = this.#pending.get(request);
    if (pending === undefined) return;
    pending.isHeld = true;
    const bytes = Number(headers["content-length"] ?? held.bytesMax);
    // A larger body than the route reads is refused without being read.
    if (bytes <= SMALL_BYTES || bytes > held.bytesMax) return;
    if (this.#limits.free("body_bytes") < bytes) this.#makeRoom(bytes);
    this.#permits.set(request, this.#limits.hold("body_bytes", held.party, bytes).untilClosed(response));
  }

  /** States how large a complete body is. */
  received({ raw: request }: FastifyRequest, bytes: number): void {
    this.#permits.get(request)?.resize(bytes <= SMALL_BYTES ? 0 : bytes);
  }

  /** Closes connections without data since the last check, and those that exceed the time limit. */
  look(): void {
    const nowMs = performance.now();
    for (const [request, pending] of this.#pending) {
      const { complete, destroyed, readableLength, socket } = request;
      const isLate = pending.isHeld && nowMs - pending.sinceMs > this.#bodyMs;
      if (complete || destroyed || socket.destroyed) this.#pending.delete(request);
      else if (isLate || (socket.bytesRead === pending.before && readableLength === 0)) this.#end(request, pending);
      else pending.before = socket.bytesRead;
    }
  }

  /** Ends the oldest slow bodies. */
  #makeRoom(bytes: number): void {
    const nowMs = performance.now();
    for (const [request, pending] of this.#pending) {
      const permit = this.#permits.get(request);
      if (permit === undefined || request.complete) continue;
      if (nowMs - pending.sinceMs < SLOW_MS || this.#limits.free("body_bytes") >= bytes) return;
      permit[Symbol.dispose]();
      this.#end(request, pending);
    }
  }

  #end(request: IncomingMessage, { response }: Pending): void {
    this.#pending.delete(request);
    const { socket } = request;
    // Over HTTP/2 it is the stream.
    if (response.headersSent || !socket.writable || request.httpVersionMajor === 2) return void socket.destroy();
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
    endWith(socket, unread("BODY_LATE"));
  }
}

/** Whether a request has a body. HTTP/2 states it by the end of the stream. */
function hasBody(request: IncomingMessage): boolean {
  const { "content-length": length, "transfer-encoding": encoding } = request.headers;
  if (request.httpVersionMajor !== 2) return (length !== undefined && length !== "0") || encoding !== undefined;
  return "stream" in request && !Reflect.get(Object(request.stream), "endAfterHeaders");
}

type Held = { readonly bytesMax: number; readonly party: Party };
