import { describe, expect, test } from "vitest";
import * as z from "zod";
import { verifies } from "../helpers/verifies.ts";
import { type OfficialServer, startOfficialServer } from "./official-server.ts";
import { openWorld } from "./world.ts";

verifies("remotes.tasks");

describe("with an agent on the official server", () => {
  test("a request becomes a task, and its result an inform; capabilities are the skills of the card", async () => {
    await using official = await startOfficialServer();
    await using world = await openWorld(official);
    expect(await world.send({ content: "hello" })).toMatchObject({
      status: "accepted",
      reply: { performative: "inform", sender: "bakery", content: "echo hello" },
    });
    const byCapability = await world.send({ receiver: undefined, capability: "bake-bread", content: "rolls" });
    expect(byCapability.reply).toMatchObject({ content: "echo rolls" });
    const { body } = await world.server.ask("GET", "/api/v1/capabilities/bake-bread");
    expect(body).toMatchObject({
      providers: [{ agent: "bakery", version: "2.1.0", source: "a2a", metadata: { skill: "bake_bread" } }],
    });
    const participants = await world.server.ask("GET", "/api/v1/participants");
    expect(participants.body).toMatchObject({ items: [{ name: "bakery", is_remote: true, has_token: false }] });
  });

  test("the context is kept for a conversation and its sender", async () => {
    await using official = await startOfficialServer();
    await using world = await openWorld(official);
    const first = await world.send({ content: "one" });
    await world.send({ content: "two", conversation_id: first.conversation_id });
    await world.send({ content: "three" });
    const [one, two, three] = official.worked.map(({ contextId }) => contextId);
    expect(two).toBe(one);
    expect(three).not.toBe(one);
  });

  test("a question comes back, and the answer continues the same task", async () => {
    await using official = await startOfficialServer();
    await using world = await openWorld(official);
    const asked = await world.send({ content: "ask me" });
    expect(asked.reply).toMatchObject({ performative: "query-ref", content: "Which colour?" });
    const { conversation_id } = asked;
    const answered = await world.send({ content: "blue", conversation_id });
    expect(answered.reply).toMatchObject({ performative: "inform", content: "ordered blue" });
    const [first, second] = official.worked;
    expect(second?.taskId).not.toBe("");
    expect(second?.contextId).toBe(first?.contextId);
  });

  test("in a protocol without questions the question has a conversation of its own, and the result comes in the first", async () => {
    await using official = await startOfficialServer();
    await using world = await openWorld(official);
    const asked = await world.send({ content: "ask me", protocol: "fipa-request" }, 0);
    const question = await world.next({ performative: "query-ref" });
    expect(question).toMatchObject({ content: "Which colour?", parent_conversation: asked.conversation_id });
    const { conversation_id, reply_with: in_reply_to } = question;
    await world.send({ performative: "inform", content: "red", conversation_id, in_reply_to }, 0);
    const result = await world.next({ performative: "inform", conversation: asked.conversation_id });
    expect(result).toMatchObject({ content: "ordered red", in_reply_to: asked.id });
  });

  test("failures and refusals come back with the reason", async () => {
    await using official = await startOfficialServer();
    await using world = await openWorld(official);
    expect((await world.send({ content: "fail" })).reply).toMatchObject({
      performative: "failure",
      error: { code: "REMOTE_TASK_FAILED", message: "the oven is cold" },
    });
    expect((await world.send({ content: "reject", protocol: "fipa-request" })).reply).toMatchObject({
      performative: "refuse",
      content: "not my job",
    });
    expect((await world.send({ performative: "cfp", content: "bid" })).reply).toMatchObject({ performative: "refuse" });
    const sent = await world.send({ performative: "inform", content: "it rains" });
    expect(sent.reply).toMatchObject({
      performative: "failure",
      error: { details: { reason: "REMOTE_ACT_UNSUPPORTED" } },
    });
  });

  test("files of a result are named in the answer and can be downloaded", async () => {
    await using official = await startOfficialServer();
    await using world = await openWorld(official);
    const { reply } = await world.send({ content: "file" });
    expect(reply).toMatchObject({
      content: "see the table",
      parameters: { files: [{ name: "table.csv", media_type: "text/csv", bytes: 8 }] },
    });
    const { files } = z.object({ files: z.array(z.looseObject({ id: z.string() })) }).parse(reply?.["parameters"]);
    const response = await fetch(`${world.server.url}/api/v1/messages/content/${files[0]?.id}`);
    expect(await response.text()).toBe("a,b\n1,2\n");
  });

  test("a cancellation cancels the remote task", async () => {
    await using official = await startOfficialServer();
    await using world = await openWorld(official);
    const { conversation_id } = await world.send({ content: "slow" }, 0);
    await expect.poll(async () => (await world.get()).open_tasks).toBe(1);
    await expect.poll(() => official.requests.some(({ method }) => method === "GetTask")).toBe(true);
    const cancelled = await world.send({ performative: "cancel", content: "stop", conversation_id });
    expect(cancelled.reply).toMatchObject({ performative: "inform", content: "cancelled" });
    expect(official.cancelled).toHaveLength(1);
    expect((await world.get()).open_tasks).toBe(0);
  });

  // remotes.sending.S2
  test("an answer without a task that takes longer than a delivery is awaited", async () => {
    await using official = await startOfficialServer();
    await using world = await openWorld(official);
    await world.send({ content: "message" }, 0);
    await expect.poll(() => official.worked.length).toBe(1);
    await expect
      .poll(async () => (await world.server.ask("GET", "/api/v1/participants/bakery")).body, { timeout: 20_000 })
      .toMatchObject({ waiting: 0 });
    official.release();
    expect(await world.next({ performative: "inform" })).toMatchObject({ content: "without a task" });
    expect(official.worked).toHaveLength(1);
  }, 60_000);
});

