// A tool server over standard input and output, written by hand: node form-server.ts. Its tools say what they are given.
import { createInterface } from "node:readline";
import * as z from "zod";

const Request = z.object({
  id: z.union([z.int(), z.string()]),
  method: z.string(),
  params: z.record(z.string(), z.unknown()).default({}),
});

const TOOLS = [
  {
    name: "note",
    title: "Keep a note",
    description: "Keeps a note, with everything a form may have to ask.",
    inputSchema: {
      type: "object",
      properties: {
        title: { type: "string", description: "What it is about", examples: ["Groceries"] },
        priority: { type: "integer", default: 3 },
        share: { anyOf: [{ type: "number" }, { type: "null" }] },
        pinned: { type: "boolean" },
        colour: {
          oneOf: [
            { const: "r", title: "Red" },
            { const: "g", title: "Green" },
          ],
        },
        tags: { type: "array", items: { type: "string" }, default: ["todo"] },
        place: { $ref: "#/$defs/Place" },
        extra: {},
      },
      required: ["title"],
      examples: [{ title: "Milk", tags: ["shop", "soon"], priority: 1 }],
      $defs: {
        Place: {
          type: "object",
          properties: { town: { type: "string" }, floor: { type: ["string", "number"] } },
          required: ["town"],
        },
      },
    },
  },
  {
    name: "draw",
    title: "Draw",
    description: "Answers with an image and a document.",
    inputSchema: { type: "object", properties: {} },
  },
  {
    name: "wait",
    title: "Wait",
    description: "Answers when the call is over.",
    inputSchema: { type: "object", properties: {} },
  },
];

/** One red point. */
const IMAGE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
const DRAWN = [
  { type: "image", mimeType: "image/png", data: IMAGE },
  {
    type: "resource",
    resource: { uri: "file:///report.pdf", mimeType: "application/pdf", blob: Buffer.from("%PDF-").toString("base64") },
  },
];

const say = (message: object): void => void process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);

process.stderr.write("the form server listens\n");
createInterface({ input: process.stdin }).on("line", (line) => {
  const { success, data } = Request.safeParse(JSON.parse(line));
  if (!success) return;
  const { id, method, params } = data;
  switch (method) {
    case "initialize":
      return say({
        id,
        result: {
          protocolVersion: params["protocolVersion"],
          capabilities: { tools: {} },
          serverInfo: { name: "forms", version: "0.3.1" },
        },
      });
    case "tools/list":
      return say({ id, result: { tools: TOOLS } });
    case "tools/call":
      process.stderr.write(`asked for ${String(params["name"])}\n`);
      if (params["name"] === "wait") return undefined;
      if (params["name"] === "draw") return say({ id, result: { content: DRAWN } });
      return say({ id, result: { content: [{ type: "text", text: JSON.stringify(params["arguments"]) }] } });
    case "ping":
      return say({ id, result: {} });
    default:
      return say({ id, error: { code: -32_601, message: "no such method" } });
  }
});
