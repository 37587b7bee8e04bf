import { randomUUIDv7 } from "node:crypto";
import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { FastifyRequest } from "fastify";
import { toFault } from "../../kernel/errors.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import type { Http } from "./context.ts";
import { RequestInvalidError } from "../operations/index.ts";
import { problemOf } from "./responses/problem.ts";

/** Status and reason for errors that Node reports before there is a request. */
const UNREAD: { readonly [code: string]: readonly [status: number, why: string] } = {
  HPE_HEADER_OVERFLOW: [431, "the request's headers are larger than 16 KiB"],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "the request's headers did not arrive in time"],
};

/** Responds to a malformed request with a problem, and closes the connection. */
export function rejectMalformed(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
  const [status, why] = UNREAD[error.code ?? ""] ?? [400, "the data is not an HTTP request"];
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

/** An incomplete request body. */
type Pending = {
  /** Bytes received on the connection at the last check. */
  before: number;
  /** Maximum bytes of memory that it uses; 0 if it is streamed to disk. */
  readonly bytes: number;
  looks: number;
};

/**
 * Slow-client guard: tracks incomplete request bodies. It closes a connection that sent nothing for one to two times
 * `LIMITS.bodySilenceMs`, but not one that sends slowly or whose body the server has not read yet. JSON bodies are held in
 * memory: they also end after `LIMITS.bodyTimeMs`, and the oldest end if all together exceed `LIMITS.bodiesBytesMax`.
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
      // Only older bodies are dropped.
      if (held === 0 || other === request || this.#bytes <= LIMITS.bodiesBytesMax) continue;
      this.#drop(other);
      if (!other.complete) other.socket.destroy();
    }
  }

  /** Closes connections without data since the last check, and those that exceed the time limit. */
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
