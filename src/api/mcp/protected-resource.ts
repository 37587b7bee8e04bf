import { originAt, type Exchange } from "../http/index.ts";
import type { McpOptions } from "./options.ts";

const WELL_KNOWN = "/.well-known/oauth-protected-resource";
/** The path of the MCP server. */
export const MCP_PATH = "/mcp";

/** Paths of the metadata of RFC 9728, each with the path of the resource that it describes. */
export const METADATA_PATHS = [
  { path: WELL_KNOWN, resource: "" },
  { path: `${WELL_KNOWN}${MCP_PATH}`, resource: MCP_PATH },
] as const;

/** The address of the server as clients know it; `origin` is that of the request. */
const baseOf = (origin: string | undefined, { publicUrl }: McpOptions): string | undefined =>
  publicUrl?.replace(/\/$/, "") ?? origin;

/** Where clients get tokens for the resource at a path of this server. */
export const metadataOf = ({ request }: Exchange, resource: string, options: McpOptions) => ({
  resource: `${baseOf(originAt(request), options) ?? ""}${resource}`,
  authorization_servers: [...options.issuers],
  bearer_methods_supported: ["header"],
  resource_name: "Caxton",
});

/** The header `WWW-Authenticate` of a response without valid credentials. It names the metadata if an issuer's tokens are accepted. */
export function challengeOf(origin: string | undefined, options: McpOptions): string {
  const realm = 'Bearer realm="caxton"';
  const base = baseOf(origin, options);
  if (base === undefined || options.issuers.length === 0) return realm;
  return `${realm}, resource_metadata="${base}${WELL_KNOWN}${MCP_PATH}"`;
}
