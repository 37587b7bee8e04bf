import { setTimeout as sleep } from "node:timers/promises";
import { acceptedContent, inputRequired, McpServer, type McpServerFactory } from "@modelcontextprotocol/server";
import * as z from "zod";

/** What a test sees of, and does to, the servers of one factory. */
export type ServerState = {
  /** Every call that began, by tool. */
  readonly calls: string[];
  /** Calls that were cancelled while they ran. */
  readonly cancelled: string[];
  /** Tools beside the usual ones. */
  readonly extra: string[];
  /** Resolves what a `hold` waits for. */
  readonly release: PromiseWithResolvers<void>;
};

export const newState = (): ServerState => ({
  calls: [],
  cancelled: [],
  extra: [],
  release: Promise.withResolvers(),
});

const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const Name = z.object({ name: z.string().meta({ title: "Name" }), loud: z.boolean().default(true) });

/** A real server with a tool for each thing that can happen in a call. */
export const testServer =
  (state: ServerState): McpServerFactory =>
  () => {
    const server = new McpServer(
      { name: "test", title: "Test server", version: "1.2.3" },
      { capabilities: { tools: { listChanged: true } } },
    );
    server.registerTool(
      "add",
      {
        description: "Adds two numbers\u0000\u202e",
        inputSchema: z.object({ a: z.number(), b: z.number() }),
        outputSchema: z.object({ sum: z.number() }),
        annotations: { readOnlyHint: true },
      },
      async ({ a, b }) => {
        state.calls.push("add");
        return { content: [{ type: "text", text: String(a + b) }], structuredContent: { sum: a + b } };
      },
    );
    server.registerTool("fail", { inputSchema: z.object({}) }, async () => ({
      content: [{ type: "text", text: "the disk is full" }],
      isError: true,
    }));
    server.registerTool("gallery", { inputSchema: z.object({}) }, async () => ({
      content: [
        { type: "image", data: PIXEL, mimeType: "image/png" },
        { type: "resource_link", name: "report", uri: "file:///report.pdf", mimeType: "application/pdf" },
        { type: "resource", resource: { uri: "memo://one", text: "remember", mimeType: "text/plain" } },
      ],
    }));
    server.registerTool(
      "slow",
      { inputSchema: z.object({ steps: z.int(), stepMs: z.int() }) },
      async ({ steps, stepMs }, { mcpReq }) => {
        const { _meta: meta } = mcpReq;
        const token = meta?.progressToken;
        for (let step = 1; step <= steps; step += 1) {
          await sleep(stepMs);
          if (token !== undefined)
            await mcpReq.notify({
              method: "notifications/progress",
              params: { progressToken: token, progress: step, total: steps, message: `step ${step}` },
            });
        }
        return { content: [{ type: "text", text: "done" }] };
      },
    );
    registerHold(server, state, "hold", false);
    registerHold(server, state, "hold_harmless", true);
    server.registerTool("ask", { inputSchema: z.object({}) }, async (_args, { mcpReq }) => {
      const answer = acceptedContent(mcpReq.inputResponses, "who", Name);
      if (answer) return { content: [{ type: "text", text: `${answer.loud ? "HELLO" : "hello"} ${answer.name}` }] };
      if (mcpReq.inputResponses !== undefined) return { content: [{ type: "text", text: "no answer" }] };
      return inputRequired({
        inputRequests: { who: inputRequired.elicit({ message: "Who are you?", requestedSchema: Name }) },
      });
    });
    server.registerTool("huge", { inputSchema: z.object({ bytes: z.int() }) }, async ({ bytes }) => ({
      content: [{ type: "text", text: "x".repeat(bytes) }],
    }));
    for (const name of state.extra) {
      server.registerTool(name, { inputSchema: z.object({}) }, async () => ({
        content: [{ type: "text", text: name }],
      }));
    }
    return server;
  };

/** A tool that answers when the test says so. */
function registerHold(server: McpServer, state: ServerState, name: string, isHarmless: boolean): void {
  server.registerTool(
    name,
    { inputSchema: z.object({}), annotations: { idempotentHint: isHarmless } },
    async (_args, { mcpReq }) => {
      state.calls.push(name);
      const stopped = Promise.withResolvers<void>();
      mcpReq.signal.addEventListener("abort", () => {
        state.cancelled.push(name);
        stopped.resolve();
      });
      await Promise.race([state.release.promise, stopped.promise]);
      return { content: [{ type: "text", text: "released" }] };
    },
  );
}
