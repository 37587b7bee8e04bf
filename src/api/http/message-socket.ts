import { randomUUIDv7 } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import { isDenial, type Origin, type Principal } from "../../access/index.ts";
import { CaxtonError, toFault } from "../../kernel/errors.ts";
import { isJsonObject, parseJson, REQUEST_VALUES_MAX } from "../../kernel/json.ts";
import { log } from "../../kernel/log.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { MESSAGE_SOCKET, type Operation, operations, type SocketEvent, SocketRequest } from "../contract/index.ts";
import {
  type ApiServices,
  PresentedTokens,
  Receiving,
  RequestInvalidError,
  sendMessages,
  settleMessages,
  settlementsOf,
  TOKENS_MAX,
} from "../operations/index.ts";
import type { HttpContext } from "./context.ts";
import { credentialsOf } from "./requests/credentials.ts";
import type { TrustedProxies } from "./requests/trusted-proxies.ts";
import { CrossOrigin } from "./requests/cross-origin.ts";
import { guardUpgrade } from "./requests/origin-guard.ts";
import { problemOf } from "./responses/problem.ts";
import { rawProblem } from "./responses/raw-problem.ts";

const HEARTBEAT_MS = 30_000;
/** A client that takes less than it is sent: past this nothing more is read from it, past the double it is cut off. */
const BUFFERED_BYTES_MAX = 4 * 1024 * 1024;
/** Maximum in-flight requests of one client; at the limit the server stops reading from it. */
const IN_FLIGHT_MAX = 1_024;
const CODES = { goingAway: 1001, revoked: 1008, tooSlow: 1013 } as const;

/**
 * Messages over WebSockets: send one or a batch, receive and settle.
 * http.message-socket.W1. A response carries the `ref` of its request; responses may arrive in any order.
 * http.message-socket.W2. The server stops reading from a client that sends faster than it writes, or that reads too
 *   slowly, until its buffers drain.
 * http.message-socket.W3. When a client disconnects, its in-flight messages return to the mailbox at once.
 * http.message-socket.W5. A client authenticates when it connects. Each frame is authorized as the operation that it stands for.
 *   The connection ends within a second after the client's key is revoked.
 * http.message-socket.W4. The server leases no more messages for a client that does not read; other clients of the
 *   mailbox receive them.
 */
export class MessageSockets {
  readonly #server: WebSocketServer;
  readonly #services: ApiServices;
  readonly #clients = new Set<Client>();
  readonly #heartbeat: NodeJS.Timeout;
  readonly #proxies: TrustedProxies;
  readonly #guard: (request: IncomingMessage) => void;

