import * as z from "zod";
import { SIDE_EFFECTS } from "../../agents/permissions/index.ts";
import { durationText, sizeText } from "../../text/documents/index.ts";
import { REFERENCE } from "../../text/references/index.ts";
import { isReservedToolServer } from "../../tools/catalogue/index.ts";

const HOUR_MS = 3_600_000;

const AuthTable = z
  .strictObject({
    type: z
      .enum(["token", "client-credentials", "oauth"])
      .optional()
      .meta({ description: "oauth: a person signs in; default: by the other keys" }),
    token: z
      .string()
      .min(1)
      .optional()
      .meta({ description: "Bearer token, preferably as ${env:NAME} or ${file:path}" }),
    client_id: z.string().min(1).optional(),
    client_secret: z.string().min(1).optional().meta({ description: "Preferably as ${env:NAME} or ${file:path}" }),
    token_url: z
      .string()
      .optional()
      .meta({ description: "OAuth token endpoint; default: discovered from the server's metadata" }),
    issuer: z
      .string()
      .optional()
      .meta({ description: "Only authorization server that may receive the secret if the endpoint is discovered" }),
    scopes: z.array(z.string().min(1)).default([]),
    resource: z
      .string()
      .optional()
      .meta({ description: "Resource indicator of tokens (RFC 8707); default: the server's URL" }),
  })
  .refine(
    ({ type, token, client_id: id, client_secret: secret }) => {
      if (type === "oauth") return token === undefined;
      const isToken = type === "token" || (type === undefined && token !== undefined);
      return isToken
        ? token !== undefined && id === undefined && secret === undefined
        : token === undefined && id !== undefined && secret !== undefined;
    },
    { error: 'give either token, or client_id and client_secret, or type = "oauth" without token' },
  )
  .refine(({ type, token_url: url }) => type !== "oauth" || url === undefined, {
    error: 'type = "oauth" discovers the token endpoint: leave out token_url, and set issuer',
  })
  .refine(
    ({ type, client_id: id, client_secret: secret, issuer }) =>
      type !== "oauth" || secret === undefined || (id !== undefined && issuer !== undefined),
    { error: 'type = "oauth" with client_secret needs client_id, and issuer, which alone receives the secret' },
  );

/** `[mcp_servers.<name>]` */
export const McpServerTable = z
  .strictObject({
    enabled: z.boolean().default(true),
    url: z.string().min(1).optional().meta({ description: "Streamable HTTP URL of the server" }),
    headers: z
      .record(z.string(), z.string())
      .default({})
      .meta({ description: "Headers of every request; values may be ${env:NAME}, ${file:path}, ${secret:NAME}" }),
    auth: AuthTable.optional(),
    command: z.string().min(1).optional().meta({ description: "Program to start; it runs as this user, unsandboxed" }),
    args: z.array(z.string()).default([]),
    env: z.record(z.string(), z.string()).default({}).meta({
      description: "Environment variables of the program, in addition to PATH; values may contain references",
    }),
    cwd: z.string().optional().meta({ description: "Relative to the file that sets it" }),
    timeout: durationText({ minMs: 100, maxMs: HOUR_MS })
      .prefault("60s")
      .meta({ description: "Idle timeout per call; a progress notification resets it" }),
    tools: z.array(z.string().min(1)).optional().meta({ description: "Names of the tools to import; default: all" }),
    limits: z
      .strictObject({
        deadline: durationText({ minMs: 100, maxMs: 24 * HOUR_MS })
          .prefault("10m")
          .meta({ description: "Time limit of one call, regardless of progress" }),
        result_bytes: sizeText({ minBytes: 1_024, maxBytes: 64 * 1024 ** 2 }).prefault("4MiB"),
        concurrent_calls: z.int().min(1).max(1_000).default(16),
        calls_per_minute: z.int().min(1).max(1_000_000).default(6_000),
      })
      .prefault({}),
  })
  .refine(({ url, command }) => (url === undefined) !== (command === undefined), {
    error: "give either url, or command",
  });
export type McpServerTable = z.output<typeof McpServerTable>;

/** Names as they stand before the dot in `server.tool`. A program outside of the sandbox never answers under the name of a built-in tool server. */
export const McpServerName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, { error: "use at most 63 lower-case letters, digits, _ and -" })
  .refine((name) => !isReservedToolServer(name), {
    error: (issue) =>
      `is the name of a built-in tool server; choose another, for example [mcp_servers.${String(issue.input)}-mcp]`,
  });

/** Variables that servers of the configuration refer to, and what finds their programs. */
export function mcpVariables({ mcp_servers: servers }: { readonly mcp_servers: object }): readonly string[] {
  const names = [...JSON.stringify(servers).matchAll(REFERENCE)].flatMap(([, kind, name]) =>
    kind === "env" && name !== undefined ? [name] : [],
  );
  return Object.keys(servers).length === 0 ? [] : [...names, "PATH"];
}

export const OpenAiTable = z
  .strictObject({
    side_effects: z.enum(SIDE_EFFECTS).default("ask").meta({
      description:
        "Calls of tools with side effects in runs of this API. ask: each needs an approval; allow: as the agent's permissions say; deny: the model does not get these tools",
    }),
    auxiliary: z
      .array(z.string().min(1).max(200))
      .default(["### Task:", "Provide a concise, 5-word-or-less title", "Write a concise title for this conversation"])
      .meta({
        description:
          "Beginnings of the last message by which requests for titles, tags and the like are recognized; they run without tools and memory",
      }),
    cancel_on_disconnect: z
      .boolean()
      .default(false)
      .meta({ description: "Whether a run is cancelled when its client disconnects" }),
  })
  .prefault({})
  .meta({ description: "The OpenAI-compatible API at /v1" });

export const McpTable = z
  .strictObject({
    expose: z
      .array(z.string().regex(/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)?$/, { error: "expected server or server.tool" }))
      .default(["memory"])
      .meta({
        description: "Tools besides agents that MCP clients may call, as server or server.tool",
        examples: [["memory", "calculator", "csv_parser.describe"]],
      }),
    approvals: z.enum(["url", "form"]).default("url").meta({
      description:
        "How MCP clients ask for approvals: by a link to the dashboard, or by a form. Some clients accept forms without a person",
    }),
  })
  .prefault({})
  .meta({ description: "The MCP server at /mcp" });
