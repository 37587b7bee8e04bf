// A hostile server of 2025 as a process: node flood-server.ts <what it sends without a pause when a tool is called>
import { createInterface } from "node:readline";

const piece = `${process.argv[2] ?? ""}\n`.repeat(1_000);
const answers = new Map<string, object>([
  [
    "initialize",
    { protocolVersion: "2025-06-18", serverInfo: { name: "h", version: "1" }, capabilities: { tools: {} } },
  ],
  ["tools/list", { tools: [{ name: "go", inputSchema: { type: "object" } }] }],
  ["ping", {}],
]);

const flood = (): void => {
  while (process.stdout.write(piece));
  process.stdout.once("drain", flood);
};

createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method } = JSON.parse(line);
  if (method === "tools/call") flood();
  else if (id !== undefined && method !== undefined) {
    const result = answers.get(method);
    const outcome = result ? { result } : { error: { code: -32_601, message: "no such method" } };
    process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, ...outcome })}\n`);
  }
});
