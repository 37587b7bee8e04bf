import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from "node:http";
import { type AddressInfo } from "node:net";
import { type Clock } from "../../kernel/clock.ts";
import { limitConnections, type ResourceLimits } from "../../access/index.ts";
import { CaxtonError, type FaultKind, FAULTS } from "../../kernel/errors.ts";
import { log } from "../../kernel/log.ts";
import {
  type AclMessage,
  type AgentIdentifier,
  isMessageId,
  type Message,
  type MessageError,
  readAcl,
  readMessage,
  signatureParameters,
} from "../../messaging/acl/index.ts";
import { type Delivered, type Router, type Settlement, type Submitted } from "../../messaging/router/index.ts";
import { readEnvelope } from "./envelope.ts";
import { FipaContentError } from "./errors.ts";
import { type LocalAgent, manage } from "./management.ts";
import { readParts } from "./multipart.ts";
import { post, type Posted } from "./post.ts";
import { Reach } from "./reach.ts";
import { type RemoteAgents } from "./remote-agents.ts";
import { aclOf, Names, wireOf } from "./translate.ts";

export type FipaOptions = {
  readonly host: string;
  /** 0 takes any that is free. */
  readonly port: number;
  /** What comes after the @ of our agents' names elsewhere. */
  readonly platform: string;
  /** Creates a server that speaks TLS; undefined for one that does not. */
  readonly createServer?: ((options: ServerOptions, listener: RequestListener) => Server) | undefined;
  /** Where others reach this, when that is not `/acc` of host and port. */
  readonly address: string | undefined;
  /** Addresses and ranges besides this machine that may speak to it and be spoken to. */
  readonly allow: readonly string[];
  readonly messageBytesMax: number;
};

export type FipaParts = {
  readonly submit: (message: Message) => Promise<Submitted>;
  readonly records: Pick<Router["records"], "judge" | "message">;
  readonly remotes: RemoteAgents;
  /** The deployed agents, with what they are capable of. */
  readonly agents: () => Iterable<LocalAgent>;
  readonly clock: Clock;
  readonly limits: ResourceLimits;
  readonly workspace: string;
};

/** Envelope, head and boundaries beside a message. */
const ROOM_BYTES = 131_072;
const CONVERSATION_ID_CHARS_MAX = 256;
const REQUEST_MS = 30_000;
/** Kinds of failures that the client causes; the others are errors of the server. */
const REFUSALS: ReadonlySet<FaultKind> = new Set(["invalid", "exhausted", "unavailable"]);

/**
 * The FIPA HTTP message transport (SC00084) on its own port. Inbound: each POST is one message, accepted when it is
 * on disk; the platform's own `ams` and `df` reply directly. Outbound: `deliver` sends a message to an agent of another
 * platform. The transport does not authenticate senders, so only this machine and `allow` may connect, and no sender may
 * use this platform's name.
 */
export class FipaTransport implements AsyncDisposable {
  readonly #parts: FipaParts;
  readonly #options: FipaOptions;
  readonly #reach: Reach;
  readonly #server: Server;
  readonly #closing = new AbortController();
  #names: Names;

