import { randomUUIDv7 } from "node:crypto";
import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { toFault } from "../../kernel/errors.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import type { Http } from "./context.ts";
import { RequestInvalidError } from "./errors.ts";
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

/**
 * Bodies that are still to come. Of a client that began one and sends nothing more, the connection is ended after one to two
 * times `LIMITS.bodySilenceMs`; one that sends slowly, or whose body waits to be read here, goes on.
 */
export class PendingBodies {
  /** Bytes that had come on the connection at the last look. */
  readonly #pending = new Map<IncomingMessage, number>();

  /** Looks after all requests of the server. */
  watch(http: Http): void {
    http.addHook("onRequest", (request, _reply, done) => {
      const { "content-length": length, "transfer-encoding": encoding } = request.headers;
      if ((length !== undefined && length !== "0") || encoding !== undefined) this.add(request.raw);
      done();
    });
    http.addHook("onResponse", (request, _reply, done) => {
      if (request.raw.complete) this.#pending.delete(request.raw);
      done();
    });
    const timer = setInterval(() => this.look(), LIMITS.bodySilenceMs).unref();
    http.addHook("onClose", (_http, done) => {
      clearInterval(timer);
      done();
    });
  }

  add(request: IncomingMessage): void {
    this.#pending.set(request, -1);
  }

  /** Ends those of which nothing came since the look before. */
  look(): void {
    for (const [request, before] of this.#pending) {
      const { complete, destroyed, readableLength, socket } = request;
      if (complete || destroyed || socket.destroyed) this.#pending.delete(request);
      else if (socket.bytesRead === before && readableLength === 0) socket.destroy();
      else this.#pending.set(request, socket.bytesRead);
    }
  }
}
