import { expect, test } from "vitest";
import { threads } from "../../src/api/contract/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("triggers.thread");

const SCRIPT = [{ text: "done" }];
const PATH = "/api/v1/triggers/data-analyzer%2Fsorted";
const create = (server: TestServer, thread: string) =>
  server.ask("POST", "/api/v1/triggers", {
    agent: "data-analyzer",
    name: "sorted",
    kind: "every",
    every: "1d",
    input: "{{event.text}}",
    thread,
  });
const fire = (server: TestServer, customer: string, text: string) =>
  server.ask("POST", `${PATH}/fire`, { event: { customer, text } });
/** The requests of each thread, in their order. */
async function dialogues(server: TestServer): Promise<readonly string[]> {
  const { items } = threads.ThreadPage.parse((await server.ask("GET", "/api/v1/threads")).body);
  const requests = items.map(async ({ id }) => {
    const turns = threads.TurnPage.parse((await server.ask("GET", `/api/v1/threads/${id}/turns`)).body);
    const messages = turns.items.toReversed().flatMap((turn) => turn.messages);
    return messages.flatMap(({ role, text }) => (role === "user" ? [text] : [])).join(" ");
  });
  return (await Promise.all(requests)).toSorted();
}
const threadId = async (server: TestServer) =>
  threads.ThreadPage.parse((await server.ask("GET", "/api/v1/threads")).body).items[0]?.id;

test("runs with the same text of the key are turns of one thread", async () => {
  await using server = await startServer({ script: SCRIPT });
  await create(server, "{{event.customer}}");
  for (const [customer, text] of [
    ["ann", "a1"],
    ["bob", "b1"],
    ["ann", "a2"],
  ] as const)
    await fire(server, customer, text);
  await expect.poll(() => dialogues(server)).toEqual(["a1 a2", "b1"]);
});

test("same is one thread, which is started again after it was deleted, and new uses no thread", async () => {
  await using server = await startServer({ script: SCRIPT });
  await create(server, "same");
  await fire(server, "ann", "a1");
  await fire(server, "bob", "b1");
  await expect.poll(() => dialogues(server)).toEqual(["a1 b1"]);
  await server.ask("DELETE", `/api/v1/threads/${await threadId(server)}`);
  await fire(server, "ann", "a2");
  await expect.poll(() => dialogues(server)).toEqual(["a2"]);
  await server.ask("PATCH", PATH, { thread: "new" });
  await fire(server, "ann", "a3");
  expect(await dialogues(server)).toEqual(["a2"]);
});

test("a thread that was moved to another agent gets no turn", async () => {
  await using server = await startServer({ script: SCRIPT });
  await create(server, "same");
  await fire(server, "ann", "a1");
  const source = `name = "clerk"\nversion = "1.0.0"\ncapabilities = ["writing"]\nsystem_prompt = "Repeat the request."\n`;
  await server.ask("POST", "/api/v1/agents", { source });
  await server.ask("PATCH", `/api/v1/threads/${await threadId(server)}`, { agent: "clerk" });
  await expect
    .poll(() => fire(server, "ann", "a2"))
    .toMatchObject({
      body: { outcome: "failed", code: "TRIGGER_INVALID", reason: expect.stringContaining("clerk") },
    });
});

test("after a hand-off, the next event goes to the agent of the trigger again", async () => {
  await using server = await startServer();
  const source = `name = "reception"\nversion = "1.0.0"\ncapabilities = ["reception"]\nsystem_prompt = "Hand off."\nhandoffs = ["greeter"]\n`;
  await server.ask("POST", "/api/v1/agents", { source });
  const trigger = {
    agent: "reception",
    name: "sorted",
    kind: "every",
    every: "1d",
    input: "{{event.text}}",
    thread: "same",
  };
  await server.ask("POST", "/api/v1/triggers", trigger);
  const event = (text: string) =>
    server.ask("POST", "/api/v1/triggers/reception%2Fsorted/fire", { event: { text: `hand off to greeter: ${text}` } });
  const agents = async () => {
    const { body } = await server.ask("GET", `/api/v1/threads/${await threadId(server)}/turns`);
    return threads.TurnPage.parse(body).items.map(({ agent, state }) => `${agent} ${state}`);
  };
  expect(await event("hello")).toMatchObject({ body: { outcome: "started" } });
  await expect.poll(agents, { timeout: 30_000 }).toEqual(["greeter completed", "reception completed"]);
  expect(await event("hello again")).toMatchObject({ body: { outcome: "started" } });
  await expect
    .poll(agents, { timeout: 30_000 })
    .toEqual(["greeter completed", "reception completed", "greeter completed", "reception completed"]);
});

test("a key with an unknown variable is refused", async () => {
  await using server = await startServer({ script: SCRIPT });
  const refused = { status: 400, body: { code: "TRIGGER_INVALID", detail: expect.stringContaining("customer") } };
  expect(await create(server, "{{customer}}")).toMatchObject(refused);
});
