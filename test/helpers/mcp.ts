import { Client, type ClientOptions, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

export const REVISIONS = ["2025-11-25", "2026-07-28"] as const;
export type Revision = (typeof REVISIONS)[number];

export type Connecting = {
  readonly revision: Revision;
  readonly key?: string | undefined;
  readonly workspace?: string;
  readonly options?: ClientOptions;
  /** Before the connection: for handlers of the server's requests. */
  readonly prepare?: (client: Client) => void;
};

export type Connected = AsyncDisposable & {
  readonly client: Client;
  readonly transport: StreamableHTTPClientTransport;
};

/** The official client, connected to the MCP server of a Caxton. */
export async function connectMcp(url: string, connecting: Connecting): Promise<Connected> {
  const { revision, key, workspace, options, prepare } = connecting;
  const mode = revision === "2026-07-28" ? { pin: revision } : "legacy";
  const client = new Client({ name: "test", version: "1.0.0" }, { ...options, versionNegotiation: { mode } });
  prepare?.(client);
  const headers = {
    ...(key !== undefined && { authorization: `Bearer ${key}` }),
    ...(workspace !== undefined && { "x-caxton-workspace": workspace }),
  };
  const transport = new StreamableHTTPClientTransport(new URL("/mcp", url), { requestInit: { headers } });
  await client.connect(transport);
  return { client, transport, [Symbol.asyncDispose]: () => client.close() };
}
