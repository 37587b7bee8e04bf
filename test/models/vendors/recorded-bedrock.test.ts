import { expect, test } from "vitest";
import { Models } from "../../../src/models/vendors/index.ts";
import { systemClock } from "../../../src/kernel/clock.ts";
import { attempt, request, summary } from "./collect.ts";
import { amazonEvents, refusing, vendor } from "./endpoint.ts";
import { KEY, open } from "./opened.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("model.providers");

const usage = {
  inputTokens: 10,
  outputTokens: 5,
  totalTokens: 15,
  cacheReadInputTokens: 7,
  cacheWriteInputTokens: 2,
};
const begin = ["messageStart", { role: "assistant" }] as const;
const text = (said: string) => ["contentBlockDelta", { contentBlockIndex: 0, delta: { text: said } }] as const;
const stop = (stopReason: string) =>
  [["messageStop", { stopReason }] as const, ["metadata", { usage, metrics: { latencyMs: 3 } }] as const] as const;
const call = [
  ["contentBlockStart", { contentBlockIndex: 1, start: { toolUse: { toolUseId: "t1", name: "get_weather" } } }],
  ["contentBlockDelta", { contentBlockIndex: 1, delta: { toolUse: { input: '{"city":"Paris"}' } } }],
  ["contentBlockStop", { contentBlockIndex: 1 }],
] as const;
const CLAUDE = "aws/us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const settings = (url: string) => ({ type: "bedrock" as const, baseUrl: url, region: "eu-central-1" });

test("text, calls, cache and usage, with a bearer token", async () => {
  await using server = await vendor(amazonEvents(begin, text("Looking."), ...call, ...stop("tool_use")));
  const parts = await attempt(await open(CLAUDE, settings(server.url)), {
    ...request("hi", { cacheKey: "k" }),
    system: "Be brief.",
  });
  expect(summary(parts)).toEqual({ text: "Looking.", calls: ['get_weather {"city":"Paris"}'], end: "tool-calls" });
  expect(parts.at(-1)).toMatchObject({
    usage: { inputTokens: 19, outputTokens: 5, cachedInputTokens: 7, cacheWriteTokens: 2 },
  });
  expect(server.seen[0]).toMatchObject({
    url: "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream",
    headers: { authorization: `Bearer ${KEY}` },
    body: { system: [{ text: "Be brief." }, { cachePoint: { type: "default" } }] },
  });
});

test("requests are signed with AWS keys without a token", async () => {
  await using server = await vendor(amazonEvents(begin, text("hi"), ...stop("end_turn")));
  const environment = {
    AWS_ACCESS_KEY_ID: "AKIATEST",
    AWS_SECRET_ACCESS_KEY: "very-secret-aws-key",
    AWS_SESSION_TOKEN: "session",
    AWS_REGION: "eu-west-1",
  };
  const models = new Models({ clock: systemClock, environment }, { providers: { bedrock: { baseUrl: server.url } } });
  const model = await models.resolve({
    model: "bedrock/amazon.nova-lite-v1:0",
    baseUrl: undefined,
    apiKey: undefined,
  });
  expect(summary(await attempt(model, request("hi")))).toMatchObject({ text: "hi", end: "stop" });
  expect(server.seen[0]?.headers).toMatchObject({
    authorization: expect.stringMatching(/^AWS4-HMAC-SHA256 Credential=AKIATEST\/\d{8}\/eu-west-1\/bedrock\//),
    "x-amz-security-token": "session",
  });
});

test.each([
  ["max_tokens", "length"],
  ["guardrail_intervened", "content_filtered"],
  ["content_filtered", "content_filtered"],
  ["end_turn", "stop"],
])("the stop reason %s ends as %s", async (reason, expected) => {
  await using server = await vendor(amazonEvents(begin, text("so far"), ...stop(reason)));
  expect(summary(await attempt(await open(CLAUDE, settings(server.url)), request("hi"))).end).toBe(expected);
});

test.each([
  ["!throttlingException", "rate_limited"],
  ["!serviceUnavailableException", "overloaded"],
  ["!internalServerException", "overloaded"],
  ["!modelStreamErrorException", "overloaded"],
  ["!validationException", "invalid_request"],
])("the exception %s in the middle of a stream is of class %s", async (name, expected) => {
  await using server = await vendor(amazonEvents(begin, text("so far"), [name, { message: "no" }]));
  expect(summary(await attempt(await open(CLAUDE, settings(server.url)), request("hi")))).toMatchObject({
    text: "so far",
    end: expected,
  });
});

test.each([
  [403, "AccessDeniedException", "You don't have access to the model", "auth"],
  [429, "ThrottlingException", "Too many requests", "rate_limited"],
  [400, "ValidationException", "Input is too long for requested model.", "context_too_long"],
  [400, "ValidationException", "The provided model identifier is invalid.", "invalid_request"],
  [408, "ModelTimeoutException", "slow", "timeout"],
  [424, "ModelErrorException", "broke", "invalid_request"],
  [503, "ServiceUnavailableException", "down", "overloaded"],
])("status %i %s, %s, is of class %s", async (status, type, message, expected) => {
  await using server = await vendor(refusing(status, { message }, { "x-amzn-errortype": `${type}:http://internal/` }));
  const parts = await attempt(await open(CLAUDE, settings(server.url)), request("hi"));
  expect(parts).toMatchObject([{ failure: { class: expected, status } }]);
});

test("a stream that ends before its stop is a bad response", async () => {
  await using server = await vendor(amazonEvents(begin, text("so far")));
  expect(summary(await attempt(await open(CLAUDE, settings(server.url)), request("hi"))).end).toBe("bad_response");
});
