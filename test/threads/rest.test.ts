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

const Added = z.object({ id: z.string(), role: z.string(), text: z.string() });
const Turns = z.object({ items: z.array(z.object({ added: z.array(Added) })), added: z.array(Added) });
const texts = (added: readonly z.infer<typeof Added>[]) => added.map(({ text }) => text);

test("messages that were added are of the next turn, of a fork and of the turn that replaces it, and are redacted", async () => {
  const secret = "kumquat-of-the-weather-service";
  await ask("PUT", "/secrets/WEATHER_API_KEY", { value: secret });
  const { id } = (await ask("POST", "/threads", { agent: "greeter" })).body;
  const add = (text: string, thread = id) =>
    ask("POST", `/threads/${thread}/added-messages`, { messages: [{ role: "user", text }] });
  const turns = async (thread = id) => {
    const response = await fetch(`${server.url}/api/v1/threads/${thread}/turns`);
    return Turns.parse(await response.json());
  };
  expect((await add(`one ${secret}`)).status).toBe(201);
  const fork = (await ask("POST", `/threads/${id}/fork`, {})).body.id;
  const send = (body: object) => ask("POST", `/threads/${id}/messages`, { ...body, wait: true });
  const { run } = (await send({ input: "hello" })).body;
  expect(await turns()).toMatchObject({ items: [{ added: [{ role: "user" }] }], added: [] });
  expect((await turns(fork)).added).toHaveLength(1);
  expect(JSON.stringify(await turns())).not.toContain(secret);
  await add("two");
  expect(texts((await turns()).added)).toEqual(["two"]);
  await send({ instead_of: run.id, input: "good morning" });
  const replaced = await turns();
  expect(replaced.items.map(({ added }) => texts(added)[0]?.slice(0, 3))).toEqual(["one"]);
  expect(replaced.added).toEqual([]);
  await ask("PATCH", `/threads/${id}`, { head: run.id });
  expect(texts((await turns()).added)).toEqual(["two"]);
  const markdown = await fetch(`${server.url}/api/v1/threads/${id}/export?format=markdown`);
  expect((await markdown.text()).split("\n")).toEqual(expect.arrayContaining(["hello", "two"]));
  const { body } = await ask("POST", `/threads/${id}/added-messages`, {
    messages: [
      { role: "user", text: "x" },
      { role: "narrator", text: "y" },
    ],
  });
  expect(body.code).toBe("REQUEST_INVALID");
});

test("as many messages wait for a turn as a request may have, and a deleted one is not found again", async () => {
  const { id } = (await ask("POST", "/threads", { agent: "greeter" })).body;
  const path = `/threads/${id}/added-messages`;
  const messages = Array.from({ length: 1_000 }, (_, number) => ({ role: "user", text: `${number}` }));
  for (let count = 0; count < 10; count += 1) expect((await ask("POST", path, { messages })).status).toBe(201);
  expect(await ask("POST", path, { messages: messages.slice(0, 1) })).toMatchObject({
    status: 409,
    body: { code: "THREAD_FULL" },
  });
  const { added } = Turns.parse(await (await fetch(`${server.url}/api/v1/threads/${id}/turns`)).json());
  expect(texts(added.slice(999, 1_001))).toEqual(["999", "0"]);
  const remove = () => fetch(`${server.url}/api/v1${path}/${added[0]?.id}`, { method: "DELETE" });
  expect((await remove()).status).toBe(204);
  expect(await (await remove()).json()).toMatchObject({ code: "ADDED_MESSAGE_NOT_FOUND" });
  expect((await ask("POST", path, { messages: messages.slice(0, 1) })).status).toBe(201);
});