  constructor({ services, options, proxies }: Pick<HttpContext, "services" | "options" | "proxies">) {
    this.#services = services;
    this.#proxies = proxies;
    this.#guard = guardUpgrade(options.allowedHosts, new CrossOrigin(options.allowedOrigins));
    this.#server = new WebSocketServer({ noServer: true, maxPayload: LIMITS.bodyBytesMax, perMessageDeflate: false });
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS);
    this.#heartbeat.unref();
  }

  /** Whether it took the connection; the server's other upgrades are not its own. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const [path] = (request.url ?? "").split("?");
    if (path !== MESSAGE_SOCKET) return false;
    this.#proxies.restoreHost(request);
    const origin = { address: this.#proxies.clientOf(request), requestId: randomUUIDv7() };
    this.#accept(request, socket, { head, origin }).catch((error: unknown) =>
      refuseUpgrade(socket, error, origin.requestId),
    );
    return true;
  }

  /** Throws for a client that is refused. It counts as a client from here on, before it is authenticated. */
  async #accept(
    request: IncomingMessage,
    socket: Duplex,
    { head, origin }: { readonly head: Buffer; readonly origin: Origin },
  ): Promise<void> {
    const { access, limits } = this.#services.access;
    try {
      this.#guard(request);
    } catch (error) {
      if (isDenial(error)) access.refused(origin, toFault(error).code);
      throw error;
    }
    limits.hold("sockets", { address: origin.address }).untilClosed(socket);
    const principal = await access.identify(credentialsOf(request, origin));
    if (socket.destroyed) return;
    limits.hold("sockets", { principal }).untilClosed(socket);
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      const client = new Client(this.#services, webSocket, { principal, origin });
      this.#clients.add(client);
      webSocket.once("close", () => this.#clients.delete(client));
    });
  }

  #beat(): void {
    for (const client of this.#clients) client.beat();
  }

  /** Ends every connection; clients come back when the server does. */
  closeAll(): void {
    clearInterval(this.#heartbeat);
    for (const client of this.#clients) client.close(CODES.goingAway, "the server stops");
    this.#server.close();
  }
}

/** Answers a request for a WebSocket and closes the connection, also if the client leaves its half open. */
export function refuseUpgrade(socket: Duplex, error: unknown, requestId?: string): void {
  socket.once("finish", () => socket.destroy());
  socket.end(rawProblem(error, requestId));
}

type ClientIdentity = { readonly principal: Principal; readonly origin: Origin };

/** One connection. */
class Client {
  readonly #services: ApiServices;
  readonly #socket: WebSocket;
  readonly #principal: Principal;
  /** The names it may use: by its `Authorization`, and by the tokens it presents with `identify`. */
  readonly #presented: PresentedTokens;
  readonly #gone = new AbortController();
  readonly #receiving = new Map<string, Receiving>();
  readonly #origin: Origin;
  #inFlight = 0;
  #isAlive = true;
  /** Resolves when it has read some of what waits for it, or is gone. */
  #read: PromiseWithResolvers<void> | undefined;

  constructor(services: ApiServices, socket: WebSocket, { principal, origin }: ClientIdentity) {
    this.#services = services;
    this.#socket = socket;
    this.#principal = principal;
    this.#origin = origin;
    this.#presented = new PresentedTokens(services.messaging, principal);
    const ended = principal.ended?.();
    const end = (): void => this.close(CODES.revoked, "the credentials are no longer valid");
    ended?.addEventListener("abort", end, { signal: this.#gone.signal });
    if (ended?.aborted === true) end();
    socket.on("message", (data, isBinary) => this.#heard(data, isBinary));
    socket.on("pong", () => (this.#isAlive = true));
    // The library has already closed the connection with the reason.
    socket.on("error", (error) => log.debug({ err: error, socket: this.#origin.requestId }, "a WebSocket failed"));
    socket.once("close", () => {
      this.#gone.abort();
      this.#read?.resolve();
    });
  }

  beat(): void {
    if (!this.#isAlive) return this.#socket.terminate();
    this.#isAlive = false;
    this.#socket.ping();
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  #heard(data: RawData, isBinary: boolean): void {
    // A client that ignores that its connection ends can send until the timeout of the library.
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#inFlight += 1;
    this.#throttle();
    void this.#execute(data, isBinary).finally(() => {
      this.#inFlight -= 1;
      this.#throttle();
    });
  }

  /** W2. */
  #throttle(): void {
    const { bufferedAmount } = this.#socket;
    if (bufferedAmount > 2 * BUFFERED_BYTES_MAX) return this.close(CODES.tooSlow, "reads too slowly");
    const isFull = this.#inFlight >= IN_FLIGHT_MAX || bufferedAmount > BUFFERED_BYTES_MAX;
    if (isFull && !this.#socket.isPaused) this.#socket.pause();
    else if (!isFull && this.#socket.isPaused) this.#socket.resume();
  }

  async #execute(data: RawData, isBinary: boolean): Promise<void> {
    let ref: SocketRequest["ref"];
    try {
      const request = readRequest(data, isBinary);
      ref = request.ref;
      this.#say(await this.#answer(request));
    } catch (error) {
      const fault = toFault(error);
      if (!(error instanceof CaxtonError))
        log.error({ err: error, socket: this.#origin.requestId }, "a WebSocket request failed");
      this.#say({ op: "problem", ref, problem: problemOf(fault, this.#origin.requestId) });
    }
  }

  async #answer(request: SocketRequest): Promise<SocketEvent> {
    const operation = OPERATION_OF[request.op];
    const { access, limits, workspaces } = this.#services.access;
    limits.spend({ principal: this.#principal }, operation ?? operations.access.whoami);
    if (operation === undefined) return this.#perform(request);
    const target = "mailbox" in request ? { name: request.mailbox } : {};
    const admission = access.authorize(this.#principal, { operation, target, origin: this.#origin });
    using stack = new DisposableStack();
    stack.use(workspaces.use(this.#principal.workspace));
    try {
      return await this.#perform(request);
    } catch (error) {
      if (isDenial(error)) access.ended(admission, error);
      throw error;
    }
  }

  async #perform(request: SocketRequest): Promise<SocketEvent> {
    const { ref } = request;
    switch (request.op) {
      case "send": {
        const { items } = await sendMessages(this.#services, [request.message], this.#presented);
        const [receipt] = items;
        if (receipt === undefined) throw new TypeError("a message has a receipt");
        return { op: "receipt", ref, receipt };
      }
      case "send-batch":
        return {
          op: "receipts",
          ref,
          receipts: (await sendMessages(this.#services, request.messages, this.#presented)).items,
        };
      case "identify":
        return this.#identify(request);
      case "receive":
        return this.#receive(request);
      case "settle": {
        const { mailbox } = request;
        this.#presented.authorizeProgram(mailbox);
        const settlements = settlementsOf(request);
        const late = await settleMessages(this.#services.messaging, this.#ownerOf(mailbox), settlements);
        this.#receiving.get(mailbox)?.settled(settlements);
        return { op: "settled", ref, late };
      }
      case "ping":
        return { op: "pong", ref };
    }
  }

  #identify({ ref, token }: Extract<SocketRequest, { op: "identify" }>): SocketEvent {
    const shown = this.#presented.show(token);
    if (shown === "invalid")
      throw new RequestInvalidError("that is no token of a program", "Tokens begin with cxp_.", { problems: [] });
    if (shown === "full")
      throw new RequestInvalidError(
        `a connection can present at most ${TOKENS_MAX} tokens`,
        "Open another connection for the other programs.",
        { problems: [] },
      );
    return { op: "identified", ref };
  }

  #ownerOf(name: string): { readonly workspace: string; readonly name: string } {
    return { workspace: this.#principal.workspace, name };
  }

  async #receive({ ref, mailbox, window, lease }: Extract<SocketRequest, { op: "receive" }>): Promise<SocketEvent> {
    this.#presented.authorizeProgram(mailbox);
    if (this.#receiving.has(mailbox)) {
      throw new RequestInvalidError(`this connection receives from ${mailbox} already`, "Open another one.", {
        problems: [],
      });
    }
    const receiving = new Receiving(this.#services, this.#ownerOf(mailbox), { window, lease });
    this.#receiving.set(mailbox, receiving);
    void this.#pass(mailbox, receiving);
    return { op: "receiving", ref, mailbox };
  }

  async #pass(mailbox: string, receiving: Receiving): Promise<void> {
    try {
      for await (const items of receiving.messages(this.#gone.signal)) {
        // A revoked token ends it; in-flight messages return to the mailbox.
        this.#presented.authorizeProgram(mailbox);
        this.#say({ op: "messages", mailbox, items: [...items] });
        await this.#caughtUp();
      }
    } catch (error) {
      this.#say({ op: "problem", problem: problemOf(toFault(error), this.#origin.requestId) });
    } finally {
      this.#receiving.delete(mailbox);
    }
  }

  /** W4. */
  async #caughtUp(): Promise<void> {
    while (this.#socket.bufferedAmount > BUFFERED_BYTES_MAX && !this.#gone.signal.aborted) {
      this.#read ??= Promise.withResolvers();
      await this.#read.promise;
    }
  }

  #say(event: SocketEvent): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(JSON.stringify(event), () => {
      this.#read?.resolve();
      this.#read = undefined;
      this.#throttle();
    });
  }
}

/** The operation that each request stands for. */
const OPERATION_OF: Readonly<Record<SocketRequest["op"], Operation | undefined>> = {
  // Recipients of frames are not checked against limited grants, so these do not suffice.
  send: { ...operations.message.send, narrowedBy: [] },
  "send-batch": operations.message.sendBatch,
  receive: operations.mailbox.fetch,
  settle: operations.mailbox.settle,
  identify: undefined,
  ping: undefined,
};

/** A frame's text; one message comes in one or in several pieces. */
const textOf = (data: RawData): string =>
  (Array.isArray(data) ? Buffer.concat(data) : Buffer.isBuffer(data) ? data : Buffer.from(data)).toString("utf8");

function readRequest(data: RawData, isBinary: boolean): SocketRequest {
  if (isBinary) throw invalid("frames are JSON texts, not binary", []);
  const parsed = parseJson(textOf(data), REQUEST_VALUES_MAX);
  if (parsed.type === "malformed") throw invalid(`the frame is not JSON: ${parsed.reason}`, [parsed.reason]);
  // One a message: the general parser would cost more than all the rest.
  if (isJsonObject(parsed.value) && parsed.value["op"] === "send" && isJsonObject(parsed.value["message"])) {
    const { ref, message } = parsed.value;
    if (ref === undefined || typeof ref === "string" || typeof ref === "number") return { op: "send", ref, message };
  }
  const request = SocketRequest.safeParse(parsed.value);
  if (request.success) return request.data;
  const problems = request.error.issues.map(({ path, message }) => `${path.join(".") || "frame"}: ${message}`);
  throw invalid(`the request does not fit: ${problems.join("; ")}`, problems);
}

const invalid = (message: string, problems: readonly string[]): RequestInvalidError =>
  new RequestInvalidError(message, "docs/guides/messages.md describes what is said over the socket.", {
    problems: [...problems],
  });
