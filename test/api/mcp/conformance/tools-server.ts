// The tools that the server scenarios of the conformance suite call, as a tool server.
import { setTimeout as sleep } from "node:timers/promises";
import { McpServer } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import * as z from "zod";

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
const WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA=";

function toolsServer(): McpServer {
  const server = new McpServer({ name: "conformance", version: "1.0.0" });
  server.registerTool("test_simple_text", { description: "A tool of the suite", inputSchema: z.object({}) }, () => ({
    content: [{ type: "text", text: "This is a simple text response for testing." }],
  }));
  server.registerTool("test_image_content", { description: "A tool of the suite", inputSchema: z.object({}) }, () => ({
    content: [{ type: "image", data: PNG, mimeType: "image/png" }],
  }));
  server.registerTool("test_audio_content", { description: "A tool of the suite", inputSchema: z.object({}) }, () => ({
    content: [{ type: "audio", data: WAV, mimeType: "audio/wav" }],
  }));
  server.registerTool(
    "test_embedded_resource",
    { description: "A tool of the suite", inputSchema: z.object({}) },
    () => ({
      content: [
        {
          type: "resource",
          resource: {
            uri: "test://embedded-resource",
            mimeType: "text/plain",
            text: "This is an embedded resource content.",
          },
        },
      ],
    }),
  );
  server.registerTool(
    "test_multiple_content_types",
    { description: "A tool of the suite", inputSchema: z.object({}) },
    () => ({
      content: [
        { type: "text", text: "Multiple content types test:" },
        { type: "image", data: PNG, mimeType: "image/png" },
        {
          type: "resource",
          resource: {
            uri: "test://mixed-content-resource",
            mimeType: "application/json",
            text: '{"test":"data","value":123}',
          },
        },
      ],
    }),
  );
  server.registerTool("test_error_handling", { description: "A tool of the suite", inputSchema: z.object({}) }, () => ({
    isError: true,
    content: [{ type: "text", text: "This tool intentionally returns an error for testing" }],
  }));
  server.registerTool(
    "test_tool_with_progress",
    { description: "A tool of the suite", inputSchema: z.object({}) },
    async (_given, { mcpReq }) => {
      const { _meta: { progressToken } = {} } = mcpReq;
      for (const progress of [0, 50, 100]) {
        if (progressToken !== undefined)
          await mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress, total: 100 } });
        await sleep(50);
      }
      return { content: [{ type: "text", text: "Done." }] };
    },
  );
  return server;
}

serveStdio(toolsServer);
