import { LLMock } from "@copilotkit/aimock";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Models } from "../../../src/models/vendors/index.ts";
import { systemClock } from "../../../src/kernel/clock.ts";
import type { LanguageModel, ModelMessage } from "../../../src/models/port/language-model.ts";
import { attempt, request, summary } from "./collect.ts";

const server = new LLMock({ port: 0 });
let model: LanguageModel;

beforeAll(async () => {
  server.loadFixtureFile(new URL("../../fixtures/llm-cases.json", import.meta.url).pathname);
  await server.start();
  const environment = { OPENAI_BASE_URL: `${server.url}/v1`, OPENAI_API_KEY: "test-key" };
  model = await new Models({ clock: systemClock, environment }).resolve({
    model: undefined,
    baseUrl: undefined,
    apiKey: undefined,
  });
});
afterAll(() => server.stop());

const ask = async (text: string) => summary(await attempt(model, request(text)));

const answered = (text: string, calls: readonly string[] = [], end = calls.length > 0 ? "tool-calls" : "stop") => ({
  text,
  calls,
  end,
});

test.each([
  ["say hello", answered("Hello! How can I help you today?")],
  ["weather in Paris", answered("", ['get_weather {"city":"Paris"}'])],
  ["two cities", answered("", ['get_weather {"city":"Paris"}', 'get_weather {"city":"Oslo"}'])],
  ["tool first", answered("Let me check.", ['get_weather {"city":"NYC"}'])],
  ["bad tool args", answered("", ['get_weather {"city": "Par'])],
  ["unknown tool", answered("", ["no_such_tool {}"])],
  ["endless loop", answered("", ['get_weather {"city":"Loop"}'])],
  ["length stop", answered("cut by max tok", [], "length")],
  ["reason about", answered("42")],
  ["give json", answered("DEFAULT: no scripted answer matched.")],
  ["anything else", answered("DEFAULT: no scripted answer matched.")],
])("the case %s comes through as it is", async (text, expected) => {
  expect(await ask(text)).toEqual(expected);
});

test.each([
  ["always 429", "rate_limited", 429],
  ["always 500", "overloaded", 500],
  ["context too long", "context_too_long", 400],
  ["malformed json", "bad_response", undefined],
  ["drop connection", "network", undefined],
  ["truncated stream", "network", undefined],
])("the fault %s is of class %s", async (text, expected, status) => {
  const parts = await attempt(model, request(text));
  expect(parts.at(-1)).toMatchObject({ type: "error", failure: { class: expected, status } });
  expect(parts.filter(({ type }) => type === "error" || type === "finish")).toHaveLength(1);
});

test("a rate limit says how long to wait, and the next attempt is answered", async () => {
  const failed = await attempt(model, request("rate limit once"));
  expect(failed).toMatchObject([{ type: "error", failure: { class: "rate_limited", retryAfterMs: 1000 } }]);
  expect(await ask("rate limit once")).toEqual(answered("Recovered after 429."));
});

test("a truncated stream keeps what came before the cut", async () => {
  expect((await ask("truncated stream")).text).toMatch(/^This long answer/);
});

test("reasoning comes before the text and apart from it", async () => {
  const parts = await attempt(model, request("reason about"));
  expect(parts).toMatchObject([
    { type: "reasoning-delta", text: "Thinking about it." },
    { type: "text-delta", text: "42" },
    { type: "finish" },
  ]);
});

test("usage is what the provider counted, and undefined where it said nothing", async () => {
  const parts = await attempt(model, request("say hello"));
  expect(parts.at(-1)).toEqual({
    type: "finish",
    reason: "stop",
    usage: { inputTokens: 11, outputTokens: 8, cachedInputTokens: undefined, reasoningTokens: undefined },
  });
});

test("results of tools lead to the answer", async () => {
  const call = { id: "call_w1", name: "get_weather", arguments: '{"city":"Paris"}' };
  const messages: readonly ModelMessage[] = [
    { role: "user", text: "weather in Paris" },
    { role: "assistant", text: "", toolCalls: [call] },
    { role: "tool", results: [{ ...call, text: "21", structured: { celsius: 21 }, failed: false }] },
  ];
  expect(summary(await attempt(model, request(messages)))).toEqual(answered("It is 21 degrees in Paris."));
});

test("a slow stream that is cancelled in the middle ends as cancelled", async () => {
  const cancel = new AbortController();
  const parts = [];
  for await (const part of model.stream(request("slow stream"), cancel.signal)) {
    parts.push(part);
    cancel.abort();
  }
  expect(summary(parts)).toMatchObject({ text: expect.stringMatching(/^Slow/), end: "cancelled" });
});

test("a cancelled caller gets no text at all", async () => {
  expect(await attempt(model, request("say hello"), AbortSignal.abort())).toMatchObject([
    { type: "error", failure: { class: "cancelled" } },
  ]);
});

test("a slow stream that outlasts its time ends as timeout", async () => {
  const parts = await attempt(model, request("slow stream", { timeoutMs: 200 }));
  expect(parts).toMatchObject([
    { type: "error", failure: { class: "timeout", message: expect.stringMatching("200 ms") } },
  ]);
});
