import { expect, test } from "vitest";
import { attempt, request, summary } from "./collect.ts";
import { events, refusing, vendor } from "./endpoint.ts";
import { KEY, modelImage, open } from "./opened.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("model.providers");

const chunk = (delta: object, finish: string | null = null, more: object = {}) => ({
  id: "c",
  object: "chat.completion.chunk",
  created: 1,
  model: "mistral-small-latest",
  choices: [{ index: 0, delta, finish_reason: finish }],
  ...more,
});
const usage = { prompt_tokens: 11, completion_tokens: 3, total_tokens: 14 };
const call = { id: "abcdefghi", index: 0, function: { name: "get_weather", arguments: '{"city":"Paris"}' } };
const settings = (url: string) => ({ type: "mistral" as const, baseUrl: `${url}/v1` });

test("text, calls and usage", async () => {
  await using server = await vendor(
    events(
      chunk({ role: "assistant", content: "" }),
      chunk({ content: "Looking." }),
      chunk({ tool_calls: [call] }, "tool_calls", { usage }),
      "[DONE]",
    ),
  );
  const parts = await attempt(
    await open("mis/mistral-small-latest", settings(server.url)),
    request("hi", { cacheKey: "k" }),
  );
  expect(summary(parts)).toEqual({ text: "Looking.", calls: ['get_weather {"city":"Paris"}'], end: "tool-calls" });
  expect(parts.at(-1)).toMatchObject({ usage: { inputTokens: 11, outputTokens: 3 } });
  expect(server.seen[0]).toMatchObject({
    headers: { authorization: `Bearer ${KEY}` },
    body: { prompt_cache_key: "k" },
  });
});

test("an image of a tool's result is named as text, since Mistral accepts none there", async () => {
  await using server = await vendor(events(chunk({ content: "ok" }, "stop", { usage }), "[DONE]"));
  await attempt(
    await open("mis/mistral-small-latest", settings(server.url)),
    request([
      { role: "user", text: "draw" },
      { role: "assistant", text: "", toolCalls: [{ id: "abcdefghi", name: "get_weather", arguments: "{}" }] },
      {
        role: "tool",
        results: [
          {
            id: "abcdefghi",
            name: "get_weather",
            text: "drawn",
            structured: undefined,
            failed: false,
            images: [modelImage("a.png")],
          },
        ],
      },
    ]),
  );
  expect(server.seen[0]?.body).toMatchObject({
    messages: [
      {},
      {},
      { role: "tool", content: expect.stringMatching(/^drawn\n\(image a\.png.*does not accept images from tools/) },
    ],
  });
});

test.each([
  [401, { object: "error", message: "Unauthorized", type: "invalid_request_error", param: null, code: null }, "auth"],
  [
    429,
    { object: "error", message: "Requests rate limit exceeded", type: "rate_limited", param: null, code: "1300" },
    "rate_limited",
  ],
  [
    400,
    {
      object: "error",
      message: "Prompt contains 90 tokens, too large for model with 80 maximum context length",
      type: "invalid_request_error",
      param: null,
      code: "3051",
    },
    "context_too_long",
  ],
  [503, { detail: "Service unavailable" }, "overloaded"],
  [422, { detail: [{ msg: "field required" }] }, "invalid_request"],
])("status %i with %j is of class %s", async (status, body, expected) => {
  await using server = await vendor(refusing(status, body));
  const parts = await attempt(await open("mis/mistral-small-latest", settings(server.url)), request("hi"));
  expect(parts).toMatchObject([{ failure: { class: expected, status } }]);
});

test.each([
  ["length", "length"],
  ["model_length", "length"],
  ["error", "bad_response"],
])("the finish reason %s ends as %s", async (reason, expected) => {
  await using server = await vendor(events(chunk({ content: "so far" }, reason, { usage }), "[DONE]"));
  expect(summary(await attempt(await open("mis/mistral-small-latest", settings(server.url)), request("hi"))).end).toBe(
    expected,
  );
});

test("a stream without a finish reason is a bad response", async () => {
  await using server = await vendor(events(chunk({ content: "so far" }), "[DONE]"));
  expect(summary(await attempt(await open("mis/mistral-small-latest", settings(server.url)), request("hi"))).end).toBe(
    "bad_response",
  );
});
