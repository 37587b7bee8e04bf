import { randomUUID } from "node:crypto";
import {
  isInitializeRequest,
  type Server,
  WebStandardStreamableHTTPServerTransport as Transport,
} from "@modelcontextprotocol/server";
import type { Clock } from "../../kernel/clock.ts";
import type { Caller } from "../operations/index.ts";
import { type CallerInfo, ownerOf } from "./caller-info.ts";
import { INVALID_REQUEST } from "./errors.ts";
import { type List, type ListChanges, LISTS } from "./list-changes.ts";

/** Sessions that are kept; for a further one, another ends. */
export const SESSIONS_MAX = 1_000;
/** Time without a request after which a session ends. */
export const SESSION_IDLE_MS = 600_000;
/** Interval of comments in streams, so that no proxy ends one that waits. */
export const KEEP_ALIVE_MS = 10_000;

type Session = {
  readonly transport: Transport;
  readonly server: Server;
  readonly owner: string;
  /** Permissions at the last request. */
  rights: string;
  /** Whether the client has opened the stream of notifications before. */
  hasFollowed: boolean;
  usedAtMs: number;
  /** Responses that are not complete. */
  open: number;
};

export type SessionRequest = {
  readonly web: Request;
  readonly body: unknown;
  readonly authInfo: CallerInfo;
  /** Calls back when the response is complete or the client is gone. */
  readonly onEnd: (ended: () => void) => void;
};

export type SessionPorts = {
  readonly create: (caller: Caller) => Server;
  readonly changes: ListChanges;
  readonly clock: Clock;
};

/** The sessions of clients of the 2025 revisions. They are in memory: after a restart, clients initialize again. */
export class Sessions {
  readonly #create: SessionPorts["create"];
  readonly #changes: ListChanges;
  readonly #clock: Clock;
  /** By id, the longest unused first. */
  readonly #sessions = new Map<string, Session>();

  constructor({ create, changes, clock }: SessionPorts) {
    this.#create = create;
    this.#changes = changes;
    this.#clock = clock;
  }

  async answer(request: SessionRequest): Promise<Response> {
    const { web, body, authInfo } = request;
    const owner = ownerOf(authInfo.caller);
    await this.#endIdle();
    const id = web.headers.get("mcp-session-id");
    if (id !== null) {
      const found = this.#sessions.get(id);
      // A session of another principal is answered as one that does not exist.
      return found?.owner === owner
        ? this.#use(id, found, request)
        : refusal(404, "this session does not exist, or it has ended. Send initialize again");
    }
    if (!isInitializeRequest(body))
      return refusal(400, "Mcp-Session-Id is missing. Send initialize first, or requests of revision 2026-07-28");
    const transport = await this.#start(authInfo.caller);
    return transport.handleRequest(web, { parsedBody: body, authInfo });
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#sessions.values(), ({ transport }) => transport.close()));
  }

  #use(id: string, session: Session, request: SessionRequest): Promise<Response> {
    const { web, body, authInfo, onEnd } = request;
    session.usedAtMs = this.#clock.monotonicMs();
    session.open += 1;
    this.#sessions.delete(id);
    this.#sessions.set(id, session);
    onEnd(() => {
      session.open -= 1;
      session.usedAtMs = this.#clock.monotonicMs();
    });
    const rights = rightsOf(authInfo.caller);
    if (rights !== session.rights) notifyAll(session.server);
    session.rights = rights;
    return web.method === "GET"
      ? this.#follow(session, request)
      : session.transport.handleRequest(web, { parsedBody: body, authInfo });
  }

  /** Opens the stream of notifications, which ends with the credentials of the caller. */
  async #follow(session: Session, { web, authInfo: { caller }, onEnd }: SessionRequest): Promise<Response> {
    const { transport, server } = session;
    const response = await transport.handleRequest(web);
    if (!response.ok) return response;
    const over = new AbortController();
    const end = () => transport.closeStandaloneSSEStream();
    caller.signal.addEventListener("abort", end, { once: true, signal: over.signal });
    onEnd(() => over.abort());
    // A client that connects again may have missed changes.
    if (session.hasFollowed) notifyAll(server);
    session.hasFollowed = true;
    void this.#changes.follow(caller, { signal: over.signal, onChange: (list) => notify(server, list) });
    return response;
  }

  async #start(caller: Caller): Promise<Transport> {
    await this.#makeRoom();
    const server = this.#create(caller);
    const transport = new Transport({
      sessionIdGenerator: randomUUID,
      keepAliveMs: KEEP_ALIVE_MS,
      onsessioninitialized: (id) => {
        const usedAtMs = this.#clock.monotonicMs();
        const [owner, rights] = [ownerOf(caller), rightsOf(caller)];
        this.#sessions.set(id, { transport, server, owner, rights, hasFollowed: false, usedAtMs, open: 0 });
      },
    });
    await server.connect(transport);
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the library's own hook; it has no listeners
    server.onclose = () => {
      if (transport.sessionId !== undefined) this.#sessions.delete(transport.sessionId);
    };
    return transport;
  }

  async #endIdle(): Promise<void> {
    const idleSince = this.#clock.monotonicMs() - SESSION_IDLE_MS;
    for (const [, { transport, open, usedAtMs }] of this.#sessions)
      if (open === 0 && usedAtMs <= idleSince) await transport.close();
  }

  /** Ends a session of the principal that has the most, so that none takes those of the others. */
  async #makeRoom(): Promise<void> {
    if (this.#sessions.size < SESSIONS_MAX) return;
    const all = [...this.#sessions.values()];
    const byOwner = Object.values(Object.groupBy(all, ({ owner }) => owner));
    const most = byOwner.reduce<readonly Session[]>(
      (longest, list = []) => (list.length > longest.length ? list : longest),
      [],
    );
    const ended = most.find(({ open }) => open === 0) ?? most[0];
    await ended?.transport.close();
  }
}

const refusal = (status: number, message: string): Response =>
  Response.json({ jsonrpc: "2.0", id: null, error: { code: INVALID_REQUEST, message } }, { status });

/** The permissions on which lists depend, as a text. */
const rightsOf = ({ principal: { permissions, narrowed } }: Caller): string =>
  JSON.stringify([...permissions, narrowed.map((grant) => [...grant.permissions, grant.only])]);

const SEND = {
  tools: (server) => server.sendToolListChanged(),
  resources: (server) => server.sendResourceListChanged(),
  prompts: (server) => server.sendPromptListChanged(),
} as const satisfies Record<List, (server: Server) => Promise<void>>;

/** A client without a stream of notifications, or one that is gone, misses them. */
const notify = (server: Server, list: List): void => void SEND[list](server).catch(() => undefined);

function notifyAll(server: Server): void {
  for (const list of LISTS) notify(server, list);
}
