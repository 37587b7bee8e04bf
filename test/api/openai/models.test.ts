import OpenAI, { AuthenticationError } from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WorkspaceServer } from "../../helpers/workspaces.ts";

let server: WorkspaceServer;
let reader: string;
beforeAll(async () => {
  server = await WorkspaceServer.start();
  reader = await server.createKey("readonly");
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const client = (apiKey: string) => new OpenAI({ apiKey, baseURL: `${server.url}/v1`, maxRetries: 0 });

test("agents are listed as models and found by name", async () => {
  const models = await Array.fromAsync(client(reader).models.list());
  expect(models.map(({ id }) => id)).toContain("greeter");
  expect(await client(reader).models.retrieve("greeter")).toMatchObject({
    id: "greeter",
    object: "model",
    owned_by: "default",
  });
});

test("failures have the form and the classes of the OpenAI API", async () => {
  await expect(client(reader).models.retrieve("unknown")).rejects.toMatchObject({
    status: 404,
    code: "AGENT_NOT_FOUND",
    type: "invalid_request_error",
  });
  await expect(client("cax_wrong").models.retrieve("greeter")).rejects.toBeInstanceOf(AuthenticationError);
});

test("an endpoint that the server lacks is refused with a message that clients show", async () => {
  const asked = client(reader).audio.speech.create({ model: "greeter", voice: "alloy", input: "Hello" });
  await expect(asked).rejects.toMatchObject({
    status: 404,
    code: "ROUTE_NOT_FOUND",
    message: expect.stringContaining("has no POST /v1/audio/speech"),
  });
  const unknown = client("cax_wrong").audio.speech.create({ model: "greeter", voice: "alloy", input: "Hello" });
  await expect(unknown).rejects.toBeInstanceOf(AuthenticationError);
});

test("a request of another site is refused", async () => {
  const response = await fetch(`${server.url}/v1/models`, {
    headers: { "x-api-key": reader, "sec-fetch-site": "cross-site" },
  });
  expect([response.status, await response.json()]).toMatchObject([403, { error: { code: "FOREIGN_ORIGIN" } }]);
});
