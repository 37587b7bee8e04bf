import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { startServer, type TestServer } from "../helpers/server.ts";

/** The fields that the tests read of any answer. */
const Body = z.looseObject({
  id: z.string().default(""),
  code: z.string().default(""),
  run: z.object({ id: z.string() }).default({ id: "" }),
  items: z.array(z.unknown()).default([]),
});

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

/** Asks in a workspace. */
async function ask(method: string, path: string, body?: object, workspace = "default") {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: { "x-caxton-workspace": workspace, ...(body && { "content-type": "application/json" }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: Body.parse(await response.json()) };
}

const SCRIBE =
  'name = "scribe"\nversion = "1.0.0"\ncapabilities = ["notes"]\nsystem_prompt = "Write."\n[llm]\nmodel = "mock"\n';

test("a cursor that a client wrote shows no turn of another workspace, and no parameter names one", async () => {
  await ask("POST", "/workspaces", { name: "other" });
  await ask("POST", "/agents", { source: SCRIBE }, "other");
  const own = await ask("POST", "/threads", { agent: "greeter" });
  const foreign = await ask("POST", "/threads", { agent: "scribe" }, "other");
  const sent = await ask("POST", `/threads/${foreign.body.id}/messages`, { input: "kumquat", wait: true }, "other");
  expect(sent.status).toBe(200);
  const run: string = sent.body.run.id;
  const cursor = `cy-${Buffer.from(run).toString("base64url")}`;
  const path = `/threads/${own.body.id}`;
  const answers = [
    await ask("GET", `${path}/turns?cursor=${cursor}`),
    await ask("GET", `${path}/turns?head=${run}`),
    await ask("PATCH", path, { head: run }),
    await ask("POST", `${path}/fork`, { at: run }),
    await ask("POST", `${path}/messages`, { instead_of: run }),
    await ask("POST", "/threads", { agent: "greeter", from_run: run }),
  ];
  for (const { status, body } of answers)
    expect({ status, code: body.code }).toEqual({ status: 404, code: "RUN_NOT_FOUND" });
  expect(JSON.stringify(answers)).not.toContain("kumquat");
  const cursorOfOwn = await ask("GET", `/threads/${foreign.body.id}/turns?cursor=${cursor}`, undefined, "other");
  expect(cursorOfOwn.body.items).toHaveLength(1);
});

test("a thread whose agent was deleted can still be renamed and read", async () => {
  await ask("POST", "/agents", { source: SCRIBE });
  const { body: thread } = await ask("POST", "/threads", { agent: "scribe" });
  await fetch(`${server.url}/api/v1/agents/scribe`, { method: "DELETE" });
  expect(await ask("PATCH", `/threads/${thread.id}`, { title: "Old notes" })).toMatchObject({
    status: 200,
    body: { title: "Old notes" },
  });
  expect((await ask("POST", `/threads/${thread.id}/messages`, { input: "hello" })).body.code).toBe("AGENT_NOT_FOUND");
});
