import type { Exchange, ProtocolScope } from "../http/index.ts";
import type { ApiServices } from "../operations/index.ts";
import type { Endpoint } from "./endpoint.ts";
import type { McpOptions } from "./options.ts";

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
  for (const method of ["GET", "POST", "DELETE"] as const) scope.route({ method, path: "/mcp", handle });
  scope.onClose(async () => (await endpoint)?.close());
}