  private constructor(parts: FipaParts, options: FipaOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#reach = new Reach(options.allow);
    this.#names = new Names(options.platform, options.address ?? "");
    const create = options.createServer ?? createServer;
    this.#server = create({ requestTimeout: REQUEST_MS }, (request, response) => {
      this.#receive(request, response).catch((error: unknown) => {
        log.error({ err: error }, "a message over FIPA's transport failed");
        answer(response, 500, "internal error");
      });
    });
    limitConnections(this.#server, { limits: parts.limits, makeRoom: () => this.#server.closeIdleConnections() });
  }

  /** Listens; rejects with the system's error when the port is taken. */
  static async open(parts: FipaParts, options: FipaOptions): Promise<FipaTransport> {
    const transport = new FipaTransport(parts, options);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    transport.#server.once("error", reject);
    transport.#server.listen(options.port, options.host, resolve);
    await promise;
    const { port } = addressOf(transport.#server);
    const scheme = options.createServer === undefined ? "http" : "https";
    const host = options.host.includes(":") ? `[${options.host}]` : options.host;
    transport.#names = new Names(options.platform, options.address ?? `${scheme}://${host}:${port}/acc`);
    return transport;
  }

  /** Where agents of other platforms write to. */
  get url(): string {
    return this.#names.address;
  }

  /** Brings a message to an agent of another platform: the handler of its mailbox. */
  async deliver({ message, recipient }: Delivered, signal: AbortSignal): Promise<Settlement> {
    const to = this.#parts.remotes.find(recipient)?.id;
    if (to === undefined) return { type: "failed", reason: `no address is known of ${recipient}` };
    const inReplyTo = await this.#replyWithOf(message.inReplyTo);
    // A reference that is another one there is not what was signed.
    const signature = inReplyTo === message.inReplyTo ? signatureParameters(message) : {};
    const parameters = { ...message.parameters, ...signature };
    const translated = { ...message, inReplyTo, parameters, conversationId: outsideId(message, recipient) };
    const acl = aclOf(translated, this.#names);
    const posted = await this.#post(acl, to, signal);
    if (posted.type === "delivered") return { type: "done" };
    return posted.type === "failed" ? posted : { ...posted, code: "DELIVERY_FAILED" };
  }

  /**
   * Returns what other platforms know a message as that an answer names by its id: the `:reply-with` that it came or went
   * with, and nothing for one that came without.
   */
  async #replyWithOf(inReplyTo: string | undefined): Promise<string | undefined> {
    const asked = await this.#known(inReplyTo);
    if (asked === undefined) return inReplyTo;
    return asked.replyWith ?? (asked.sender.includes("@") ? undefined : asked.id);
  }

  async #known(id: string | undefined): Promise<Message | undefined> {
    const { records, workspace } = this.#parts;
    return isMessageId(id) ? (await records.message(workspace, id))?.message : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    await promise;
  }

  async #send(message: AclMessage, to: AgentIdentifier): Promise<void> {
    const posted = await this.#post(message, to, this.#closing.signal);
    if (posted.type === "delivered") return;
    log.warn({ to: to.name, reason: posted.reason }, "an answer over FIPA's transport did not arrive");
  }

  #post(message: AclMessage, to: AgentIdentifier, signal: AbortSignal): Promise<Posted> {
    const from = message.sender ?? this.#names.outside("ams");
    return post(this.#reach, { message, from, to, atMs: this.#parts.clock.nowMs() }, signal);
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!this.#reach.allows(request.socket.remoteAddress ?? "")) {
      request.destroy();
      return;
    }
    if (request.method !== "POST") return answer(response, 405, "messages come by POST");
    const bytesMax = this.#options.messageBytesMax + ROOM_BYTES;
    try {
      const bytes = Math.min(Number(request.headers["content-length"] ?? bytesMax), bytesMax);
      const address = request.socket.remoteAddress ?? null;
      this.#parts.limits.spend({ address }, { name: "fipa", isUrgent: false });
      this.#parts.limits.hold("body_bytes", { address }, bytes).untilClosed(response);
      const body = await readBody(request, bytesMax);
      if (body === undefined) return answer(response, 413, "the message is too large");
      await this.#take(this.#parse(request.headers["content-type"] ?? "", body));
      answer(response, 200, "");
    } catch (error) {
      if (!(error instanceof CaxtonError) || !REFUSALS.has(error.kind)) throw error;
      log.debug({ err: error }, "a message over FIPA's transport is refused");
      if (error.retryAfterMs !== undefined) response.setHeader("Retry-After", Math.ceil(error.retryAfterMs / 1_000));
      answer(response, FAULTS[error.kind].http, error.message);
    }
  }

  #parse(contentType: string, body: Buffer): Arrived {
    const [head, payload] = readParts(contentType, body);
    const envelope = readEnvelope(head.body.toString("utf8"));
    if (envelope.representation !== "fipa.acl.rep.string.std")
      throw new FipaContentError(`the representation ${envelope.representation.slice(0, 80)} is not taken`);
    const charset = /charset\s*=\s*"?([\w-]+)/i.exec(payload.contentType)?.[1] ?? envelope.encoding ?? "";
    // ASCII is part of both, and the only other one in use.
    const acl = readAcl(payload.body, /8859-1|latin/i.test(charset) ? "latin1" : "utf-8");
    const sender = acl.sender ?? envelope.from;
    if (sender === undefined || this.#names.local(sender.name) !== undefined)
      throw new FipaContentError(
        `the sender must be named as in agent@platform, and not of platform ${this.#names.platform}`,
      );
    const receivers = (envelope.receivers.length > 0 ? envelope.receivers : acl.receiver).map(({ name }) => name);
    return { acl: { ...acl, sender }, sender, receivers };
  }

  async #take({ acl, sender, receivers }: Arrived): Promise<void> {
    for (const id of [sender, ...acl.replyTo])
      if (this.#names.local(id.name) === undefined) this.#parts.remotes.meet(id);
    const ours = receivers.flatMap((name) => this.#names.local(name) ?? []);
    if (ours.length === 0) throw new FipaContentError(`none of the receivers is of platform ${this.#names.platform}`);
    const services = ours.map((name) => name.toLowerCase()).filter((name) => name === "ams" || name === "df");
    for (const service of services) this.#serve(service, acl, sender);
    const agents = ours.filter((name) => !["ams", "df"].includes(name.toLowerCase()));
    if (agents.length > 0) await this.#submit(acl, sender, agents);
  }

  async #submit(acl: AclMessage, sender: AgentIdentifier, receivers: readonly string[]): Promise<void> {
    const { clock, workspace, submit } = this.#parts;
    const nowMs = clock.nowMs();
    const context = { workspace, nowMs, contentBytesMax: this.#options.messageBytesMax };
    // Some platforms name only the message that they answer.
    const asked = acl.conversationId === undefined ? await this.#known(acl.inReplyTo) : undefined;
    const { conversationId = asked?.conversationId } = acl;
    const read = readMessage(wireOf({ ...acl, conversationId }, this.#names, { receivers, nowMs }), context);
    // A signed message could be repeated long after it was sent.
    if (read.type === "message" && read.message.signature !== undefined && (await this.#known(read.message.id))) return;
    const outcome = read.type === "message" ? await submit(this.#placed(read.message, receivers)) : read;
    if (outcome.type === "refused") this.#reply(acl, sender, refusedContent(outcome.error));
  }

  /**
   * Returns the message in a conversation of its sender. Agents of other platforms use one id, such as `book-trade`, for
   * conversations of each; where its sender takes no part in the conversation of this id, the sender's name follows the id.
   */
  #placed(message: Message, receivers: readonly string[]): Message {
    const { records } = this.#parts;
    const own = { ...message, conversationId: `${message.conversationId}${suffixOf(message.sender)}` };
    if (own.conversationId.length > CONVERSATION_ID_CHARS_MAX) return message;
    const isOwn =
      records.judge(own, receivers).now !== undefined ||
      records.judge(message, receivers).error?.details["rule"] === "participants-only";
    return isOwn ? own : message;
  }

  #serve(service: "ams" | "df", acl: AclMessage, sender: AgentIdentifier): void {
    // What is itself an answer gets none.
    if (acl.performative !== "request") return;
    const { remotes, agents } = this.#parts;
    const parts = { names: this.#names, remotes, agents };
    this.#reply(acl, sender, { ...manage(parts, service, { content: acl.content ?? "", sender }), from: service });
  }

  /** Replies as the platform. A failed delivery of the reply is only logged, because the requester has its own deadline. */
  #reply(acl: AclMessage, to: AgentIdentifier, { performative, content, from }: Reply): void {
    if (acl.performative === "failure" || acl.performative === "not-understood") return;
    const answered: AclMessage = {
      ...acl,
      performative,
      sender: this.#names.outside(from),
      receiver: [to],
      replyTo: [],
      content,
      inReplyTo: acl.replyWith,
      replyWith: undefined,
      replyBy: undefined,
      parameters: {},
    };
    const known = to.addresses.length > 0 ? to : (this.#parts.remotes.find(to.name)?.id ?? to);
    void this.#send(answered, known);
  }
}

type Arrived = { readonly acl: AclMessage; readonly sender: AgentIdentifier; readonly receivers: readonly string[] };
type Reply = { readonly performative: AclMessage["performative"]; readonly content: string; readonly from: string };

const refusedContent = ({ code, message, hint }: MessageError): Reply => ({
  performative: code === "AGENT_NOT_FOUND" ? "failure" : "not-understood",
  content: `((internal-error ${JSON.stringify(`${code}: ${message}. ${hint}`)}))`,
  from: "ams",
});

const suffixOf = (name: string): string => ` (${name})`;

/** The conversation's id as `#placed` found it. */
const outsideId = ({ conversationId }: Message, recipient: string): string => {
  const suffix = suffixOf(recipient);
  const isOwn = conversationId.toLowerCase().endsWith(suffix.toLowerCase());
  return isOwn ? conversationId.slice(0, -suffix.length) : conversationId;
};

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server does not listen");
  return address;
}

/** Each answer ends its connection: some clients wait for the end of it, whatever the head says. */
function answer(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": Buffer.byteLength(text),
    Connection: "close",
  });
  response.end(text);
}

/** The whole body; undefined when it is longer than `bytesMax`. */
async function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const piece: Buffer = Buffer.from(chunk);
    bytes += piece.length;
    if (bytes > bytesMax) return undefined;
    chunks.push(piece);
  }
  return Buffer.concat(chunks);
}
