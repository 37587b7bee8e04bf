import process from "node:process";
import { afterEach, beforeEach, expect, test } from "vitest";
import { open } from "./vendor-bedrock.ts";

const before = process.env["AWS_ACCESS_KEY_ID"];
beforeEach(() => {
  process.env["AWS_ACCESS_KEY_ID"] = "AKIAOFTHESERVER";
  process.env["AWS_SECRET_ACCESS_KEY"] = "secret";
});
afterEach(() => {
  delete process.env["AWS_SECRET_ACCESS_KEY"];
  if (before === undefined) delete process.env["AWS_ACCESS_KEY_ID"];
  else process.env["AWS_ACCESS_KEY_ID"] = before;
});

test("a request without keys is not signed with those of the environment", async () => {
  const sent: string[] = [];
  const { model } = open({
    model: "amazon.nova-lite-v1:0",
    baseUrl: new URL("https://gateway.example"),
    apiKey: undefined,
    headers: {},
    api: "chat",
    aws: { region: "us-east-1", keys: undefined },
    fetch: async (_input, init) => {
      sent.push(JSON.stringify([...new Headers(init?.headers)]));
      return new Response("{}");
    },
  });
  const prompt = [{ role: "user" as const, content: [{ type: "text" as const, text: "hello" }] }];
  await expect(model.doStream({ prompt })).rejects.toThrow("no AWS keys");
  expect(sent.join()).not.toContain("AKIAOFTHESERVER");
});
