import { LLMock } from "@copilotkit/aimock";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Models } from "../../../src/models/vendors/index.ts";
import { systemClock } from "../../../src/kernel/clock.ts";
import type { LanguageModel, ModelMessage } from "../../../src/models/port/language-model.ts";
import { attempt, request, summary } from "./collect.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("model.providers");

const server = new LLMock({ port: 0 });
beforeAll(async () => {
  server.addFixture({
    match: { userMessage: "filtered" },
    response: { content: "no", finishReason: "content_filter" },
  });
  server.loadFixtureFile(new URL("../../fixtures/llm-cases.json", import.meta.url).pathname);
  await server.start();
});
afterAll(() => server.stop());

/** What the mock server cannot say in a vendor's protocol; the files beside this one, recorded-*.test.ts, have the real answers. */
const UNSAID: { readonly [model: string]: readonly string[] } = {
  "responder/gpt-5-mini": ["length", "filter"],
  "claude/claude-sonnet-4-5": ["filter"],
  "aws/anthropic.claude-3-haiku": ["filter"],
  "le/mistral-small-latest": ["filter", "usage"],
};

/** The same fixtures in each vendor's own protocol. */
const VENDORS = [
  { model: "chatter/gpt-5-mini", providers: { chatter: { type: "openai", api: "chat" } }, path: "/v1" },
  {
    model: "responder/gpt-5-mini",
    providers: { responder: { type: "openai", api: "responses" } },
    path: "/v1",
  },
  { model: "claude/claude-sonnet-4-5", providers: { claude: { type: "anthropic" } }, path: "/v1" },
  { model: "gemini2/gemini-2.5-flash", providers: { gemini2: { type: "google" } }, path: "/v1beta" },
  { model: "aws/anthropic.claude-3-haiku", providers: { aws: { type: "bedrock", region: "us-east-1" } }, path: "" },
  { model: "le/mistral-small-latest", providers: { le: { type: "mistral" } }, path: "/v1" },
] as const;

describe.each(VENDORS)("$model", ({ model: id, providers, path }) => {
  let model: LanguageModel;
  const ask = async (text: string) => summary(await attempt(model, request(text)));

  beforeAll(async () => {
    const configured = Object.fromEntries(
      Object.entries(providers).map(([name, settings]) => [
        name,
        { ...settings, baseUrl: `${server.url}${path}`, apiKey: "sk-test-key-0123456789" },
      ]),
    );
    const models = new Models({ clock: systemClock, environment: {} }, { providers: configured });
    model = await models.resolve({ model: id, baseUrl: undefined, apiKey: undefined });
    server.resetMatchCounts();
  });

  test("says what the model says", async () => {
    expect(await ask("say hello")).toEqual({ text: "Hello! How can I help you today?", calls: [], end: "stop" });
  });

  test("hands on one call and several", async () => {
    expect(await ask("weather in Paris")).toEqual({
      text: "",
      calls: ['get_weather {"city":"Paris"}'],
      end: "tool-calls",
    });
    expect((await ask("two cities")).calls).toEqual(['get_weather {"city":"Paris"}', 'get_weather {"city":"Oslo"}']);
  });

  test("takes the result of a call, and a call whose arguments were broken", async () => {
    const call = { id: "call_w1", name: "get_weather", arguments: '{"city":"Paris"}' };
    const broken = { id: "call_w2", name: "get_weather", arguments: '{"city": "Par' };
    const messages: readonly ModelMessage[] = [
      { role: "user", text: "weather in Paris" },
      { role: "assistant", text: "", toolCalls: [call, broken] },
      {
        role: "tool",
        results: [
          { id: "call_w1", name: "get_weather", text: "21", structured: { celsius: 21 }, failed: false },
          { id: "call_w2", name: "get_weather", text: "not JSON", structured: undefined, failed: true },
        ],
      },
    ];
    expect(summary(await attempt(model, request(messages)))).toMatchObject({
      text: "It is 21 degrees in Paris.",
      end: "stop",
    });
  });

  /** The request, where the mock server can say in this protocol what it is for. */
  const sayable = (what: string, input: string) => (UNSAID[id]?.includes(what) === true ? [] : [input]);

  test.for(sayable("length", "length stop"))("%s: says that an answer was cut at its limit", async (input) => {
    expect(await ask(input)).toMatchObject({ text: "cut by max tok", end: "length" });
  });

  test.for(sayable("filter", "filtered"))("%s: says that a filter stopped the answer", async (input) => {
    expect((await ask(input)).end).toBe("content_filtered");
  });

  test.for(sayable("usage", "say hello"))("%s: counts tokens", async (input) => {
    const last = (await attempt(model, request(input))).at(-1);
    expect(last).toMatchObject({
      type: "finish",
      usage: { inputTokens: expect.any(Number), outputTokens: expect.any(Number) },
    });
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
    expect(JSON.stringify(parts)).not.toContain("sk-test-key");
  });

  test("a rate limit says how long to wait, and the next attempt is answered", async () => {
    const failed = await attempt(model, request("rate limit once"));
    expect(failed).toMatchObject([{ type: "error", failure: { class: "rate_limited", retryAfterMs: 1000 } }]);
    expect((await ask("rate limit once")).text).toBe("Recovered after 429.");
  });

  test("a first part that takes too long is a timeout", async () => {
    const parts = await attempt(model, request("slow stream", { timeoutMs: 200 }));
    expect(parts).toMatchObject([{ type: "error", failure: { class: "timeout" } }]);
  });

  test("a caller who leaves gets cancelled and nothing more", async () => {
    expect(await attempt(model, request("say hello"), AbortSignal.abort())).toMatchObject([
      { type: "error", failure: { class: "cancelled" } },
    ]);
  });
});
