// Serves the MCP endpoint that the server scenarios of the conformance suite call, and prints its address. The suite calls tools
// by names of its own; in between, they get the prefix of the tool server that has them.
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { join } from "node:path";
import process, { stdout } from "node:process";
import { buffer } from "node:stream/consumers";
import { startServer } from "../../../helpers/server.ts";

const PREFIX = "conformance__";
const SUITE_TOOL = /"name":\s*"(test_|json_schema_)/g;

const server = await startServer({
  settings: {
    "mcp.expose": ["conformance"],
    "mcp_servers.conformance": {
      command: process.execPath,
      args: [join(import.meta.dirname, "tools-server.ts")],
    },
  },
});

const atServer = (text: string): string => text.replace(`:${portOf()}`, `:${new URL(server.url).port}`);

async function forward(from: IncomingMessage, to: ServerResponse): Promise<void> {
  const body = (await buffer(from)).toString().replaceAll(SUITE_TOOL, `"name":"${PREFIX}$1`);
  const { "mcp-name": name, host = "", origin, ...headers } = from.headers;
  const isTool = typeof name === "string" && /^(?:test_|json_schema_)/.test(name);
  const onward = request(new URL(from.url ?? "/", server.url), {
    method: from.method ?? "POST",
    headers: {
      ...headers,
      // A foreign host and a foreign origin stay what they are.
      host: atServer(host),
      ...(origin !== undefined && { origin: atServer(origin) }),
      ...(name !== undefined && { "mcp-name": isTool ? PREFIX + name : name }),
      "content-length": Buffer.byteLength(body),
    },
  });
  onward.on("response", (answer) => {
    to.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.on("data", (piece: Buffer) => to.write(piece.toString().replaceAll(PREFIX, "")));
    answer.on("end", () => to.end());
  });
  onward.on("error", () => to.destroy());
  to.on("close", () => onward.destroy());
  onward.end(body);
}

const proxy = createServer((from, to) => void forward(from, to)).listen(0, "127.0.0.1");
await once(proxy, "listening");
function portOf(): number {
  const bound = proxy.address();
  return typeof bound === "object" && bound !== null ? bound.port : 0;
}
stdout.write(`http://127.0.0.1:${portOf()}/mcp\n`);
process.once("SIGTERM", () => {
  proxy.close();
  proxy.closeAllConnections();
  void server[Symbol.asyncDispose]().then(() => process.exit(0));
});