const failing = async (instead: OfficialServer["instead"]) => {
  const official = await startOfficialServer();
  const world = await openWorld(official, {
    settings: { "messages.attempts_max": 2, "messages.retry_delay": "10ms" },
  });
  official.instead = instead;
  const { reply } = await world.send({ content: "hello" }, 30);
  await world[Symbol.asyncDispose]();
  await official[Symbol.asyncDispose]();
  return { reply: z.looseObject({ performative: z.literal("failure"), content: z.string() }).parse(reply), official };
};
const onSend = (answer: ReturnType<NonNullable<OfficialServer["instead"]>>) => (method: string) =>
  method === "SendMessage" ? answer : undefined;

describe("a remote server that misbehaves", () => {
  test.each([
    ["garbage", onSend({ status: 200, body: "<html>" }), "REMOTE_RESPONSE_INVALID", 2],
    ["a redirect", onSend({ status: 302, headers: { location: "http://127.0.0.1:1/" } }), "REMOTE_REDIRECTS", 1],
    ["a lack of credentials", onSend({ status: 401 }), "REMOTE_SIGN_IN_NEEDED", 1],
    ["an overload", onSend({ status: 503 }), "REMOTE_OVERLOADED", 2],
    ["too large a response", onSend({ status: 200, body: " ".repeat(33 * 1024 * 1024) }), "REMOTE_RESPONSE_INVALID", 2],
  ])("that sends %s is a failure with a reason", async (_what, instead, code, attempts) => {
    const { reply, official } = await failing(instead);
    expect(reply.content).toContain(code);
    expect(official.requests.filter(({ method }) => method === "SendMessage")).toHaveLength(attempts);
    expect(official.worked).toEqual([]);
  });

  // remotes.handler.H1
  test("that is down is asked again until it is back, without a second task", async () => {
    await using official = await startOfficialServer();
    await using world = await openWorld(official);
    official.instead = (method) => (method === "SendMessage" ? { status: 503 } : undefined);
    await world.send({ content: "hello" }, 0);
    await expect.poll(() => official.requests.filter(({ method }) => method === "SendMessage").length).toBe(2);
    official.instead = undefined;
    expect(await world.next({ performative: "inform" })).toMatchObject({ content: "echo hello" });
    expect(official.worked).toHaveLength(1);
  });

  // remotes.sending.S1
  test("whose response to a message is lost is asked for its task, which is not started twice", async () => {
    await using official = await startOfficialServer();
    await using world = await openWorld(official);
    official.instead = (method) => (method === "SendMessage" ? "cut-after" : undefined);
    expect((await world.send({ content: "hello" })).reply).toMatchObject({ content: "echo hello" });
    expect(official.worked).toHaveLength(1);
    expect(official.requests.some(({ method }) => method === "ListTasks")).toBe(true);
  });

  test("that cannot list its tasks gets no message twice: the sender hears that the outcome is unknown", async () => {
    await using official = await startOfficialServer();
    await using world = await openWorld(official);
    const unsupported = JSON.stringify({ jsonrpc: "2.0", id: 0, error: { code: -32004, message: "unsupported" } });
    official.instead = (method) =>
      method === "SendMessage" ? "cut-after" : method === "ListTasks" ? { status: 200, body: unsupported } : undefined;
    expect((await world.send({ content: "hello" })).reply).toMatchObject({
      performative: "failure",
      error: { code: "REMOTE_OUTCOME_UNKNOWN" },
    });
    expect(official.worked).toHaveLength(1);
  });

  // remotes.follower.F2
  test("that loses its tasks is a failure, and one that comes back is not", async () => {
    await using official = await startOfficialServer();
    await using world = await openWorld(official);
    await world.send({ content: "slow" }, 0);
    await expect.poll(() => official.requests.some(({ method }) => method === "GetTask")).toBe(true);
    official.instead = (method) => (method === "GetTask" ? "cut" : undefined);
    const cut = official.requests.length;
    await expect.poll(() => official.requests.length, { timeout: 10_000 }).toBeGreaterThan(cut + 1);
    const lost = JSON.stringify({ jsonrpc: "2.0", id: 0, error: { code: -32001, message: "Task not found" } });
    official.instead = (method) => (method === "GetTask" ? { status: 200, body: lost } : undefined);
    expect(await world.next({ performative: "failure" }, 20_000)).toMatchObject({
      error: { code: "REMOTE_TASK_LOST" },
    });
  }, 60_000);
});

test("a deleted agent provides nothing any more, and neither clients nor programs have its name", async () => {
  await using official = await startOfficialServer();
  await using world = await openWorld(official);
  const { server } = world;
  expect(await server.ask("POST", "/api/v1/participants/bakery/token")).toMatchObject({
    status: 409,
    body: { code: "PARTICIPANT_NAME_TAKEN" },
  });
  expect(await server.ask("DELETE", "/api/v1/participants/bakery")).toMatchObject({ status: 409 });
  expect(await server.ask("POST", "/api/v1/participants", { name: "bakery" })).toMatchObject({ status: 409 });
  expect(await server.ask("DELETE", "/api/v1/remote-agents/bakery")).toMatchObject({ status: 200 });
  expect(await world.send({ receiver: undefined, capability: "bake-bread", content: "hello" })).toMatchObject({
    error: { code: "NO_CAPABILITY_PROVIDERS" },
  });
  expect(await server.ask("GET", "/api/v1/remote-agents/bakery")).toMatchObject({
    status: 404,
    body: { code: "REMOTE_AGENT_NOT_FOUND" },
  });
});
