import { expect, test } from "vitest";
import { attempt, request, summary } from "./collect.ts";
import { events, refusing, vendor } from "./endpoint.ts";
import { afterTurn, KEY, open, PNG } from "./opened.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("model.providers");

const chunk = (parts: readonly object[], finishReason?: string) => ({
  candidates: [
    { content: { role: "model", parts }, ...(finishReason === undefined ? {} : { finishReason }), index: 0 },
  ],
  usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 4, thoughtsTokenCount: 3, totalTokenCount: 17 },
});
const settings = (url: string) => ({ type: "google" as const, baseUrl: `${url}/v1beta` });

test("the signature of a call goes back with it", async () => {
  const called = { functionCall: { name: "get_weather", args: { city: "Paris" } }, thoughtSignature: "SIGNED" };
  await using server = await vendor(events(chunk([called], "STOP")), events(chunk([{ text: "21" }], "STOP")));
  const model = await open("gem/gemini-3-pro-preview", settings(server.url));
  const asked = request("weather in Paris");
  const messages = afterTurn(asked, await attempt(model, asked));
  expect(summary(await attempt(model, { ...asked, messages }))).toMatchObject({ text: "21", end: "stop" });
  expect(server.seen.at(-1)?.body).toMatchObject({
    contents: [{ role: "user" }, { role: "model", parts: [called] }, { role: "user" }],
  });
  expect(server.seen[0]?.headers).toMatchObject({ "x-goog-api-key": KEY });
});

test("an image in the answer is a file", async () => {
  const data = Buffer.from(PNG).toString("base64");
  await using server = await vendor(
    events(chunk([{ text: "Here." }, { inlineData: { mimeType: "image/png", data } }], "STOP")),
  );
  const parts = await attempt(await open("gem/gemini-2.5-flash-image", settings(server.url)), request("draw"));
  const file = parts.find(({ type }) => type === "file");
  expect(file?.type === "file" && [file.mediaType, ...file.data]).toEqual(["image/png", ...PNG]);
  expect(summary(parts)).toMatchObject({ text: "Here.", end: "stop" });
});

test.each([
  ["MAX_TOKENS", "length"],
  ["SAFETY", "content_filtered"],
  ["PROHIBITED_CONTENT", "content_filtered"],
  ["MALFORMED_FUNCTION_CALL", "bad_response"],
])("the finish reason %s ends as %s", async (reason, expected) => {
  await using server = await vendor(events(chunk([{ text: "so far" }], reason)));
  expect(summary(await attempt(await open("gem/gemini-2.5-pro", settings(server.url)), request("hi"))).end).toBe(
    expected,
  );
});

test("a request that the filter refuses is content_filtered", async () => {
  await using server = await vendor(events({ promptFeedback: { blockReason: "SAFETY" } }));
  expect(summary(await attempt(await open("gem/gemini-2.5-pro", settings(server.url)), request("hi"))).end).toBe(
    "content_filtered",
  );
});

const info = { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "17.5s" };
test.each([
  [429, "RESOURCE_EXHAUSTED", "quota", [info], "rate_limited", 17_500],
  [400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", [], "auth", undefined],
  [403, "PERMISSION_DENIED", "no", [], "auth", undefined],
  [503, "UNAVAILABLE", "The model is overloaded.", [], "overloaded", undefined],
  [
    400,
    "INVALID_ARGUMENT",
    "The input token count (9) exceeds the maximum number of tokens allowed (8).",
    [],
    "context_too_long",
    undefined,
  ],
])("status %i %s, %s, is classified", async (...row) => {
  const [status, word, message, details, expected, wait] = row;
  await using server = await vendor(refusing(status, { error: { code: status, message, status: word, details } }));
  const parts = await attempt(await open("gem/gemini-2.5-pro", settings(server.url)), request("hi"));
  expect(parts).toMatchObject([{ failure: { class: expected, status, retryAfterMs: wait } }]);
});

test("a stream without a finish reason is a bad response", async () => {
  await using server = await vendor(events(chunk([{ text: "so far" }])));
  expect(summary(await attempt(await open("gem/gemini-2.5-pro", settings(server.url)), request("hi"))).end).toBe(
    "bad_response",
  );
});
