import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text as textIn } from "node:stream/consumers";
import { NodeStreamableHTTPServerTransport } from "@modelcontextprotocol/node";
import { createMcpHandler, type McpHttpHandler, type McpServerFactory } from "@modelcontextprotocol/server";
import {
  DEFAULT_MCP_LIMITS,
  type McpDeps,
  type McpHttp,
  type McpProcess,
  type McpServerSettings,
  McpToolRunner,
} from "../../../src/tools/remote/index.ts";
import { systemClock } from "../../../src/kernel/clock.ts";
import { mint, ToolCallId } from "../../../src/kernel/ids.ts";
import type { JsonObject } from "../../../src/kernel/json.ts";
import { Redaction } from "../../../src/text/redaction/index.ts";
import type { CallContext, ToolCall, ToolResult, ToolServer } from "../../../src/tools/catalogue/index.ts";

/** An HTTP server on a port of its own, which can be stopped and started again on the same one. */
export class Endpoint implements AsyncDisposable {
  #server: Server | undefined;
  #port = 0;
  /** Every request that came, newest last. */
  readonly requests: { readonly method: string; readonly headers: IncomingMessage["headers"] }[] = [];

  static async start(listener: RequestListener): Promise<Endpoint> {
    const endpoint = new Endpoint();
    await endpoint.start(listener);
    return endpoint;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/mcp`;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(listener: RequestListener): Promise<void> {
    const server = createServer((request, response) => {
      this.requests.push({ method: request.method ?? "", headers: request.headers });
      listener(request, response);
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(this.#port, "127.0.0.1", resolve);
    await promise;
    this.#server = server;
    const address: AddressInfo | string | null = server.address();
    if (typeof address === "object" && address !== null) this.#port = address.port;
  }

  /** Cuts every connection, as a process that is killed does. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    server.closeAllConnections();
    await promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Speaks only the revision of 2026. */
export function modernHandler(factory: McpServerFactory): {
  readonly listener: RequestListener;
  readonly handler: McpHttpHandler;
} {
  const handler = createMcpHandler(factory, { legacy: "reject" });
  return { handler, listener: (request, response) => void answer(handler, request, response) };
}

/** One request through a handler of the web's own types; the handler hears when its client goes. */
async function answer(handler: McpHttpHandler, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const headers = Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
    typeof value === "string" ? [[name, value]] : [],
  );
  const body = request.method === "POST" ? await textIn(request) : null;
  const url = `http://${request.headers.host ?? "localhost"}${request.url ?? "/"}`;
  const given = await handler.fetch(
    new Request(url, { method: request.method ?? "GET", headers, body, signal: gone.signal }),
  );
  response.writeHead(given.status, Object.fromEntries(given.headers));
  try {
    for await (const chunk of given.body ?? []) response.write(chunk);
  } finally {
    response.end();
  }
}

/** Speaks only the revisions of 2025, with sessions it forgets when it ends. */
export function legacyListener(factory: McpServerFactory): RequestListener {
  const sessions = new Map<string, NodeStreamableHTTPServerTransport>();
  const open = async (): Promise<NodeStreamableHTTPServerTransport> => {
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, transport),
    });
    const server = await factory({ era: "legacy" });
    await server.connect(transport);
    return transport;
  };
  return (request, response) => {
    void (async () => {
      const id = request.headers["mcp-session-id"];
      const known = typeof id === "string" ? sessions.get(id) : undefined;
      if (id !== undefined && known === undefined) {
        response.writeHead(404).end();
        return;
      }
      await (known ?? (await open())).handleRequest(request, response);
    })();
  };
}

export const httpAt = (url: string, more: Partial<McpHttp> = {}): McpHttp => ({
  type: "http",
  url,
  headers: {},
  auth: { type: "none" },
  ...more,
});

export const processOf = (args: readonly string[], more: Partial<McpProcess> = {}): McpProcess => ({
  type: "process",
  command: process.execPath,
  args,
  environment: {},
  cwd: undefined,
  ...more,
});

/** Keeps secrets of the server in a map, by name. */
export const vaultOf = (kept: Map<string, string>): McpDeps["signIns"]["vault"] => ({
  set: async (name, value) => void kept.set(name, value),
  read: (name) => kept.get(name),
  delete: async (name) => void kept.delete(name),
  deleteUnused: async (isUnused) => {
    for (const name of kept.keys()) if (isUnused(name)) kept.delete(name);
  },
});

type Reach = Omit<Partial<McpServerSettings>, "limits"> & { readonly limits?: Partial<McpServerSettings["limits"]> };

/** A runner with one server, called `remote`. */
export function runnerTo(
  transport: McpServerSettings["transport"],
  { limits, ...more }: Reach = {},
  deps: Partial<McpDeps> = {},
): McpToolRunner {
  const settings: McpServerSettings = {
    name: "remote",
    transport,
    timeoutMs: 10_000,
    tools: undefined,
    ...more,
    limits: { ...DEFAULT_MCP_LIMITS, ...limits },
  };
  return new McpToolRunner(
    [settings],
    {
      clock: systemClock,
      random: () => 0,
      resolve: (text) => Promise.resolve({ text, values: [] }),
      redactorOf: (confidential) => Redaction.of(confidential),
      searchPath: process.env["PATH"] ?? "",
      isTaken: () => false,
      signIns: { vault: vaultOf(new Map()), fetchPublic: fetch, callback: undefined },
      ...deps,
    },
    { retryMs: 40, retryMaxMs: 200, pingMs: 60_000 },
  );
}

/** The one server, once it is in a state. */
export async function serverIn(runner: McpToolRunner, state: ToolServer["state"]): Promise<ToolServer> {
  return until(() => {
    const [server] = runner.servers();
    return server?.state === state ? server : undefined;
  });
}

/** What a look gives, once it gives something. The test's own time limit bounds the wait. */
export async function until<Value>(look: () => Value | undefined): Promise<Value> {
  for (;;) {
    const value = look();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export const callOf = (tool: string, given: JsonObject = {}, context: Partial<CallContext> = {}): ToolCall => ({
  id: mint(ToolCallId),
  server: "remote",
  tool,
  arguments: given,
  context: { session: "one", workspace: "default", agent: undefined, files: [], ...context },
});

export const never = new AbortController().signal;

export const textOf = (result: ToolResult): string =>
  result.type === "done"
    ? result.content.map((part) => ("text" in part ? part.text : `[${part.mediaType}]`)).join("\n")
    : `${result.reason}: ${result.message}`;
