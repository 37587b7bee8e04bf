import { randomUUID } from "node:crypto";
import type { RequestListener, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { systemClock } from "../../../src/kernel/clock.ts";
import { isJsonObject, type Json, type JsonObject } from "../../../src/kernel/json.ts";
import { callOf, Endpoint, httpAt, never, processOf, runnerTo, serverIn, textOf } from "./room.ts";

type Request = { readonly id: Json; readonly method: string; readonly params: Json };

const TOOLS: JsonObject = { tools: [{ name: "go", inputSchema: { type: "object" } }] };

/** A server of 2025 that answers the handshake properly and a call as the test wants. */
function hostile(
  onCall: (request: Request, response: ServerResponse) => void,
  tools: JsonObject = TOOLS,
): RequestListener {
  const answers: { readonly [method: string]: JsonObject } = {
    initialize: { protocolVersion: "2025-06-18", serverInfo: { name: "h", version: "1" }, capabilities: { tools: {} } },
    "tools/list": tools,
    ping: {},
  };
  return (incoming, response) => {
    void (async () => {
      if (incoming.method !== "POST") return response.writeHead(405).end();
      const message: Json = JSON.parse(await text(incoming).catch(() => "{}"));
      const request = isJsonObject(message) ? message : {};
      const { method } = request;
      if (typeof method !== "string") return response.writeHead(202).end();
      if (request["id"] === undefined) return response.writeHead(202).end();
      if (method === "tools/call")
        return onCall({ id: request["id"], method, params: request["params"] ?? {} }, response);
      const known = answers[method];
      const body = known
        ? { jsonrpc: "2.0", id: request["id"], result: known }
        : { jsonrpc: "2.0", id: request["id"], error: { code: -32601, message: "no such method" } };
      return response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
    })();
  };
}

const answer = (response: ServerResponse, body: string) =>
  response.writeHead(200, { "content-type": "application/json" }).end(body);
const stream = (response: ServerResponse) => response.writeHead(200, { "content-type": "text/event-stream" });

const CALLS: { readonly [what: string]: { readonly onCall: Parameters<typeof hostile>[0]; readonly reason: string } } =
  {
    "never answers": { onCall: () => undefined, reason: "deadline" },
    "opens a stream and says nothing": {
      onCall: (_call, response) => stream(response).flushHeaders(),
      reason: "deadline",
    },
    "ends its stream without an answer": {
      onCall: (_call, response) => void stream(response).end(),
      reason: "crashed",
    },
    "cuts the connection": { onCall: (_call, response) => void response.destroy(), reason: "crashed" },
    "answers with no JSON": { onCall: (_call, response) => void answer(response, "<html>"), reason: "bad-output" },
    "answers with another shape": {
      onCall: ({ id }, response) =>
        void answer(response, JSON.stringify({ jsonrpc: "2.0", id, result: { content: 5 } })),
      reason: "bad-output",
    },
    "answers with another media type": {
      onCall: (_call, response) => void response.writeHead(200, { "content-type": "text/plain" }).end("hello"),
      reason: "bad-output",
    },
    "nests past measure": {
      onCall: ({ id }, response) => {
        const deep = `${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`;
        const result = `{"content":[],"structuredContent":${deep}}`;
        void answer(response, `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`);
      },
      reason: "bad-output",
    },
    "sends a body without an end": {
      onCall: (_call, response) => {
        response.writeHead(200, { "content-type": "application/json" });
        flood(response);
      },
      reason: "bad-output",
    },
    "sends an event without an end": { onCall: (_call, response) => flood(stream(response)), reason: "bad-output" },
    "answers with an error without an end": {
      onCall: (_call, response) => flood(response.writeHead(500, { "content-type": "text/plain" })),
      reason: "crashed",
    },
  };

/** Writes until the reader is gone. */
function flood(response: ServerResponse): void {
  const piece = "x".repeat(64 * 1024);
  const more = () => {
    if (response.destroyed) return;
    if (response.write(piece)) setImmediate(more);
    else response.once("drain", more);
  };
  more();
}

for (const [what, { onCall, reason }] of Object.entries(CALLS)) {
  // remote.bounded-fetch.B2, remote.mcp-tool-runner.M1
  test(`a server that ${what} costs its call, not more`, async () => {
    await using endpoint = await Endpoint.start(hostile(onCall));
    await using runner = runnerTo(httpAt(endpoint.url), { timeoutMs: 300, limits: { resultBytesMax: 10_000 } });
    await runner.open(5_000);
    expect(await runner.call(callOf("go"), never)).toMatchObject({ type: "failed", reason });
    // The server is still there, and its tools are too.
    expect((await serverIn(runner, "loaded")).tools).toHaveLength(1);
  });
}

const PROBES: { readonly [what: string]: (response: ServerResponse) => void } = {
  "fails with HTTP 500": (response) => void response.writeHead(500).end("no such method"),
  "answers with a page": (response) => void response.writeHead(200, { "content-type": "text/html" }).end("<html>"),
};
for (const [what, onProbe] of Object.entries(PROBES))
  test(`a server that ${what} when it is asked for its revision is used in an older one`, async () => {
    const older = hostile(({ id }, response) => {
      answer(response, JSON.stringify({ jsonrpc: "2.0", id, result: { content: [{ type: "text", text: "fine" }] } }));
    });
    await using endpoint = await Endpoint.start((request, response) =>
      request.headers["mcp-method"] === "server/discover" ? onProbe(response) : older(request, response),
    );
    await using runner = runnerTo(httpAt(endpoint.url));
    await runner.open(5_000);
    expect(textOf(await runner.call(callOf("go"), never))).toBe("fine");
    expect(await serverIn(runner, "loaded")).toMatchObject({ tools: [{ name: "go" }] });
  });

test("a server that fails in each revision says how it failed at first", async () => {
  await using endpoint = await Endpoint.start((_request, response) => void response.writeHead(500).end());
  await using runner = runnerTo(httpAt(endpoint.url));
  await runner.open(5_000);
  expect(await serverIn(runner, "failed")).toMatchObject({ reason: expect.stringContaining("HTTP 500") });
});

test("events that are no messages are skipped, and the answer after them counts", async () => {
  await using endpoint = await Endpoint.start(
    hostile(({ id }, response) => {
      const result = { jsonrpc: "2.0", id, result: { content: [{ type: "text", text: "fine" }] } };
      stream(response).end(`data: {{{\n\ndata: {"jsonrpc":"1"}\n\n: nothing\n\ndata: ${JSON.stringify(result)}\n\n`);
    }),
  );
  await using runner = runnerTo(httpAt(endpoint.url));
  await runner.open(5_000);
  expect(textOf(await runner.call(callOf("go"), never))).toBe("fine");
});

test("names that collide or hide something are distinguished, and calls go where they should", async () => {
  const schema = { type: "object", properties: { a: { description: "one\u200btwo" } } };
  const tools = {
    tools: ["go", "g\u0000o", "go", ""].map((name) => ({ name, description: `of ${name}`, inputSchema: schema })),
  };
  const called: string[] = [];
  await using endpoint = await Endpoint.start(
    hostile(({ id, params }, response) => {
      called.push(JSON.stringify(params));
      answer(response, JSON.stringify({ jsonrpc: "2.0", id, result: { content: [] } }));
    }, tools),
  );
  await using runner = runnerTo(httpAt(endpoint.url));
  await runner.open(5_000);
  const [server] = runner.servers();
  expect(server?.tools.map(({ name }) => name)).toEqual(["go", "go_2", "go_3", "tool"]);
  expect(JSON.stringify(server?.tools)).not.toMatch(/u200b|u0000/);
  await runner.call(callOf("go_2"), never);
  expect(called[0]).toContain(String.raw`"g\u0000o"`);
});

test("a server that wants our model or our directories is refused with the reason", async () => {
  let refusal: Json = null;
  await using endpoint = await Endpoint.start((request, response) => {
    void (async () => {
      const body = request.method === "POST" ? await text(request) : "{}";
      const message: Json = JSON.parse(body);
      if (isJsonObject(message) && message["error"] !== undefined) {
        refusal = message["error"];
        waiting?.write(`data: ${JSON.stringify({ jsonrpc: "2.0", id: call, result: { content: [] } })}\n\n`);
        return response.writeHead(202).end();
      }
      if (isJsonObject(message) && message["method"] === "tools/call") {
        call = message["id"] ?? null;
        waiting = stream(response);
        const params = { messages: [], maxTokens: 1 };
        return waiting.write(
          `data: ${JSON.stringify({ jsonrpc: "2.0", id: 7, method: "sampling/createMessage", params })}\n\n`,
        );
      }
      const replay = hostile(() => undefined);
      return replay(
        Object.assign(request, {
          [Symbol.asyncIterator]: async function* () {
            yield Buffer.from(body);
          },
        }),
        response,
      );
    })();
  });
  let call: Json = null;
  let waiting: ServerResponse | undefined;
  await using runner = runnerTo(httpAt(endpoint.url));
  await runner.open(5_000);
  expect(await runner.call(callOf("go"), never)).toMatchObject({ type: "done" });
  expect(refusal).toMatchObject({ code: -32601, message: expect.stringContaining("runs no model") });
});

// remote.process-transport.P2
test("a process that writes a line without an end is ended", async () => {
  const script =
    'const piece = "x".repeat(65536); const more = () => { while (process.stdout.write(piece)); process.stdout.once("drain", more); }; more();';
  await using runner = runnerTo(processOf(["-e", script]), { timeoutMs: 100, limits: { resultBytesMax: 1_000 } });
  await runner.open(20_000);
  expect((await serverIn(runner, "failed")).reason).toContain("reconnecting");
});

const SCRIPT = `
  const say = (id, result) => process.stdout.write('{"jsonrpc":"2.0","id":' + JSON.stringify(id) + ',"result":' + result + "}\\n");
  require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
    const { id, method, params } = JSON.parse(line);
    if (method === "initialize")
      say(id, '{"protocolVersion":"2025-06-18","serverInfo":{"name":"h","version":"1"},"capabilities":{"tools":{}}}');
    else if (method === "tools/list") say(id, '{"tools":[{"name":"deep","inputSchema":{"type":"object"}},{"name":"large","inputSchema":{"type":"object"}},{"name":"ok","inputSchema":{"type":"object"}}]}');
    else if (id === undefined) return;
    else if (method !== "tools/call") process.stdout.write(JSON.stringify({ jsonrpc: "2.0", id, error: { code: -32601, message: "no" } }) + "\\n");
    else if (params.name === "deep") say(id, '{"content":[],"structuredContent":' + '{"a":'.repeat(100000) + "1" + "}".repeat(100000) + "}");
    else if (params.name === "large") say(id, '{"content":[{"type":"text","text":"' + "x".repeat(8e6) + '"}]}');
    else say(id, '{"content":[{"type":"text","text":"fine"}]}');
  });
`;

test("a process that answers with too deep or too large a result fails its call at once, and the message names the limit", async () => {
  await using runner = runnerTo(processOf(["-e", SCRIPT]), { timeoutMs: 60_000, limits: { resultBytesMax: 1_000 } });
  await runner.open(20_000);
  expect(await runner.call(callOf("deep"), never)).toMatchObject({
    type: "failed",
    reason: "bad-output",
    message: expect.stringContaining("nested deeper than 128"),
  });
  expect(textOf(await runner.call(callOf("ok"), never))).toBe("fine");
  expect(await runner.call(callOf("large"), never)).toMatchObject({
    type: "failed",
    reason: "bad-output",
    message: expect.stringContaining("raise limits.result_bytes"),
  });
});

// remote.bounded-fetch.B1
test.each(["application/json", "text/event-stream"])(
  "a result of 100,000 levels as %s fails its call with the reason",
  async (type) => {
    const deep = `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`;
    const onCall = ({ id, params }: Request, response: ServerResponse) => {
      const isDeep = isJsonObject(params) && params["name"] === "go";
      const flat = JSON.stringify("[{".repeat(500));
      const result = isDeep
        ? `{"content":[],"structuredContent":${deep}}`
        : `{"content":[{"type":"text","text":${flat}}]}`;
      const body = `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`;
      response.writeHead(200, { "content-type": type }).end(type === "application/json" ? body : `data: ${body}\n\n`);
    };
    const tools = { tools: ["go", "flat"].map((name) => ({ name, inputSchema: { type: "object" } })) };
    await using endpoint = await Endpoint.start(hostile(onCall, tools));
    await using runner = runnerTo(httpAt(endpoint.url));
    await runner.open(5_000);
    await serverIn(runner, "loaded");
    expect(textOf(await runner.call(callOf("go"), never))).toMatch(/^bad-output: .*nested deeper than 128 levels/);
    expect(textOf(await runner.call(callOf("flat"), never))).toMatch(/^\[\{\[\{/);
  },
);

test("a list of tools whose pages do not end in time is refused, and the state says so", async () => {
  await using endpoint = await Endpoint.start((request, response) => {
    setTimeout(() => hostile(() => undefined, { tools: [], nextCursor: randomUUID() })(request, response), 20);
  });
  const clock = {
    ...systemClock,
    sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms === 60_000 ? 300 : ms, signal),
  };
  await using runner = runnerTo(httpAt(endpoint.url), { timeoutMs: 100 }, { clock });
  await runner.open(20_000);
  expect(runner.servers()[0]?.reason).toMatch(/pages of the server's list of tools have not ended after 60 s/);
});
