import { createMcpHandler, isLegacyRequest, type McpHttpHandler } from "@modelcontextprotocol/server";
import { log } from "../../kernel/log.ts";
import type { Exchange } from "../http/index.ts";
import type { ApiServices } from "../operations/index.ts";
import { callerIn, CallerInfo } from "./caller-info.ts";
import type { McpOptions } from "./options.ts";
import { ListChanges, ListenBus } from "./list-changes.ts";
import { McpSurface } from "./mcp-surface.ts";
import { KEEP_ALIVE_MS, Sessions } from "./sessions.ts";

/** The MCP server at one URL. Requests of 2026-07-28 have no state; clients of 2025 have sessions. */
export class Endpoint {
  readonly #publicUrl: string | undefined;
  readonly #surface: McpSurface;
  readonly #listening: ListenBus;
  readonly #handler: McpHttpHandler;
  readonly #sessions: Sessions;

  constructor(services: ApiServices, options: McpOptions) {
    this.#publicUrl = services.server.publicUrl;
    this.#surface = new McpSurface(services, options);
    const changes = new ListChanges(options.expose, services.server.clock);
    this.#listening = new ListenBus(changes);
    this.#handler = createMcpHandler(({ authInfo }) => this.#surface.createServer("request", callerIn(authInfo)), {
      legacy: "reject",
      bus: this.#listening,
      // A stream has comments while a call waits, so that no proxy and no client ends it.
      responseMode: "sse",
      keepAliveMs: KEEP_ALIVE_MS,
      onerror: (error) => log.debug({ err: error }, "MCP request failed"),
    });
    this.#sessions = new Sessions({
      create: (caller) => this.#surface.createServer("session", caller),
      changes,
      clock: services.server.clock,
    });
  }

  async answer({ request, reply, caller }: Exchange): Promise<Response> {
    const body = request.body ?? undefined;
    const url = new URL(request.url, `${request.protocol}://${request.host}`);
    const authInfo = new CallerInfo(caller.detached(), this.#publicUrl ?? url.origin);
    const web = new Request(url, {
      method: request.method,
      headers: headersOf(request.headers),
      signal: caller.signal,
    });
    if (!(await isLegacyRequest(web, body)))
      return this.#listening.serve(authInfo.caller, () => this.#handler.fetch(web, { parsedBody: body, authInfo }));
    const onEnd = (ended: () => void) => void reply.raw.once("close", ended);
    return this.#sessions.answer({ web, body, authInfo, onEnd });
  }

  async close(): Promise<void> {
    this.#surface.close();
    await this.#sessions.close();
    await this.#handler.close();
  }
}

function headersOf(headers: Exchange["request"]["headers"]): Headers {
  const sent = new Headers();
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) sent.set(name, String(value));
  return sent;
}
