import { expect, test } from "vitest";
import { attempt, request, summary } from "./collect.ts";
import { events, refusing, vendor } from "./endpoint.ts";
import { afterTurn, KEY, modelImage, open, PNG } from "./opened.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("model.providers");

const usage = { input_tokens: 5, output_tokens: 1, cache_creation_input_tokens: 100, cache_read_input_tokens: 40 };
const start = {
  type: "message_start",
  message: { id: "m", type: "message", role: "assistant", model: "c", content: [], stop_reason: null, usage },
};
const end = (reason: string) => [
  { type: "message_delta", delta: { stop_reason: reason, stop_sequence: null }, usage: { output_tokens: 30 } },
  { type: "message_stop" },
];
const text = (index: number, said: string) => [
  { type: "content_block_start", index, content_block: { type: "text", text: "" } },
  { type: "content_block_delta", index, delta: { type: "text_delta", text: said } },
  { type: "content_block_stop", index },
];
const thinking = [
  { type: "content_block_start", index: 0, content_block: { type: "thinking", thinking: "" } },
  { type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "A city." } },
  { type: "content_block_delta", index: 0, delta: { type: "signature_delta", signature: "SIGNED" } },
  { type: "content_block_stop", index: 0 },
];
const call = [
  {
    type: "content_block_start",
    index: 1,
    content_block: { type: "tool_use", id: "t1", name: "get_weather", input: {} },
  },
  { type: "content_block_delta", index: 1, delta: { type: "input_json_delta", partial_json: '{"city":' } },
  { type: "content_block_delta", index: 1, delta: { type: "input_json_delta", partial_json: '"Paris"}' } },
  { type: "content_block_stop", index: 1 },
];
const settings = (url: string) => ({ type: "anthropic" as const, baseUrl: `${url}/v1` });

test("signed reasoning goes back with the turn it belongs to, and the cache is marked and counted", async () => {
  await using server = await vendor(
    events(start, ...thinking, ...call, ...end("tool_use")),
    events(start, ...text(0, "21 degrees."), ...end("end_turn")),
  );
  const model = await open("claude/claude-sonnet-4-5", settings(server.url));
  const asked = { ...request("weather in Paris", { cacheKey: "k", reasoning: "low" }), system: "Be brief." };
  const parts = await attempt(model, asked);
  expect(parts.at(-1)).toMatchObject({
    type: "finish",
    reason: "tool-calls",
    usage: { inputTokens: 145, outputTokens: 30, cachedInputTokens: 40, cacheWriteTokens: 100 },
  });
  const messages = afterTurn(asked, parts);
  expect(summary(await attempt(model, { ...asked, messages }))).toMatchObject({ text: "21 degrees.", end: "stop" });
  const body = server.seen.at(-1)?.body;
  const mark = { type: "ephemeral" };
  expect(body).toMatchObject({
    system: [{ type: "text", text: "Be brief.", cache_control: mark }],
    tools: [{ name: "get_weather", cache_control: mark }],
    thinking: expect.anything(),
    messages: [
      { role: "user", content: [{ type: "text", text: "weather in Paris" }] },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "A city.", signature: "SIGNED" },
          { type: "tool_use", id: "t1", name: "get_weather", input: { city: "Paris" } },
        ],
      },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "t1", cache_control: mark }] },
    ],
  });
  expect(JSON.stringify(body).split("cache_control").length - 1).toBeLessThanOrEqual(4);
  expect(server.seen[0]?.headers).toMatchObject({ "x-api-key": KEY });
});

test("without a cache key nothing is marked", async () => {
  await using server = await vendor(events(start, ...text(0, "hi"), ...end("end_turn")));
  await attempt(await open("claude/claude-sonnet-4-5", settings(server.url)), {
    ...request("hi"),
    system: "Be brief.",
  });
  expect(JSON.stringify(server.seen[0]?.body)).not.toContain("cache_control");
});

test.each([
  ["end_turn", "stop"],
  ["max_tokens", "length"],
  ["refusal", "content_filtered"],
])("the stop reason %s ends as %s", async (reason, expected) => {
  await using server = await vendor(events(start, ...text(0, "hi"), ...end(reason)));
  const model = await open("claude/claude-sonnet-4-5", settings(server.url));
  expect(summary(await attempt(model, request("hi"))).end).toBe(expected);
});

test.each([
  [401, "authentication_error", "auth"],
  [403, "permission_error", "auth"],
  [413, "request_too_large", "context_too_long"],
  [429, "rate_limit_error", "rate_limited"],
  [500, "api_error", "overloaded"],
  [529, "overloaded_error", "overloaded"],
  [400, "invalid_request_error", "invalid_request"],
])("status %i with %s is of class %s", async (status, type, expected) => {
  const body = { type: "error", error: { type, message: `no: ${KEY}` } };
  await using server = await vendor(refusing(status, body, { "retry-after": "3" }));
  const parts = await attempt(await open("claude/claude-sonnet-4-5", settings(server.url)), request("hi"));
  expect(parts).toMatchObject([
    { failure: { class: expected, status, message: "no: [redacted]", retryAfterMs: 3000 } },
  ]);
});

test("an error in the middle of a stream is of its own class, and what came before stays", async () => {
  const error = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
  await using server = await vendor(events(start, ...text(0, "so far"), error));
  const model = await open("claude/claude-sonnet-4-5", settings(server.url));
  expect(summary(await attempt(model, request("hi")))).toMatchObject({ text: "so far", end: "overloaded" });
});

test("a stream that ends before its stop is a bad response, and its calls are withheld", async () => {
  await using server = await vendor(events(start, ...call));
  const model = await open("claude/claude-sonnet-4-5", settings(server.url));
  expect(summary(await attempt(model, request("hi")))).toEqual({ text: "", calls: [], end: "bad_response" });
});

test("images of the request and of a tool's result are in the places where Anthropic takes them", async () => {
  await using server = await vendor(events(start, ...text(0, "a dog"), ...end("end_turn")));
  const model = await open("claude/claude-sonnet-4-5", settings(server.url));
  const done = { id: "t1", name: "get_weather", text: "drawn", structured: undefined, failed: false };
  await attempt(
    model,
    request([
      { role: "user", text: "what is it?", images: [modelImage("dog.png"), modelImage("huge.png", 50_000_000)] },
      { role: "assistant", text: "", toolCalls: [{ id: "t1", name: "get_weather", arguments: "{}" }] },
      { role: "tool", results: [{ ...done, images: [modelImage("chart.png")] }] },
    ]),
  );
  const source = { type: "base64", media_type: "image/png", data: Buffer.from(PNG).toString("base64") };
  expect(server.seen[0]?.body).toMatchObject({
    messages: [
      {
        content: [
          { type: "text", text: expect.stringMatching(/what is it\?\n\n\(image huge\.png.*larger than/) },
          { type: "image", source },
        ],
      },
      {},
      {
        content: [
          {
            type: "tool_result",
            content: [
              { type: "text", text: "drawn" },
              { type: "image", source },
            ],
          },
        ],
      },
    ],
  });
});

test("options of the definition reach the request", async () => {
  await using server = await vendor(events(start, ...text(0, "hi"), ...end("end_turn")));
  const options = { metadata: { userId: "u-7" } };
  await attempt(await open("claude/claude-sonnet-4-5", settings(server.url)), request("hi", { options }));
  expect(server.seen[0]?.body).toMatchObject({ metadata: { user_id: "u-7" } });
});
