// A real server as a process: node stdio-server.ts [modern|legacy] [marks...]
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { McpServer } from "@modelcontextprotocol/server";
import { serveStdio, StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import { newState, testServer } from "./test-server.ts";

const [era, ...marks] = process.argv.slice(2);
const state = newState();

process.stderr.write(`started with ${marks.join(" ")} and secret ${process.env["TOKEN"] ?? "none"}\n`);
if (marks.includes("garbage")) process.stdout.write('not json\n{"jsonrpc":"1.0"}\n[[[[\n');
// A program that does not end on its own, and one it started.
if (marks.includes("stubborn")) {
  const child = spawn(process.execPath, ["-e", "setInterval(() => undefined, 1000)"], { stdio: "ignore" });
  process.stderr.write(`grandchild ${child.pid}\n`);
  setInterval(() => undefined, 1_000);
}
const place = process.env["PID_FILE"];
if (place !== undefined) writeFileSync(place, String(process.pid));

if (era === "modern") serveStdio(testServer(state), { legacy: "reject" });
else {
  const server = await testServer(state)({ era: "legacy" });
  const transport = new StdioServerTransport();
  if (marks.includes("quits")) {
    // As older libraries do: anything before the handshake ends them.
    process.stdin.once("data", (chunk: Buffer) => {
      if (!chunk.toString().includes('"initialize"')) process.exit(1);
    });
  }
  if (server instanceof McpServer) await server.connect(transport);
}
