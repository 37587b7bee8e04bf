import type { RequestListener, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { callOf, Endpoint, httpAt, never, processOf, runnerTo, serverIn } from "./room.ts";

const SERVER = fileURLToPath(new URL("./flood-server.ts", import.meta.url));
const MESSAGES = {
  messages: JSON.stringify({ jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data: "x" } }),
  requests: JSON.stringify({ jsonrpc: "2.0", id: 7, method: "ping" }),
};
const HELLO = { protocolVersion: "2025-06-18", serverInfo: { name: "h", version: "1" }, capabilities: { tools: {} } };

/** A server of 2025 that answers the handshake properly, and lists and calls as the test wants. */
const server =
  (list: (cursor: unknown) => string, onCall: (response: ServerResponse) => void): RequestListener =>
  (incoming, response) => {
    void (async () => {
      if (incoming.method !== "POST") return response.writeHead(405).end();
      const { id, method, params } = JSON.parse(await text(incoming));
      if (id === undefined || method === undefined) return response.writeHead(202).end();
      if (method === "tools/call") return onCall(response);
      const result = { initialize: JSON.stringify(HELLO), "tools/list": list(params?.cursor), ping: "{}" }[
        String(method)
      ];
      const outcome = result === undefined ? '"error":{"code":-32601,"message":"unknown"}' : `"result":${result}`;
      response.writeHead(200, { "content-type": "application/json" });
      return response.end(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},${outcome}}`);
    })();
  };

/** Writes events until the reader is gone. */
const flood = (message: string) => (response: ServerResponse) => {
  const piece = `data: ${message}\n\n`.repeat(1_000);
  const more = () => {
    if (response.destroyed) return;
    if (response.write(piece)) setImmediate(more);
    else response.once("drain", more);
  };
  response.writeHead(200, { "content-type": "text/event-stream" });
  more();
};

const TOOLS = '{"tools":[{"name":"go","inputSchema":{"type":"object"}}]}';

for (const [what, message] of Object.entries(MESSAGES)) {
  // remote.bounded-fetch.B5
  test(`${what} without a pause over HTTP end the call with the reason, long before its deadline`, async () => {
    await using endpoint = await Endpoint.start(server(() => TOOLS, flood(message)));
    await using runner = runnerTo(httpAt(endpoint.url), { timeoutMs: 60_000 });
    await runner.open(5_000);
    expect(await runner.call(callOf("go"), never)).toMatchObject({
      reason: "bad-output",
      message: expect.stringMatching(new RegExp(`sent more than \\d+ ${what}`)),
    });
    // Each request of the server has an answer, and not many had one.
    expect(endpoint.requests.length).toBeLessThan(500);
    await serverIn(runner, "loaded");
  });

  // remote.process-transport.P2
  test(`${what} without a pause from a process end the call with the reason, and the process`, async () => {
    await using runner = runnerTo(processOf([SERVER, message]), { timeoutMs: 60_000 });
    await runner.open(20_000);
    expect(await runner.call(callOf("go"), never)).toMatchObject({
      reason: "bad-output",
      message: expect.stringMatching(new RegExp(`sent more than \\d+ ${what}`)),
    });
    await serverIn(runner, "loaded");
  });
}

test("a list of tools whose pages do not end is refused at its size, and the state says so", async () => {
  let pages = 0;
  const page = (): string => {
    pages += 1;
    const schema = `{"type":"object","x":[${"[],".repeat(10_000)}[]]}`;
    return `{"tools":[{"name":"go${pages}","inputSchema":${schema}}],"nextCursor":"${pages}"}`;
  };
  await using endpoint = await Endpoint.start(server(page, (response) => void response.end()));
  await using runner = runnerTo(httpAt(endpoint.url), { limits: { resultBytesMax: 10_000 } });
  await runner.open(5_000);
  expect(await serverIn(runner, "failed")).toMatchObject({
    reason: expect.stringMatching(/list of tools has more than \d+ bytes/),
    tools: [],
  });
  // A megabyte and 20 kB, in pages of 30 kB.
  expect(pages).toBeLessThan(40);
});
