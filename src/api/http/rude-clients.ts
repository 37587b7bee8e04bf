import { randomUUIDv7 } from "node:crypto";
import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { FastifyRequest } from "fastify";
import { toFault } from "../../kernel/errors.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import type { Http } from "./context.ts";
import { RequestInvalidError } from "../operations/index.ts";
import { problemOf } from "./problem.ts";

/** What Node ends before there is a request: the status, and why. */
const UNREAD: { readonly [code: string]: readonly [status: number, why: string] } = {
  HPE_HEADER_OVERFLOW: [431, "the request's headers are larger than 16 KiB"],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "the request's headers did not come in time"],
};

/** Answers what is no request that can be read with a problem as for any other, and ends the connection. */
export function refuseUnread(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
  const [status, why] = UNREAD[error.code ?? ""] ?? [400, "what was sent is no HTTP request"];
  const fault = toFault(new RequestInvalidError(why, "/openapi.json describes every request.", { problems: [why] }));
  const body = JSON.stringify({ ...problemOf(fault, randomUUIDv7()), status });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    "content-type: application/problem+json",
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}

/** A body that is still to come. */
type Pending = {
  /** Bytes that had come on the connection at the last look. */
  before: number;
  /** Bytes that it may take of memory; 0 of one that is written to disk as it comes. */
  readonly bytes: number;
  looks: number;
};

/**
 * Bodies that are still to come. Of a client that began one and sends nothing more, the connection is ended after one to two
 * times `LIMITS.bodySilenceMs`; one that sends slowly, or whose body waits to be read here, goes on. A JSON body, which is held
 * in memory, is also ended after `LIMITS.bodyTimeMs`, and the oldest ones when all together exceed `LIMITS.bodiesBytesMax`.
 */
export class PendingBodies {
  readonly #pending = new Map<IncomingMessage, Pending>();
  #bytes = 0;

  /** Watches all requests of the server. */
  watch(http: Http): void {
    http.addHook("onRequest", (request, _reply, done) => {
      const { "content-length": length, "transfer-encoding": encoding } = request.headers;
      if ((length !== undefined && length !== "0") || encoding !== undefined) this.add(request.raw, heldBytes(request));
      done();
    });
    http.addHook("onResponse", (request, _reply, done) => {
      if (request.raw.complete) this.#drop(request.raw);
      done();
    });
    const timer = setInterval(() => this.look(), LIMITS.bodySilenceMs).unref();
    http.addHook("onClose", (_http, done) => {
      clearInterval(timer);
      done();
    });
  }

  add(request: IncomingMessage, bytes = 0): void {
    this.#pending.set(request, { before: -1, bytes, looks: 0 });
    this.#bytes += bytes;
    if (this.#bytes <= LIMITS.bodiesBytesMax) return;
    for (const [other, { bytes: held }] of this.#pending) {
      // The newest has its turn: only earlier ones make room.
      if (held === 0 || other === request || this.#bytes <= LIMITS.bodiesBytesMax) continue;
      this.#drop(other);
      if (!other.complete) other.socket.destroy();
    }
  }

  /** Ends those of which nothing came since the look before, and those that take too long. */
  look(): void {
    for (const [request, pending] of this.#pending) {
      const { complete, destroyed, readableLength, socket } = request;
      pending.looks += 1;
      const isLate = pending.bytes > 0 && pending.looks * LIMITS.bodySilenceMs > LIMITS.bodyTimeMs;
      if (complete || destroyed || socket.destroyed) this.#drop(request);
      else if (isLate || (socket.bytesRead === pending.before && readableLength === 0)) socket.destroy();
      else pending.before = socket.bytesRead;
    }
  }

  #drop(request: IncomingMessage): void {
    this.#bytes -= this.#pending.get(request)?.bytes ?? 0;
    this.#pending.delete(request);
  }
}

/** Bytes of memory that a request's body may take. */
function heldBytes({ headers, routeOptions }: FastifyRequest): number {
  const { bodyLimit } = routeOptions;
  const isJson = /^application\/(?:[\w.]+\+)?json\s*(?:;|$)/i.test(headers["content-type"] ?? "");
  // A route without a limit writes the body to disk as it comes.
  if (!isJson || bodyLimit === Number.MAX_SAFE_INTEGER) return 0;
  return Math.min(Number(headers["content-length"] ?? Infinity), bodyLimit);
}
