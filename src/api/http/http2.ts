import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import {
  createServer,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from "node:http2";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";

/** The first bytes of HTTP/2. No method of HTTP/1 begins with them. */
const PREFACE = Buffer.from("PRI");
/** Protocols that a TLS client can choose. */
export const ALPN_PROTOCOLS = ["h2", "http/1.1"];
/** Time in which a client has to send the first bytes; the same as Node's limit for the headers of HTTP/1. */
const SILENCE_MS = 60_000;
/** Sessions without a stream are closed after one to two times this time; a client that does not answer a ping in it is disconnected. */
const CHECK_MS = 60_000;
/** Time in which sessions can end when the server stops. */
const END_MS = 1_000;
const SETTINGS = { maxConcurrentStreams: 1_024, maxHeaderListSize: 16 * 1024, enableConnectProtocol: false };
/** Bytes of all streams of a connection that a client can send before the server has read them. */
const WINDOW_BYTES = 1024 * 1024;

type State = {
  readonly socket: Socket;
  streams: number;
  isIdle: boolean;
  isPinged: boolean;
};

/**
 * Serves HTTP/2 on the port of an HTTP/1 server, whose handler answers both. The HTTP/1 server listens, so that Node's limits on slow and
 * idle connections remain in use.
 * http.http2.H1. The first bytes of a connection, or ALPN over TLS, decide its protocol; every byte is parsed once.
 * http.http2.H2. `:authority` takes the place of `Host`, which HTTP/2 requests do not need to have, before anything reads it.
 * http.http2.H3. The connection of a client that does not end its streams, or has sent nothing, is destroyed when the server stops.
 */
export class Http2Sessions {
  readonly #http2: Http2Server;
  readonly #sessions = new Map<ServerHttp2Session, State>();
  /** Connections whose protocol is not known yet. */
  readonly #silent = new Set<Socket>();
  readonly #timer: NodeJS.Timeout;

  constructor(handler: RequestListener) {
    this.#http2 = createServer({ settings: SETTINGS }, (request, response) => handler(...asHttp1(request, response)));
    this.#timer = setInterval(() => this.#check(), CHECK_MS).unref();
  }

  /** Serves connections of a server by the protocol that each speaks. */
  serve(server: Server): Server {
    const isSecure = "setSecureContext" in server;
    const event = isSecure ? "secureConnection" : "connection";
    const listeners = server.listeners(event);
    const serveHttp1 = (socket: Socket) => {
      for (const listener of listeners) listener.call(server, socket);
    };
    server.removeAllListeners(event);
    server.on(event, (socket: Socket) => {
      if (!isSecure) this.#sniff(socket, serveHttp1);
      else if (socket instanceof TLSSocket && socket.alpnProtocol === "h2") this.#serve(socket);
      else serveHttp1(socket);
    });
    return server;
  }

  /** Closes sessions without a stream. */
  closeIdle(): void {
    for (const [session, { streams }] of this.#sessions) if (streams === 0) session.close();
  }

  /** Ends all sessions. H3. */
  close(): void {
    clearInterval(this.#timer);
    for (const socket of this.#silent) socket.destroy();
    for (const session of this.#sessions.keys()) session.close();
    setTimeout(() => {
      for (const [session, { socket }] of this.#sessions) endSession(session, socket);
    }, END_MS).unref();
  }

  /** H1. */
  #sniff(socket: Socket, serveHttp1: (socket: Socket) => void): void {
    const end = () => socket.destroy();
    const forget = () => this.#silent.delete(socket);
    this.#silent.add(socket);
    socket.once("close", forget);
    socket.setTimeout(SILENCE_MS, end);
    socket.on("error", end);
    let head = Buffer.alloc(0);
    const look = () => {
      const bytes: Buffer | null = socket.read();
      if (bytes === null) return;
      head = Buffer.concat([head, bytes]);
      // They may be either protocol until the rest arrives. Bytes that are returned to the socket now would be read again at once, without end.
      if (head.length < PREFACE.length && PREFACE.subarray(0, head.length).equals(head)) return;
      forget();
      socket.off("readable", look).off("end", end).off("error", end).off("close", forget);
      socket.setTimeout(0).off("timeout", end);
      socket.unshift(head);
      if (head.subarray(0, PREFACE.length).equals(PREFACE)) this.#serve(socket);
      else serveHttp1(socket);
    };
    socket.on("end", end);
    socket.on("readable", look);
  }

  #serve(socket: Socket): void {
    const add = (session: ServerHttp2Session) => this.#add(session, socket);
    this.#http2.once("session", add);
    this.#http2.emit("connection", socket);
    this.#http2.off("session", add);
  }

  #add(session: ServerHttp2Session, socket: Socket): void {
    const state: State = { socket, streams: 0, isIdle: false, isPinged: false };
    this.#sessions.set(session, state);
    session.setLocalWindowSize(WINDOW_BYTES);
    session.once("close", () => this.#sessions.delete(session));
    session.on("error", () => session.destroy());
    session.on("stream", (stream) => {
      state.streams += 1;
      state.isIdle = false;
      stream.once("close", () => (state.streams -= 1));
    });
  }

  #check(): void {
    for (const [session, state] of this.#sessions) {
      if (state.isPinged) endSession(session, state.socket);
      else if (state.streams > 0) state.isPinged = session.ping(() => (state.isPinged = false));
      else if (state.isIdle) session.close();
      state.isIdle = state.streams === 0;
    }
  }
}

/** Ends a session whose client may not answer: `destroy` of a closed session waits until the client closes the connection. */
function endSession(session: ServerHttp2Session, socket: Socket): void {
  session.destroy();
  socket.destroy();
}

/** A request and its response in the form of HTTP/1, from which they differ by few properties. H2. */
function asHttp1(request: Http2ServerRequest, response: Http2ServerResponse): [IncomingMessage, ServerResponse];
function asHttp1(request: Http2ServerRequest, response: Http2ServerResponse): readonly unknown[] {
  const { headers } = request;
  const authority = headers[":authority"];
  if (authority !== undefined) headers.host = authority;
  const { stream } = response;
  Object.defineProperty(response, "closed", { get: () => stream.closed });
  return [request, response];
}
