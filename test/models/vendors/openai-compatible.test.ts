import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import { json } from "node:stream/consumers";
import { expect, test } from "vitest";
import { Models } from "../../../src/models/vendors/index.ts";
import { systemClock } from "../../../src/kernel/clock.ts";
import type { ModelMessage } from "../../../src/models/port/language-model.ts";
import { attempt, request, summary } from "./collect.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("model.openai-compatible", "model.key-origin");

const KEY = "sk-proj-THIS-IS-THE-KEY-123";
const NOW_MS = Date.UTC(2026, 10, 21, 12, 0, 0);
const clock = { ...systemClock, nowMs: () => NOW_MS };

type Seen = { headers: IncomingHttpHeaders; body: unknown };

/** An endpoint that answers every call the way `answer` does. */
async function endpoint(answer: (response: ServerResponse) => void) {
  const seen: Seen[] = [];
  const take = async (incoming: IncomingMessage, response: ServerResponse) => {
    seen.push({ headers: incoming.headers, body: await json(incoming) });
    answer(response);
  };
  const server = createServer((incoming, response) => void take(incoming, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const baseUrl = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/v1`;
  const models = new Models({ clock, environment: {} }, { privateOrigins: [baseUrl] });
  const model = await models.resolve({ model: "some/model", baseUrl, apiKey: KEY });
  return {
    seen,
    model,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const failing = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  endpoint((response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  });

const streaming = (...chunks: readonly unknown[]) =>
  endpoint((response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const chunk of chunks)
      response.write(`data: ${typeof chunk === "string" ? chunk : JSON.stringify(chunk)}\n\n`);
    response.end();
  });

const chunk = (delta: object, finish: string | null = null, more: object = {}) => ({
  id: "c1",
  object: "chat.completion.chunk",
  choices: [{ index: 0, delta, finish_reason: finish }],
  ...more,
});

const saying = (message: string, more: object = {}) => ({ error: { message, ...more } });

test.each([
  [400, saying("unknown parameter"), "invalid_request"],
  [401, saying("bad key"), "auth"],
  [402, saying("pay first"), "auth"],
  [403, saying("not for you"), "auth"],
  [404, saying("no such model"), "invalid_request"],
  [404, { error: { message: "model not found", type: "api_error" } }, "invalid_request"],
  [409, { error: { message: "conflict", type: "server_error" } }, "invalid_request"],
  [424, { error: { message: "the model failed", type: "server_error" } }, "overloaded"],
  [408, saying("too slow"), "timeout"],
  [413, saying("too large"), "context_too_long"],
  [429, saying("slow down"), "rate_limited"],
  [429, saying("no credit", { code: "insufficient_quota" }), "auth"],
  [500, "<html>oops</html>", "overloaded"],
  [503, saying("loading model"), "overloaded"],
  [529, saying("busy"), "overloaded"],
  [400, saying("This model's maximum context length is 10 tokens"), "context_too_long"],
  [400, saying("the request exceeds the available context size"), "context_too_long"],
  [400, saying("filtered", { code: "content_filter" }), "content_filtered"],
])("status %i with %j is of class %s", async (status, body, expected) => {
  await using failed = await failing(status, body);
  expect(await attempt(failed.model, request("hello"))).toMatchObject([
    { type: "error", failure: { class: expected, status } },
  ]);
});

test.each([
  [{ "retry-after": "7" }, 7000],
  [{ "retry-after": "0.5" }, 500],
  [{ "retry-after": "Sat, 21 Nov 2026 12:00:30 GMT" }, 30_000],
  [{ "retry-after": "Sat, 21 Nov 2026 11:00:00 GMT" }, 0],
  [{ "retry-after": "9", "retry-after-ms": "120" }, 120],
  [{ "retry-after": "soon" }, undefined],
  [{}, undefined],
])("the headers %j ask to wait %s ms", async (headers, expected) => {
  await using failed = await failing(429, saying("slow down"), headers);
  const [part] = await attempt(failed.model, request("hello"));
  expect(part).toMatchObject({ failure: { class: "rate_limited", retryAfterMs: expected } });
});

test("a key that the server repeats never reaches the message", async () => {
  const header = "another-secret-value";
  await using failed = await failing(401, saying(`bad ${KEY} and sk-other-0123456789 and ${header}`));
  const parts = await attempt(failed.model, request("hello", { headers: { "X-Secret": header } }));
  expect(parts).toMatchObject([{ failure: { message: "bad [redacted] and [redacted] and [redacted]" } }]);
});

test("a closed port is a network failure that names the address without the key", async () => {
  const closed = await endpoint(() => undefined);
  await closed[Symbol.asyncDispose]();
  const parts = await attempt(closed.model, request("hello"));
  expect(parts).toMatchObject([
    {
      type: "error",
      failure: { class: "network", message: expect.stringMatching(/127\.0\.0\.1:\d+: connection refused/) },
    },
  ]);
});

test("a host that does not exist is a network failure", async () => {
  const baseUrl = "http://host.invalid/v1";
  const models = new Models({ clock, environment: {} }, { privateOrigins: [baseUrl] });
  const model = await models.resolve({ model: "m", baseUrl, apiKey: undefined });
  expect(summary(await attempt(model, request("hello"))).end).toBe("network");
});

test("a connection that is cut before an answer is a network failure", async () => {
  await using cut = await endpoint((response) => response.destroy());
  expect(summary(await attempt(cut.model, request("hello"))).end).toBe("network");
});

test("a stream that ends in order but without a finish reason is a bad response, and its calls are withheld", async () => {
  const call = { index: 0, id: "c", type: "function", function: { name: "get_weather", arguments: '{"city":' } };
  await using early = await streaming(chunk({ content: "half" }), chunk({ tool_calls: [call] }), "[DONE]");
  expect(summary(await attempt(early.model, request("hello")))).toEqual({
    text: "half",
    calls: [],
    end: "bad_response",
  });
});

test.each([
  ["not JSON", "{nope"],
  ["not a chat completion", { choices: "none" }],
])("a chunk that is %s is a bad response", async (_, broken) => {
  await using odd = await streaming(chunk({ content: "so far" }), broken);
  const parts = await attempt(odd.model, request("hello"));
  expect(summary(parts)).toEqual({ text: "so far", calls: [], end: "bad_response" });
});

test.each([
  [{ message: "upstream died", type: "server_error" }, "overloaded"],
  [{ message: "slow down", code: 429 }, "rate_limited"],
  [{ message: "prompt is too long: 12 tokens" }, "context_too_long"],
  [{ message: "something" }, "bad_response"],
])("an error in the middle of a stream, %j, is of class %s", async (error, expected) => {
  await using odd = await streaming(chunk({ content: "so far" }), { error });
  expect(summary(await attempt(odd.model, request("hello")))).toMatchObject({ text: "so far", end: expected });
});

test("an answer that the content filter stops is a failure of its own", async () => {
  await using filtered = await streaming(chunk({ content: "well" }), chunk({}, "content_filter"), "[DONE]");
  expect(summary(await attempt(filtered.model, request("hello"))).end).toBe("content_filtered");
});

test("calls decide the finish reason where the server says stop", async () => {
  const call = { index: 0, id: "c", type: "function", function: { name: "get_weather", arguments: "{}" } };
  await using odd = await streaming(chunk({ tool_calls: [call] }), chunk({}, "stop"), "[DONE]");
  expect(summary(await attempt(odd.model, request("hello")))).toMatchObject({
    calls: ["get_weather {}"],
    end: "tool-calls",
  });
});

test("usage that is not given is undefined, and what is given is not rounded to zero", async () => {
  await using silent = await streaming(chunk({ content: "hi" }, "stop"), "[DONE]");
  expect((await attempt(silent.model, request("hello"))).at(-1)).toEqual({
    type: "finish",
    reason: "stop",
    usage: {
      inputTokens: undefined,
      outputTokens: undefined,
      cachedInputTokens: undefined,
      reasoningTokens: undefined,
    },
  });
  const usage = {
    prompt_tokens: 20,
    completion_tokens: 0,
    prompt_tokens_details: { cached_tokens: 15 },
    completion_tokens_details: { reasoning_tokens: 0 },
  };
  await using reporting = await streaming(chunk({ content: "hi" }, "stop", { usage }), "[DONE]");
  expect((await attempt(reporting.model, request("hello"))).at(-1)).toMatchObject({
    usage: { inputTokens: 20, outputTokens: 0, cachedInputTokens: 15, reasoningTokens: 0 },
  });
});

test("the whole dialogue reaches the server, with the arguments of a broken call in a JSON object", async () => {
  await using server = await streaming(chunk({ content: "ok" }, "stop"), "[DONE]");
  const call = { id: "c1", name: "get_weather", arguments: '{"city": "Par' };
  const wrapped = JSON.stringify({ malformed_arguments: call.arguments });
  const messages: readonly ModelMessage[] = [
    { role: "user", text: "weather?" },
    { role: "assistant", text: "Looking.", toolCalls: [call] },
    {
      role: "tool",
      results: [{ id: "c1", name: "get_weather", text: "not JSON", structured: undefined, failed: true }],
    },
  ];
  const hinted = { type: "object", properties: { city: { type: "string", "x-caxton": { role: "title" } } } };
  const asked = {
    ...request(messages, {
      temperature: 0,
      outputTokensMax: 50,
      headers: { "X-Team": "blue", authorization: "Own k" },
    }),
    system: "Be brief.",
    tools: [{ name: "get_weather", description: "The weather.", inputSchema: hinted }],
  };
  await attempt(server.model, asked);
  expect(server.seen[0]?.headers).toMatchObject({ "x-team": "blue", authorization: "Own k" });
  expect(server.seen[0]?.body).toEqual({
    model: "some/model",
    temperature: 0,
    max_tokens: 50,
    stream: true,
    stream_options: { include_usage: true },
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: "weather?" },
      {
        role: "assistant",
        content: "Looking.",
        tool_calls: [{ id: "c1", type: "function", function: { name: "get_weather", arguments: wrapped } }],
      },
      { role: "tool", tool_call_id: "c1", content: "not JSON" },
    ],
    tools: [
      {
        type: "function",
        function: {
          name: "get_weather",
          description: "The weather.",
          parameters: { type: "object", properties: { city: { type: "string" } } },
        },
      },
    ],
  });
});

test("the key is sent to its endpoint, and the server's own key never to a definition's address", async () => {
  await using server = await streaming(chunk({ content: "ok" }, "stop"), "[DONE]");
  await attempt(server.model, request("hello"));
  expect(server.seen[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
  const environment = { OPENAI_API_KEY: KEY, OPENAI_COMPATIBLE_API_KEY: KEY };
  const port = server.seen[0]?.headers.host ?? "";
  const models = new Models({ clock, environment }, { privateOrigins: [`http://${port}`] });
  for (const model of ["openai/m", "other/m"]) {
    await attempt(await models.resolve({ model, baseUrl: `http://${port}/v1`, apiKey: undefined }), request("hello"));
  }
  expect(server.seen.slice(1).map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
});

test("a header that cannot be sent is an invalid request", async () => {
  await using server = await streaming(chunk({ content: "ok" }, "stop"), "[DONE]");
  const parts = await attempt(server.model, request("hello", { headers: { "X-Odd": "line\nbreak" } }));
  expect(summary(parts).end).toBe("invalid_request");
});

test("a reader that leaves closes the connection", async () => {
  const closed = Promise.withResolvers<void>();
  await using server = await endpoint((response) => {
    response.on("close", closed.resolve);
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`data: ${JSON.stringify(chunk({ content: "endless" }))}\n\n`);
  });
  for await (const part of server.model.stream(request("hello"), new AbortController().signal)) {
    expect(part).toEqual({ type: "text-delta", text: "endless" });
    break;
  }
  await closed.promise;
});
