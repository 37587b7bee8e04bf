import { afterAll, beforeAll, expect, test } from "vitest";
import { keys } from "../../src/api/contract/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";
import { type Receiver, startReceiver } from "./receiver.ts";

verifies("webhooks.rights");

const ROLES = {
  hooker: { description: "Manages webhooks for agents", permissions: ["webhooks:*", "agents:read"] },
  lister: { description: "Manages webhooks for runs", permissions: ["webhooks:*", "runs:read"] },
};
let server: TestServer;
let receiver: Receiver;
let admin = "";
beforeAll(async () => {
  receiver = await startReceiver();
  const settings = { "access.mode": "required", "access.roles": ROLES, "webhooks.private_origins": [receiver.origin] };
  server = await startServer({ script: [{ text: "done" }], settings });
  admin = await keyOf(server.started.setupToken ?? "", "admin");
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await receiver?.[Symbol.asyncDispose]();
});

async function ask(key: string, method: string, path: string, body?: object) {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: { "x-api-key": key, ...(body && { "content-type": "application/json" }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: JSON.parse(await response.text()) };
}
const keyOf = async (by: string, role: string): Promise<string> =>
  keys.CreatedApiKey.parse((await ask(by, "POST", "/keys", { name: role, role })).body).key ?? "";
const create = (key: string, more: object) =>
  ask(key, "POST", "/webhooks", { url: receiver.url, events: ["run.completed"], ...more });
const run = () => ask(admin, "POST", "/runs", { agent: "data-analyzer", input: "Say hello", wait: true });

test("a webhook for what its creator may not read is refused", async () => {
  const hooker = await keyOf(admin, "hooker");
  const cases = [
    [{ events: ["*"] }, "runs:read"],
    [{ events: ["approval.*"] }, "approvals:read"],
    [{ events: ["agent.*"], content: true }, "runs:read-content"],
    [{ events: ["input.*"] }, "runs:read-content"],
    [{ events: ["thread.deleted"] }, "runs:read-content"],
  ] as const;
  for (const [more, permission] of cases) {
    const { status, body } = await create(hooker, more);
    expect({ status, body }).toMatchObject({ status: 403, body: { code: "WEBHOOK_RIGHTS", details: { permission } } });
  }
  expect(await create(hooker, { events: ["agent.*"] })).toMatchObject({
    status: 200,
    body: { owner: { kind: "key" } },
  });
  const readonly = await keyOf(admin, "readonly");
  expect(await create(readonly, {})).toMatchObject({ status: 403, body: { code: "PERMISSION_DENIED" } });
  expect(await ask(readonly, "GET", "/webhooks")).toMatchObject({ status: 200 });
});

test("who changes a webhook lends it no rights of another, and one without content gets none", async () => {
  // webhooks.webhooks.O1
  const { body: made } = await create(admin, { content: true });
  const lister = await keyOf(admin, "lister");
  const refused = await ask(lister, "PATCH", `/webhooks/${made.id}`, { description: "mine" });
  expect(refused).toMatchObject({ status: 403, body: { code: "WEBHOOK_RIGHTS" } });
  const changed = await ask(lister, "PATCH", `/webhooks/${made.id}`, { content: false });
  expect(changed).toMatchObject({ status: 200, body: { owner: { name: "lister" } } });
  await run();
  await expect.poll(() => receiver.received.length).toBe(1);
  expect(receiver.received[0]?.event.data).not.toHaveProperty("content");
  await ask(admin, "DELETE", `/webhooks/${made.id}`);
});

test("a webhook of a revoked key stops with the reason before it sends anything, until another principal takes it over", async () => {
  // webhooks.sender.S3
  const operator = await keyOf(admin, "operator");
  const { body: whoami } = await ask(operator, "GET", "/whoami");
  const { body: made } = await create(operator, {});
  const before = receiver.received.length;
  await ask(admin, "DELETE", `/keys/${String(whoami.principal?.id ?? whoami.id).replace("key_", "")}`);
  await run();
  const state = async () => (await ask(admin, "GET", `/webhooks/${made.id}`)).body;
  await expect.poll(async () => (await state()).state).toBe("stopped");
  expect(await state()).toMatchObject({ pending: 1, stopped: { reason: expect.stringContaining("are gone") } });
  expect(receiver.received).toHaveLength(before);
  const taken = await ask(admin, "PATCH", `/webhooks/${made.id}`, { enabled: true });
  expect(taken.body).toMatchObject({ state: "active", stopped: null });
  await expect.poll(() => receiver.received.length).toBe(before + 1);
});
