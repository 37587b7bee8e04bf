import OpenAI from "openai";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { LanguageModel } from "../../../src/models/port/language-model.ts";
import { scripted, type ScriptedTurnInput } from "../../../src/models/vendors/index.ts";
import { models } from "../../helpers/engine.ts";
import { verifies } from "../../helpers/verifies.ts";
import { WorkspaceServer } from "../../helpers/workspaces.ts";

verifies("api.openai");

let server: WorkspaceServer;
let key: string;
let calls = 0;
let turns: readonly ScriptedTurnInput[] = [];
const model: LanguageModel = {
  id: "scripted/inline",
  limits: undefined,
  stream: (request, signal) => ((calls += 1), scripted(turns).stream(request, signal)),
};

beforeAll(async () => {
  server = await WorkspaceServer.start({ overrides: { models: models(model) } });
  key = await server.createKey("operator");
});
afterAll(() => server?.[Symbol.asyncDispose]());
beforeEach(() => {
  calls = 0;
  turns = [{ text: "Hello, Ada." }];
});

const openai = (more: object = {}) => new OpenAI({ apiKey: key, baseURL: `${server.url}/v1`, maxRetries: 0, ...more });
const ask = (content: string) => ({ model: "greeter", messages: [{ role: "user" as const, content }] });

test("a request that its package repeats after a timeout gets the answer of the first run", async () => {
  turns = [{ text: "Hello, Ada.", delayMs: 2_500 }];
  const impatient = openai({ timeout: 1_500, maxRetries: 3 });
  const { id } = await impatient.conversations.create();
  const [chat, response, continued] = await Promise.all([
    impatient.chat.completions.create(ask("chat")),
    impatient.responses.create({ model: "greeter", input: "response" }),
    impatient.responses.create({ model: "greeter", input: "continued", conversation: id }),
  ]);
  expect(chat.choices[0]?.message.content).toBe("Hello, Ada.");
  expect([response.output_text, continued.output_text]).toEqual(["Hello, Ada.", "Hello, Ada."]);
  expect(calls).toBe(3);
  const items = await impatient.conversations.items.list(id);
  expect(items.data).toHaveLength(2);
});

test("equal requests that are not repeated, and one that was refused at first, start runs", async () => {
  await openai().chat.completions.create(ask("twice"));
  await openai().chat.completions.create(ask("twice"));
  expect(calls).toBe(2);
  // As a package would repeat a request whose first attempt did not arrive.
  const headers = { "X-Stainless-Retry-Count": "1" };
  await openai().responses.create({ model: "greeter", input: "lost" }, { headers });
  expect(calls).toBe(3);
});

test("an Idempotency-Key has one run, streamed or not, and belongs to one request of one caller", async () => {
  const headers = { "Idempotency-Key": "order-1" };
  const responses = await Promise.all(
    [1, 2, 3].map(async (attempt) => {
      if (attempt > 1) await new Promise((resolve) => void setTimeout(resolve, attempt * 300));
      return openai().responses.create({ model: "greeter", input: "Once" }, { headers });
    }),
  );
  expect(new Set(responses.map(({ id }) => id)).size).toBe(1);
  const streams = [];
  for (const order of ["order-2", "order-2"]) {
    const stream = await openai().chat.completions.create(
      { ...ask("Streamed"), stream: true },
      { headers: { "Idempotency-Key": order } },
    );
    streams.push((await Array.fromAsync(stream)).map(({ choices }) => choices[0]?.delta.content ?? "").join(""));
  }
  expect(streams).toEqual(["Hello, Ada.", "Hello, Ada."]);
  expect(calls).toBe(2);
  await expect(openai().responses.create({ model: "greeter", input: "Other" }, { headers })).rejects.toMatchObject({
    status: 400,
    code: "IDEMPOTENCY_KEY_REUSED",
  });
  const other = openai({ apiKey: await server.createKey("operator") });
  await other.responses.create({ model: "greeter", input: "Once" }, { headers });
  expect(calls).toBe(3);
  await expect(
    openai().responses.create({ model: "greeter", input: "x" }, { headers: { "Idempotency-Key": "two words" } }),
  ).rejects.toMatchObject({ status: 400 });
});
