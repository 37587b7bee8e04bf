import { expect, test } from "vitest";
import { startServer } from "../helpers/server.ts";

test("who may run agents but not read runs gets no content of a thread, neither in answers nor as events", async () => {
  await using server = await startServer({
    settings: {
      "access.mode": "required",
      "access.roles": { starter: { description: "", permissions: ["runs:execute", "agents:read"] } },
    },
  });
  const as =
    (key: string) =>
    async (path: string, body: object, accept = "application/json") => {
      const response = await fetch(`${server.url}/api/v1${path}`, {
        method: "POST",
        headers: { "x-api-key": key, "content-type": "application/json", accept },
        body: JSON.stringify(body),
      });
      return { status: response.status, text: await response.text() };
    };
  const setup = as(server.started.setupToken ?? "");
  const admin = as(JSON.parse((await setup("/keys", { name: "admin", role: "admin" })).text).key);
  const starter = as(JSON.parse((await admin("/keys", { name: "starter", role: "starter" })).text).key);
  const made = await admin("/threads", { agent: "greeter", title: "kumquat" });
  const { id } = JSON.parse(made.text);
  expect(made.text).toContain("kumquat");
  const sent = await starter(`/threads/${id}/messages`, { input: "say kumquat", wait: true });
  expect(sent.status).toBe(200);
  expect(sent.text).not.toContain("kumquat");
  expect((await starter(`/threads/${id}/fork`, {})).text).not.toContain("kumquat");
  const followed = await starter(`/threads/${id}/messages`, { input: "say kumquat" }, "text/event-stream");
  expect(followed.status).toBe(403);
});
