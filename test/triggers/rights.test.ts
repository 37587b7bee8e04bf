import { afterAll, beforeAll, expect, test } from "vitest";
import { keys } from "../../src/api/contract/index.ts";
import { newFire } from "../../src/triggers/slots.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("triggers.rights");

let server: TestServer;
let admin = "";
beforeAll(async () => {
  const roles = {
    deployer: { description: "Deploys", permissions: ["agents:*"] },
    planner: { description: "Plans", permissions: ["triggers:*"] },
    writer: { description: "Sends messages", permissions: ["messages:*"] },
    runner: { description: "Fires", permissions: ["triggers:*", "runs:*"] },
  };
  server = await startServer({ settings: { "access.mode": "required", "access.roles": roles } });
  admin = await keyOf(server.started.setupToken ?? "", { role: "admin" });
});
afterAll(() => server?.[Symbol.asyncDispose]());

async function ask(key: string, method: string, path: string, body?: object) {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: { "x-api-key": key, ...(body && { "content-type": "application/json" }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: JSON.parse(await response.text()) };
}
const keyOf = async (by: string, more: object): Promise<string> =>
  keys.CreatedApiKey.parse((await ask(by, "POST", "/keys", { name: "planner", ...more })).body).key ?? "";

const SPEC = { agent: "data-analyzer", kind: "every", every: "1d", input: "Say hello", parallel: 9 };
const fire = (key: string, name: string) => ask(key, "POST", `/triggers/data-analyzer%2F${name}/fire`);
const stateOf = async (name: string) => (await ask(admin, "GET", `/triggers/data-analyzer%2F${name}`)).body;

test("a run has the rights of the principal that changed the trigger last", async () => {
  // triggers.triggers.G1
  const user = await keyOf(admin, { role: "user" });
  const created = await ask(user, "POST", "/triggers", { ...SPEC, name: "mine" });
  expect(created).toMatchObject({ status: 200, body: { owner: { kind: "key", name: "planner" } } });
  const { body } = await fire(admin, "mine");
  expect(body).toMatchObject({ outcome: "started" });
  const journal = server.started.caxton.storage.journal.read(body.run, 0);
  expect(journal[0]?.event).toMatchObject({ caller: { role: "admin", lacks: [] } });
  const readonly = await keyOf(admin, { role: "readonly" });
  expect(await ask(readonly, "POST", "/triggers", { ...SPEC, name: "theirs" })).toMatchObject({ status: 403 });
  expect(await fire(readonly, "mine")).toMatchObject({ status: 403 });
  const planner = await keyOf(admin, { role: "planner" });
  await ask(planner, "PATCH", "/triggers/data-analyzer%2Fmine", { input: "Say more" });
  expect((await fire(admin, "mine")).body).toMatchObject({ outcome: "failed", code: "PERMISSION_DENIED" });
});

test("a trigger of a revoked key stops with the reason until another principal takes it over", async () => {
  // triggers.firing.F3
  const user = await keyOf(admin, { role: "user" });
  const { body: whoami } = await ask(user, "GET", "/whoami");
  await ask(user, "POST", "/triggers", { ...SPEC, name: "orphan" });
  await ask(admin, "DELETE", `/keys/${String(whoami.principal?.id ?? whoami.id).replace("key_", "")}`);
  const fired = await fire(admin, "orphan");
  expect(fired.body).toMatchObject({ outcome: "failed", code: "PRINCIPAL_GONE", run: null });
  const stopped = await stateOf("orphan");
  expect(stopped).toMatchObject({ next_at: null, stopped: { reason: expect.stringContaining("revoked") } });
  const taken = await ask(admin, "PATCH", "/triggers/data-analyzer%2Forphan", { enabled: true });
  expect(taken.body).toMatchObject({ stopped: null, next_at: expect.any(String) });
  expect((await fire(admin, "orphan")).body).toMatchObject({ outcome: "started" });
});

test("a principal that may plan but not start runs cannot start one by a trigger", async () => {
  const planner = await keyOf(admin, { role: "planner" });
  expect(await ask(planner, "POST", "/triggers", { ...SPEC, name: "planned" })).toMatchObject({ status: 200 });
  expect((await fire(planner, "planned")).body).toMatchObject({ outcome: "failed", code: "PERMISSION_DENIED" });
  expect((await stateOf("planned")).stopped.reason).toContain("runs:execute");
  const { body } = await ask(admin, "GET", "/audit?operation=trigger.fire&outcome=denied");
  expect(body.items[0]).toMatchObject({ name: "planner", target: { trigger: expect.any(String) } });
});

test("a key that is limited to agents manages only their triggers, and these start only their runs", async () => {
  const limited = await keyOf(admin, { role: "user", only: { agents: ["data-*"] } });
  expect(await ask(limited, "POST", "/triggers", { ...SPEC, name: "limited" })).toMatchObject({ status: 200 });
  expect((await fire(limited, "limited")).body).toMatchObject({ outcome: "started" });
  const other = await ask(limited, "POST", "/triggers", { ...SPEC, agent: "code-reviewer", name: "limited" });
  expect(other).toMatchObject({ status: 404, body: { code: "AGENT_NOT_FOUND" } });
});

const callerOf = async (run: string) => (await ask(admin, "GET", `/runs/${run}`)).body.caller;

test("a run that another principal fires by hand has only the rights that both have", async () => {
  const user = await keyOf(admin, { role: "user" });
  await ask(user, "POST", "/triggers", { ...SPEC, name: "shared" });
  // triggers.starter.R1
  const limited = await keyOf(admin, { role: "runner", name: "runner" });
  const { body } = await fire(limited, "shared");
  expect(body).toMatchObject({ outcome: "started", caller: { kind: "key", name: "runner" } });
  expect(await callerOf(body.run)).toMatchObject({
    name: "runner",
    lacks: expect.arrayContaining(["memory:write", "messages:send"]),
  });
  expect(await callerOf((await fire(admin, "shared")).body.run)).toMatchObject({ role: "admin", lacks: [] });
  expect(await callerOf((await fire(user, "shared")).body.run)).toMatchObject({ role: "user", lacks: [] });
  const { body: audit } = await ask(admin, "GET", "/audit?operation=trigger.fire");
  const started = audit.items.filter(({ target }: { target: { run?: string } }) => target.run === body.run);
  expect(started).toMatchObject([{ name: "planner", target: { caller: body.caller.id } }]);
});

test("a principal that may not start runs cannot start one by the trigger of another, which continues", async () => {
  const user = await keyOf(admin, { role: "user" });
  await ask(user, "POST", "/triggers", { ...SPEC, name: "lent" });
  const planner = await keyOf(admin, { role: "planner" });
  expect((await fire(planner, "lent")).body).toMatchObject({ outcome: "failed", code: "PERMISSION_DENIED", run: null });
  expect(await stateOf("lent")).toMatchObject({ stopped: null });
  expect((await fire(user, "lent")).body).toMatchObject({ outcome: "started" });
});

const HOOK = {
  agent: "data-analyzer",
  kind: "webhook",
  verify: "bearer",
  input: "x",
  concurrency: "queue",
  parallel: 1,
};
const send = (url: string, secret: string, event: string) =>
  fetch(server.url + url, { method: "POST", headers: { authorization: `Bearer ${secret}`, "webhook-id": event } });

test("a secret that a previous owner of a webhook knows has no rights of the next one", async () => {
  const user = await keyOf(admin, { role: "user" });
  await ask(user, "POST", "/triggers", { ...HOOK, name: "hook" });
  const path = "/triggers/data-analyzer%2Fhook";
  const first = (await ask(user, "POST", `${path}/rotate-secret`)).body;
  expect((await send(first.url, first.secret, "e1")).status).toBe(202);
  await ask(admin, "PATCH", path, { enabled: true });
  expect((await send(first.url, first.secret, "e2")).status).toBe(401);
  // Not even if the first owner is the owner again.
  await ask(user, "PATCH", path, { enabled: true });
  expect((await send(first.url, first.secret, "e3")).status).toBe(401);
  const second = (await ask(admin, "POST", `${path}/rotate-secret`)).body;
  expect((await send(first.url, first.secret, "e4")).status).toBe(401);
  expect((await send(first.url, second.secret, "e5")).status).toBe(202);
});

test("events that wait when the owner changes are skipped", async () => {
  const user = await keyOf(admin, { role: "user" });
  const { body: trigger } = await ask(user, "POST", "/triggers", { ...SPEC, name: "waits" });
  const { triggers: store } = server.started.caxton.storage;
  const stored = store.find("default", trigger.id);
  if (stored === undefined) throw new Error("the trigger is not stored");
  const waiting = newFire(stored, { key: "event 1", atMs: 1, firedAtMs: 1, event: {}, caller: undefined });
  await store.fire(stored, [waiting], undefined);
  await ask(admin, "PATCH", "/triggers/data-analyzer%2Fwaits", { input: "Other" });
  expect(store.fireOf(stored, "event 1")).toMatchObject({ outcome: "skipped", event: undefined });
  // One that was verified before the change, but is recorded after it.
  expect(await store.fire(stored, [{ ...waiting, key: "event 2" }], undefined)).toEqual([]);
});

const definition = (input: string, trigger = "") =>
  `name = "clerk"\nversion = "1.0.0"\ncapabilities = ["writing"]\nsystem_prompt = "${input}"\n${trigger}`;
const DAILY = '\n[[trigger]]\nname = "daily"\nkind = "every"\nevery = "1d"\ninput = "x"\n';

test("who activates a revision owns the triggers that this changes or revives, and needs triggers:write", async () => {
  const deploy = (key: string, source: string) => ask(key, "POST", "/agents", { source });
  const owner = async () => (await ask(admin, "GET", "/triggers/clerk%2Fdaily")).body.owner?.name;
  const rollback = (key: string) => ask(key, "POST", "/agents/clerk/rollback");
  const operator = await keyOf(admin, { role: "operator", name: "second" });
  const deployer = await keyOf(admin, { role: "deployer", name: "third" });
  expect(await deploy(admin, definition("One", DAILY))).toMatchObject({ status: 201 });
  const first = await owner();
  // An unchanged trigger keeps its owner, also without the permission.
  expect(await deploy(deployer, definition("Two", DAILY))).toMatchObject({ status: 200 });
  expect(await owner()).toBe(first);
  const denied = {
    status: 403,
    body: { code: "PERMISSION_DENIED", detail: expect.stringContaining("triggers:write") },
  };
  expect(await deploy(deployer, definition("Three"))).toMatchObject(denied);
  expect(await deploy(operator, definition("Three"))).toMatchObject({ status: 200 });
  expect(await rollback(deployer)).toMatchObject(denied);
  expect(await ask(deployer, "POST", "/agents/clerk/activate", { revision: 1 })).toMatchObject(denied);
  expect(await rollback(operator)).toMatchObject({ status: 200 });
  expect(await owner()).toBe("second");
});

const MESSAGES = { agent: "data-analyzer", kind: "message", topic: "orders", input: "Say hello", parallel: 9 };

test("only a principal that may subscribe to messages owns a trigger that they fire", async () => {
  const runner = await keyOf(admin, { role: "runner" });
  const refused = {
    status: 403,
    body: { code: "PERMISSION_DENIED", detail: expect.stringContaining("subscriptions:write") },
  };
  expect(await ask(runner, "POST", "/triggers", { ...MESSAGES, name: "spy" })).toMatchObject(refused);
  await ask(admin, "POST", "/triggers", { ...MESSAGES, name: "orders" });
  expect(await ask(runner, "PATCH", "/triggers/data-analyzer%2Forders", { input: "Say more" })).toMatchObject(refused);
  const limited = await keyOf(admin, { role: "user", only: { agents: ["data-*"] } });
  expect(await ask(limited, "POST", "/triggers", { ...MESSAGES, name: "spy" })).toMatchObject({ status: 403 });
});

test("a run that a message starts has only the rights that the owner of the trigger and the sender both have", async () => {
  await ask(admin, "POST", "/triggers", { ...MESSAGES, name: "letters", topic: "letters" });
  const writer = await keyOf(admin, { role: "writer", name: "writer" });
  const message = { performative: "inform", topic: "letters", content: "x" };
  expect(await ask(writer, "POST", "/messages", message)).toMatchObject({ body: { status: "accepted" } });
  const fires = async () => (await ask(admin, "GET", "/triggers/data-analyzer%2Fletters/fires")).body.items;
  await expect.poll(fires).toMatchObject([{ outcome: "started", caller: null }]);
  const [{ run }] = await fires();
  expect(await callerOf(run)).toMatchObject({ name: "writer", lacks: expect.arrayContaining(["memory:write"]) });
});
