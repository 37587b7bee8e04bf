import { afterEach, beforeEach, expect, test } from "vitest";
import { triggers } from "../../src/api/contract/index.ts";
import { TriggerId, WebhookId } from "../../src/kernel/ids.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";
import { SetClock } from "./set-clock.ts";

verifies("triggers.definitions");

const HEAD = `name = "clerk"
version = "1.0.0"
capabilities = ["writing"]
system_prompt = "Repeat the request."
`;
const MORNING = `
[[trigger]]
name = "morning"
kind = "cron"
cron = "0 7 * * *"
input = "Report of {{planned_at}}"
`;
const POLL = `
[[trigger]]
name = "poll"
kind = "every"
every = "1h"
input = "Poll"
`;

let clock: SetClock;
let server: TestServer;
let directory: ReturnType<typeof tempDirectory>;
const start = async () => {
  server = await startServer({ directory: directory.path, overrides: { clock } });
};
beforeEach(async () => {
  directory = tempDirectory();
  clock = new SetClock(Date.parse("2026-11-23T06:30:00Z"));
  await start();
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

async function deploy(source: string) {
  const { status, body } = await server.ask("POST", "/api/v1/agents", { source });
  expect({ status, body }).toMatchObject({ status: expect.toBeOneOf([200, 201]) });
}
const list = async () => triggers.TriggerPage.parse((await server.ask("GET", "/api/v1/triggers")).body).items;
/** Names with their next times. */
const planned = () =>
  expect.poll(async () =>
    (await list()).map(({ trigger: { name }, next_at: next }) => `${name} ${next?.slice(0, 16)}`),
  );
const fires = async (name: string) =>
  triggers.TriggerFirePage.parse((await server.ask("GET", `/api/v1/triggers/clerk%2F${name}/fires`)).body).items;

test("a deployment declares triggers; the next one changes, keeps and removes them, also across restarts", async () => {
  await deploy(HEAD + MORNING + POLL);
  await planned().toEqual(["morning 2026-11-23T07:00", "poll 2026-11-23T07:30"]);
  expect(await list()).toMatchObject([{ origin: "definition", owner: { kind: "local" } }, { origin: "definition" }]);
  await clock.until("2026-11-23T07:30:00Z");
  await expect.poll(async () => (await fires("morning")).length + (await fires("poll")).length).toBe(2);
  const [before] = await list();
  await server[Symbol.asyncDispose]();
  await start();
  await planned().toEqual(["morning 2026-11-24T07:00", "poll 2026-11-23T08:30"]);
  await deploy(HEAD + MORNING.replace("0 7", "0 9") + POLL);
  await planned().toEqual(["morning 2026-11-23T09:00", "poll 2026-11-23T08:30"]);
  expect((await list())[0]?.id).toBe(before?.id);
  expect(await fires("morning")).toHaveLength(1);
  await deploy(HEAD + POLL);
  await planned().toEqual(["poll 2026-11-23T08:30"]);
  await server.ask("POST", "/api/v1/agents/clerk/rollback");
  await planned().toEqual(["morning 2026-11-23T09:00", "poll 2026-11-23T08:30"]);
  expect(await fires("morning")).toHaveLength(0);
  await server.ask("DELETE", "/api/v1/agents/clerk");
  expect(await list()).toEqual([]);
});

test("a declared trigger is changed by its definition alone; one that was created otherwise stays", async () => {
  await deploy(HEAD + MORNING);
  const own = { agent: "clerk", name: "own", kind: "every", every: "1d", input: "x" };
  await server.ask("POST", "/api/v1/triggers", own);
  const refused = { status: 409, body: { code: "TRIGGER_DECLARED" } };
  expect(await server.ask("PATCH", "/api/v1/triggers/clerk%2Fmorning", { enabled: false })).toMatchObject(refused);
  expect(await server.ask("DELETE", "/api/v1/triggers/clerk%2Fmorning")).toMatchObject(refused);
  expect(await server.ask("PATCH", "/api/v1/triggers/clerk%2Fmorning", { enabled: true })).toMatchObject({
    status: 200,
  });
  await deploy(HEAD);
  expect(await list()).toMatchObject([{ trigger: { name: "own" }, origin: "api" }]);
});

test("a secret of a declared webhook stays when the definition changes", async () => {
  const hook = '\n[[trigger]]\nname = "hook"\nkind = "webhook"\nverify = "bearer"\ninput = "{{event.body}}"\n';
  await deploy(HEAD + hook);
  const path = "/api/v1/triggers/clerk%2Fhook";
  const { secret, url } = triggers.HookSecret.parse((await server.ask("POST", `${path}/rotate-secret`)).body);
  await deploy(HEAD + hook.replace("event.body", "event.headers"));
  const answer = await fetch(server.url + url, { method: "POST", headers: { authorization: `Bearer ${secret}` } });
  expect(answer.status).toBe(202);
});

test("a declared webhook that was of another kind meanwhile is another one, without the old secret", async () => {
  const hook = '\n[[trigger]]\nname = "hook"\nkind = "webhook"\nverify = "bearer"\ninput = "x"\n';
  await deploy(HEAD + hook);
  const path = "/api/v1/triggers/clerk%2Fhook";
  const { secret, url } = triggers.HookSecret.parse((await server.ask("POST", `${path}/rotate-secret`)).body);
  await deploy(HEAD + MORNING.replace("morning", "hook"));
  await deploy(HEAD + hook);
  const headers = { authorization: `Bearer ${secret}` };
  const [trigger] = await list();
  expect(trigger?.url).toMatch(/^\/hooks\//);
  expect(trigger?.url).not.toBe(url);
  expect((await fetch(server.url + url, { method: "POST", headers })).status).toBe(404);
  expect((await fetch(`${server.url}${trigger?.url}`, { method: "POST", headers })).status).toBe(401);
});

test("the secret of a declared webhook is deleted with the webhook", async () => {
  const hook = '\n[[trigger]]\nname = "hook"\nkind = "webhook"\nverify = "bearer"\ninput = "x"\n';
  const stored = () => server.started.caxton.storage.secrets.load().length;
  const rotate = () => server.ask("POST", "/api/v1/triggers/clerk%2Fhook/rotate-secret");
  await deploy(HEAD + hook);
  await rotate();
  expect(stored()).toBe(1);
  await deploy(HEAD);
  expect(stored()).toBe(0);
  await deploy(HEAD + hook);
  await rotate();
  await server.ask("DELETE", "/api/v1/agents/clerk");
  expect(stored()).toBe(0);
});

test("a start deletes the secrets of webhooks that a crash left behind, and no others", async () => {
  const { secrets, triggers: store, webhooks } = server.started.caxton.storage;
  const names = () => server.started.caxton.storage.secrets.load().map(({ name }) => name);
  const made = async (name: string) => {
    const hook = { agent: "data-analyzer", name, kind: "webhook", input: "x" };
    const trigger = triggers.Trigger.parse((await server.ask("POST", "/api/v1/triggers", hook)).body);
    await server.ask("POST", `/api/v1/triggers/${trigger.id}/rotate-secret`);
    const target = { url: "https://example.com/", events: ["run.completed"] };
    const { body } = await server.ask("POST", "/api/v1/webhooks", target);
    const { id }: { id: string } = JSON.parse(JSON.stringify(body));
    await server.ask("POST", `/api/v1/webhooks/${id}/rotate`, {});
    return [`trigger:${trigger.id}`, `webhook:${id}`, `webhook:${id}:previous`];
  };
  const kept = await made("kept");
  const [hook = "", target = ""] = await made("lost");
  expect(secrets.load()).toHaveLength(6);
  await store.delete("default", TriggerId.parse(hook.slice("trigger:".length)));
  await webhooks.delete({ workspace: "default", id: WebhookId.parse(target.slice("webhook:".length)) });
  await server[Symbol.asyncDispose]();
  await start();
  await expect.poll(() => names().toSorted()).toEqual(kept.toSorted());
});

const ORDERS = `
[[trigger]]
name = "orders"
kind = "message"
topic = "orders.#"
performative = "inform"
input = "{{event.content}}"
`;

test("a declared message trigger receives messages from its deployment on, also across restarts", async () => {
  const send = (content: string) =>
    server.ask("POST", "/api/v1/messages", { performative: "inform", topic: "orders.new", content });
  await deploy(HEAD + ORDERS);
  expect(await send("one")).toMatchObject({ body: { status: "accepted" } });
  await server[Symbol.asyncDispose]();
  await start();
  expect(await send("two")).toMatchObject({ body: { status: "accepted" } });
  await expect.poll(async () => (await fires("orders")).map(({ outcome }) => outcome)).toEqual(["started", "started"]);
  await deploy(HEAD + POLL);
  expect(await send("three")).toMatchObject({ body: { error: { code: "NO_SUBSCRIBERS" } } });
});
