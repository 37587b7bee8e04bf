import * as z from "zod";
import { ROUTES, tools } from "../contract/index.ts";
import { callTool, getToolServer, listToolServers, toolLogs } from "../operations/index.ts";
import { clientGone } from "./client-gone.ts";
import type { Http, HttpContext } from "./context.ts";
import { failures } from "./responses.ts";

const tags = ["tools"];

export function toolRoutes(http: Http, { services }: HttpContext): void {
  http.get(
    ROUTES.tools,
    {
      schema: {
        tags,
        summary: "List tool servers with their tools",
        response: { 200: tools.ToolServerList, ...failures },
      },
    },
    async () => listToolServers(services),
  );
  http.get(
    ROUTES.toolServer,
    {
      schema: {
        tags,
        summary: "One tool server",
        params: z.object({ server: z.string() }),
        response: { 200: tools.ToolServerDetail, ...failures },
      },
    },
    async ({ params: { server } }) => getToolServer(services, server),
  );
  http.get(
    ROUTES.toolLogs,
    {
      schema: {
        tags,
        summary: "What a tool server wrote to its log lately",
        params: z.object({ server: z.string() }),
        response: { 200: tools.ToolLog, ...failures },
      },
    },
    async ({ params: { server } }) => toolLogs(services, server),
  );
  http.post(
    ROUTES.callTool,
    {
      schema: {
        tags,
        summary: "Call a tool by hand",
        params: z.object({ server: z.string(), tool: z.string() }),
        body: tools.CallToolBody,
        response: { 200: tools.ToolCallOutcome, ...failures },
      },
    },
    async ({ params, body }, reply) => callTool(services, params, body, clientGone(reply).signal),
  );
}
