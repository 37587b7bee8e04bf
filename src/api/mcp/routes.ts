import type { Exchange, ProtocolScope } from "../http/index.ts";
import type { ApiServices } from "../operations/index.ts";
import type { Endpoint } from "./endpoint.ts";
import type { McpOptions } from "./options.ts";
import { MCP_PATH, METADATA_PATHS, metadataOf } from "./protected-resource.ts";

/** The routes of the MCP server. What speaks the protocol is loaded with the first request. */
export function mcpRoutes(scope: ProtocolScope, services: ApiServices, options: McpOptions): void {
  let endpoint: Promise<Endpoint> | undefined;
  const open = async (): Promise<Endpoint> => {
    const loaded = await import("./endpoint.ts");
    return new loaded.Endpoint(services, options);
  };
  const handle = async (exchange: Exchange) => {
    endpoint ??= open();
    return exchange.send(await (await endpoint).answer(exchange));
  };
  for (const method of ["GET", "POST", "DELETE"] as const) scope.route({ method, path: MCP_PATH, handle });
  for (const { path, resource } of options.issuers.length === 0 ? [] : METADATA_PATHS) {
    const describe = async (exchange: Exchange) => metadataOf(exchange, resource, options);
    scope.route({ method: "GET", path, isPublic: true, handle: describe });
  }
  scope.onClose(async () => (await endpoint)?.close());
}
