import { afterAll, beforeAll, expect, test } from "vitest";
import { mint, SubscriptionId } from "../../src/kernel/ids.ts";
import { Subscriptions } from "../../src/messaging/router/index.ts";
import { ManualClock } from "../helpers/manual-clock.ts";
import { startServer, type TestServer } from "../helpers/server.ts";

const KIB = 1024;

let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    settings: { "files.upload_bytes_max": 100 * KIB, "files.waiting_bytes_max": 250 * KIB },
  });
});
afterAll(() => server?.[Symbol.asyncDispose]());

async function ask(method: string, path: string, body: object | Uint8Array, workspace = "default") {
  const isFile = body instanceof Uint8Array;
  const response = await fetch(server.url + path, {
    method,
    headers: { "x-caxton-workspace": workspace, ...(!isFile && { "content-type": "application/json" }) },
    body: isFile ? Buffer.from(body) : JSON.stringify(body),
  });
  return { status: response.status, retryAfter: response.headers.get("retry-after"), body: await response.json() };
}

const deploy = async (name: string, description: string, workspace: string) => {
  const source = `name = "${name}"\nversion = "1.0.0"\ncapabilities = ["testing"]\ndescription = "${description}"\nsystem_prompt = "You work."\nuser_prompt_template = "{{request}}"\n`;
  return ask("POST", "/api/v1/agents", { source }, workspace);
};

test("a workspace takes as many agents as its quota allows, changes of theirs, and those of others", async () => {
  expect((await ask("POST", "/api/v1/workspaces", { name: "red", quotas: { agents: 2 } })).status).toBe(200);
  expect((await deploy("one", "first", "red")).status).toBe(201);
  expect((await deploy("two", "first", "red")).status).toBe(201);
  expect(await deploy("three", "first", "red")).toMatchObject({
    status: 429,
    retryAfter: "60",
    body: {
      code: "QUOTA_EXCEEDED",
      details: { quota: "agents", max: 2 },
      hint: expect.stringContaining("--quota agents="),
    },
  });
  expect(await deploy("two", "second", "red")).toMatchObject({ status: 200, body: { outcome: "updated" } });
  expect((await deploy("three", "first", "default")).status).toBe(201);
});

const upload = async (bytes: number, workspace?: string) =>
  ask("POST", "/api/v1/uploads?name=a.bin", new Uint8Array(bytes), workspace);

test("uploads that wait for a run have a limit per workspace, and those of other workspaces are stored", async () => {
  const statuses = await Promise.all([1, 2, 3, 4, 5, 6].map(async () => (await upload(100 * KIB)).status));
  expect(statuses.toSorted((one, other) => one - other)).toEqual([201, 201, 429, 429, 429, 429]);
  expect(await upload(60 * KIB)).toMatchObject({ status: 429, retryAfter: "60", body: { code: "UPLOADS_FULL" } });
  expect((await upload(40 * KIB)).status).toBe(201);
  expect((await upload(100 * KIB, "red")).status).toBe(201);
  expect((await upload(101 * KIB, "red")).status).toBe(413);
});

const subscription = (index: number) => ({
  id: mint(SubscriptionId),
  workspace: "red",
  subscriber: "reader",
  topic: `topic.${index}`,
  performative: undefined,
  sender: undefined,
  where: undefined,
  createdAtMs: 0,
});
const save = async () => undefined;

test("a workspace has at most 10,000 subscriptions, and others can subscribe", async () => {
  const clock = new ManualClock();
  const stored = Array.from({ length: 10_000 }, (_, index) => subscription(index));
  const subscriptions = new Subscriptions({ load: () => stored, save, delete: save }, clock);
  const draft = { workspace: "red", subscriber: "reader", topic: "topic.new" };
  await expect(subscriptions.subscribe(draft)).rejects.toMatchObject({ code: "SUBSCRIPTIONS_FULL", kind: "exhausted" });
  expect(await subscriptions.subscribe({ ...draft, topic: "topic.7" })).toMatchObject({ id: stored[7]?.id });
  expect(await subscriptions.subscribe({ ...draft, workspace: "blue" })).toMatchObject({ topic: "topic.new" });
});
