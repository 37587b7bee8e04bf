import { resolve } from "node:path";
import type { McpAuth, McpServerSettings } from "../../tools/remote/index.ts";
import { baseOf, type LoadedConfig, type McpServerTable } from "../config/index.ts";

/** The enabled servers of `mcp_servers`. */
export const mcpSettings = (loaded: LoadedConfig): readonly McpServerSettings[] =>
  Object.entries(loaded.config.mcp_servers)
    .filter(([, { enabled }]) => enabled)
    .map(([name, table]) => settingsOf(name, table, baseOf(loaded)));

function settingsOf(name: string, table: McpServerTable, base: string): McpServerSettings {
  const { limits } = table;
  return {
    name,
    transport:
      table.url === undefined
        ? {
            type: "process",
            command: table.command ?? "",
            args: table.args,
            environment: table.env,
            cwd: table.cwd === undefined ? undefined : resolve(base, table.cwd),
          }
        : { type: "http", url: table.url, headers: table.headers, auth: authOf(table.auth) },
    timeoutMs: table.timeout,
    tools: table.tools,
    limits: {
      deadlineMs: limits.deadline,
      resultBytesMax: limits.result_bytes,
      concurrentMax: limits.concurrent_calls,
      callsPerMinuteMax: limits.calls_per_minute,
    },
  };
}

function authOf(auth: McpServerTable["auth"]): McpAuth {
  if (auth === undefined) return { type: "none" };
  if (auth.type === "oauth") {
    const { client_id: clientId, client_secret: clientSecret, issuer, scopes, resource } = auth;
    return { type: "oauth", clientId, clientSecret, issuer, scopes, resource };
  }
  if (auth.token !== undefined) return { type: "bearer", token: auth.token };
  return {
    type: "client-credentials",
    clientId: auth.client_id ?? "",
    clientSecret: auth.client_secret ?? "",
    tokenUrl: auth.token_url,
    issuer: auth.issuer,
    scopes: auth.scopes,
    resource: auth.resource,
  };
}
