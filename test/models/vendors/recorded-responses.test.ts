import { expect, test } from "vitest";
import { attempt, request, summary } from "./collect.ts";
import { events, vendor } from "./endpoint.ts";
import { afterTurn, KEY, open } from "./opened.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("model.providers");

const response = (more: object) => ({
  id: "r",
  object: "response",
  created_at: 1,
  model: "gpt-5-mini",
  output: [],
  ...more,
});
const usage = {
  input_tokens: 20,
  output_tokens: 9,
  total_tokens: 29,
  input_tokens_details: { cached_tokens: 12 },
  output_tokens_details: { reasoning_tokens: 4 },
};
const created = { type: "response.created", response: response({ status: "in_progress" }) };
const said = (text: string) => [
  {
    type: "response.output_item.added",
    output_index: 1,
    item: { id: "msg", type: "message", role: "assistant", status: "in_progress", content: [] },
  },
  { type: "response.output_text.delta", item_id: "msg", output_index: 1, content_index: 0, delta: text },
  {
    type: "response.output_item.done",
    output_index: 1,
    item: {
      id: "msg",
      type: "message",
      role: "assistant",
      status: "completed",
      content: [{ type: "output_text", text, annotations: [] }],
    },
  },
];
const reasoning = [
  {
    type: "response.output_item.added",
    output_index: 0,
    item: { id: "rs", type: "reasoning", summary: [], encrypted_content: "E1" },
  },
  {
    type: "response.output_item.done",
    output_index: 0,
    item: { id: "rs", type: "reasoning", summary: [], encrypted_content: "E2" },
  },
];
const called = [
  {
    type: "response.output_item.added",
    output_index: 1,
    item: { id: "fc", type: "function_call", call_id: "c1", name: "get_weather", arguments: "" },
  },
  { type: "response.function_call_arguments.delta", item_id: "fc", output_index: 1, delta: '{"city":"Paris"}' },
  {
    type: "response.output_item.done",
    output_index: 1,
    item: {
      id: "fc",
      type: "function_call",
      call_id: "c1",
      name: "get_weather",
      arguments: '{"city":"Paris"}',
      status: "completed",
    },
  },
];
const completed = { type: "response.completed", response: response({ status: "completed", usage }) };
const incomplete = (reason: string) => ({
  type: "response.incomplete",
  response: response({ status: "incomplete", incomplete_details: { reason }, usage }),
});
const settings = (url: string) => ({ type: "openai" as const, api: "responses" as const, baseUrl: `${url}/v1` });

test("encrypted reasoning goes back with its call; nothing is kept at OpenAI; the cache has a key", async () => {
  await using server = await vendor(
    events(created, ...reasoning, ...called, completed),
    events(created, ...said("21"), completed),
  );
  const model = await open("oai/gpt-5-mini", settings(server.url));
  const asked = request("weather in Paris", { cacheKey: "caxton:k", reasoning: "low" });
  const parts = await attempt(model, asked);
  expect(parts.at(-1)).toMatchObject({
    reason: "tool-calls",
    usage: { inputTokens: 20, outputTokens: 9, cachedInputTokens: 12, reasoningTokens: 4 },
  });
  const messages = afterTurn(asked, parts);
  expect(summary(await attempt(model, { ...asked, messages }))).toMatchObject({ text: "21", end: "stop" });
  expect(server.seen.at(-1)).toMatchObject({
    url: "/v1/responses",
    headers: { authorization: `Bearer ${KEY}` },
    body: {
      store: false,
      prompt_cache_key: "caxton:k",
      reasoning: { effort: "low" },
      input: [
        { role: "user" },
        { type: "reasoning", encrypted_content: "E2" },
        { type: "function_call", call_id: "c1", arguments: '{"city":"Paris"}' },
        { type: "function_call_output", call_id: "c1", output: "21" },
      ],
    },
  });
});

test.each([
  [incomplete("max_output_tokens"), "length"],
  [incomplete("content_filter"), "content_filtered"],
  [
    {
      type: "response.failed",
      sequence_number: 9,
      response: response({ status: "failed", error: { code: "server_error", message: "oops" } }),
    },
    "overloaded",
  ],
  [
    { type: "error", code: "rate_limit_exceeded", message: "slow down", param: null, sequence_number: 3 },
    "rate_limited",
  ],
  [
    { type: "error", code: "context_length_exceeded", message: "too long", param: null, sequence_number: 3 },
    "context_too_long",
  ],
])("the end %j is %s", async (end, expected) => {
  await using server = await vendor(events(created, ...said("so far"), end));
  const model = await open("oai/gpt-5-mini", settings(server.url));
  expect(summary(await attempt(model, request("hi")))).toMatchObject({ text: "so far", end: expected });
});

test("a stream that stops without an end is a bad response", async () => {
  await using server = await vendor(events(created, ...said("so far")));
  const model = await open("oai/gpt-5-mini", settings(server.url));
  expect(summary(await attempt(model, request("hi"))).end).toBe("bad_response");
});
