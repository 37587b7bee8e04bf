import { expect, test } from "vitest";
import { attempt, request, summary } from "./collect.ts";
import { events, vendor } from "./endpoint.ts";
import { KEY, modelImage, open, PNG } from "./opened.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("model.providers");

const chunk = (delta: object, finish: string | null = null) => ({
  id: "c1",
  object: "chat.completion.chunk",
  choices: [{ index: 0, delta, finish_reason: finish }],
});
const settings = (url: string) => ({ baseUrl: `${url}/v1`, headers: { "X-Team": "blue" } });

test("an answer without choices is a bad response", async () => {
  await using server = await vendor(events({ id: "c1", object: "chat.completion.chunk", choices: [] }, "[DONE]"));
  expect(summary(await attempt(await open("own/m", settings(server.url)), request("hi"))).end).toBe("bad_response");
});

test("images go to a model that accepts them, those of tools in a message behind the result", async () => {
  await using server = await vendor(events(chunk({ content: "ok" }, "stop"), "[DONE]"));
  const model = await open("own/m", settings(server.url), { facts: { "own/m": { images: true } } });
  await attempt(
    model,
    request([
      { role: "user", text: "see", images: [modelImage("a.png")] },
      { role: "assistant", text: "", toolCalls: [{ id: "c", name: "get_weather", arguments: "{}" }] },
      {
        role: "tool",
        results: [
          {
            id: "c",
            name: "get_weather",
            text: "drawn",
            structured: undefined,
            failed: false,
            images: [modelImage("b.png")],
          },
        ],
      },
    ]),
  );
  const image = {
    type: "image_url",
    image_url: { url: `data:image/png;base64,${Buffer.from(PNG).toString("base64")}` },
  };
  expect(server.seen[0]).toMatchObject({
    headers: { "x-team": "blue" },
    body: {
      messages: [
        { content: [{ type: "text", text: "see" }, image] },
        {},
        { role: "tool", content: "drawn" },
        { role: "user", content: [{ type: "text", text: expect.stringContaining("b.png") }, image] },
      ],
    },
  });
});

test("a model without image support receives their names as text", async () => {
  await using server = await vendor(events(chunk({ content: "ok" }, "stop"), "[DONE]"));
  await attempt(
    await open("own/m", settings(server.url)),
    request([{ role: "user", text: "see", images: [modelImage("a.png")] }]),
  );
  expect(server.seen[0]?.body).toMatchObject({
    messages: [
      { content: "see\n\n(image a.png, image/png, 8 bytes: not shown, because this model does not accept images)" },
    ],
  });
});

test("reasoning effort, options and the answer's schema reach the server", async () => {
  await using server = await vendor(events(chunk({ content: "{}" }, "stop"), "[DONE]"));
  const asked = request("hi", { reasoning: "low", options: { top_k: 5 } });
  await attempt(await open("own/m", settings(server.url)), { ...asked, answerSchema: { type: "object" } });
  expect(server.seen[0]?.body).toMatchObject({
    reasoning_effort: "low",
    top_k: 5,
    response_format: expect.anything(),
  });
});

test("OpenAI's own package is used for its own address, and asks with its newer names", async () => {
  const { open: openAi } = await import("../../../src/models/vendors/ai-sdk/vendor-openai.ts");
  await using server = await vendor(events(chunk({ content: "ok" }, "stop"), "[DONE]"));
  const { model } = openAi({
    model: "gpt-5-mini",
    baseUrl: new URL(`${server.url}/v1`),
    apiKey: KEY,
    headers: {},
    api: "chat",
    aws: undefined,
    fetch,
  });
  const { stream } = await model.doStream({
    prompt: [{ role: "user", content: [{ type: "text", text: "hi" }] }],
    maxOutputTokens: 50,
  });
  for await (const part of stream) expect(part.type).not.toBe("error");
  expect(server.seen[0]?.body).toMatchObject({ max_completion_tokens: 50 });
});
