import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RawData, WebSocket } from "ws";
import { PARTICIPANT_PERMISSIONS, permissionsOf, type Permission, ROLES } from "../../src/access/permissions/index.ts";
import * as contract from "../../src/api/contract/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("security.api-keys", "security.rbac");

let server: TestServer;
let admin: string;

type Answer = { readonly status: number; readonly body: unknown; readonly headers: Headers };

async function request(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: object,
): Promise<Answer> {
  const response = await fetch(server.url + path, {
    method,
    headers: { ...headers, ...(body && { "content-type": "application/json" }) },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(20_000),
  });
  if (response.headers.get("content-type")?.startsWith("text/event-stream") === true) {
    await response.body?.cancel();
    return { status: response.status, body: undefined, headers: response.headers };
  }
  const text = await response.text();
  const isJson = /[/+]json/.test(response.headers.get("content-type") ?? "");
  return { status: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers };
}
const textOf = (data: RawData): string => (Buffer.isBuffer(data) ? data.toString("utf8") : "");
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

async function createKey(
  role: string,
  by = admin,
  more: object = {},
): Promise<contract.CreatedApiKey & { key: string }> {
  const { status, body } = await request("POST", "/api/v1/keys", bearer(by), { name: `test ${role}`, role, ...more });
  expect(status).toBe(200);
  const created = contract.keys.CreatedApiKey.parse(body);
  if (created.key === null) throw new Error("a new key has a text");
  return { ...created, key: created.key };
}

beforeAll(async () => {
  server = await startServer({
    settings: {
      "access.mode": "required",
      "access.roles": {
        support: { description: "Answers customers", permissions: ["runs:*", "agents:read"] },
        billing: { description: "Sees what runs cost", permissions: ["runs:read", "runs:execute", "server:read"] },
      },
    },
  });
});
afterAll(() => server?.[Symbol.asyncDispose]());

// access.access.A2
describe("before there is an administrator", () => {
  test("every request is refused but the creation of an administrator's key with the setup token", async () => {
    const setup = server.started.setupToken ?? "";
    expect(setup).toMatch(/^cax_setup_/);
    expect(await request("GET", "/api/v1/agents")).toMatchObject({
      status: 401,
      body: { code: "CREDENTIALS_REQUIRED" },
    });
    expect(await request("GET", "/api/v1/agents", bearer(setup))).toMatchObject({
      status: 403,
      body: { code: "PERMISSION_DENIED" },
    });
    const made = await request("POST", "/api/v1/keys", bearer(setup), { name: "root", role: "admin" });
    expect(made.status).toBe(200);
    admin = contract.keys.CreatedApiKey.parse(made.body).key ?? "";
    const again = await request("POST", "/api/v1/keys", bearer(setup), { name: "second", role: "admin" });
    expect(again).toMatchObject({ status: 401, body: { code: "CREDENTIALS_INVALID" } });
    expect(server.started.caxton.access.access.setupToken).toBeUndefined();
  });
});

// access.keys.K1
test("a key is accepted in both headers, and nothing else is", async () => {
  const { key, id } = await createKey("readonly");
  expect((await request("GET", "/api/v1/agents", bearer(key))).status).toBe(200);
  expect((await request("GET", "/api/v1/agents", { "x-api-key": key })).status).toBe(200);
  const refused = [
    bearer(key.slice(0, -1)),
    bearer(key.replace(id, "AAAAAAAAAAAA")),
    bearer(`${key.slice(0, 30)}${key[30] === "a" ? "b" : "a"}${key.slice(31)}`),
    bearer("cxp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    { authorization: "Basic YTpi" },
    { authorization: `bearer ${key} ${key}` },
    { cookie: `key=${key}` },
  ];
  for (const headers of refused) {
    const answer = await request("GET", "/api/v1/agents", headers);
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="caxton"');
  }
  // A key in a URL is not a credential.
  expect((await request("GET", `/api/v1/agents?api_key=${key}&token=${key}`)).status).toBe(401);
  const listed = await request("GET", "/api/v1/keys", bearer(admin));
  expect(JSON.stringify(listed.body)).not.toContain(key.split("_")[2]);
  expect(listed.body).toMatchObject({
    items: expect.arrayContaining([expect.objectContaining({ id, state: "active" })]),
  });
});

/** Values for the parameters of paths: nothing that exists. */
const pathFor = ({ http: { path } }: contract.Operation): string =>
  path.replaceAll(/:(\w+)/g, (_all, name: string) =>
    name === "id" ? "0192f0c1-2345-7abc-8def-0123456789ab" : "nothing",
  );

const OPERATIONS = Object.values(contract.operations).flatMap(
  (noun) => Object.values(noun) as readonly contract.Operation[],
);
const ROLE_PERMISSIONS: Readonly<Record<string, ReadonlySet<Permission>>> = {
  ...Object.fromEntries(Object.entries(ROLES).map(([name, role]) => [name, permissionsOf(role)])),
  support: permissionsOf({ description: "", permissions: ["runs:*", "agents:read"] }),
  billing: permissionsOf({ description: "", permissions: ["runs:read", "runs:execute", "server:read"] }),
};

// access.access.A1
test("every operation is refused without credentials, and without its permission for every role", async () => {
  const token = contract.participants.RegisteredParticipant.parse(
    (await request("POST", "/api/v1/participants", bearer(admin), { name: "matrix-bot" })).body,
  ).token;
  const subjects: readonly (readonly [string, string, ReadonlySet<Permission>])[] = [
    ...(await Promise.all(
      Object.entries(ROLE_PERMISSIONS).map(
        async ([role, permissions]) => [role, (await createKey(role)).key, permissions] as const,
      ),
    )),
    ["participant", token ?? "", PARTICIPANT_PERMISSIONS],
  ];
  const wrong: string[] = [];
  let denied = 0;
  for (const operation of OPERATIONS) {
    const { method } = operation.http;
    const path = pathFor(operation);
    const anonymous = await request(method, path);
    if (anonymous.status !== 401) wrong.push(`${operation.name} without credentials: ${anonymous.status}`);
    for (const [name, key, permissions] of subjects) {
      if (permissions.has(operation.permission)) continue;
      const { status, body } = await request(method, path, bearer(key));
      denied += 1;
      const isDenied = status === 403 && contract.problems.ProblemDetails.parse(body).code === "PERMISSION_DENIED";
      if (!isDenied) wrong.push(`${operation.name} as ${name}: ${status}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(denied).toBeGreaterThan(OPERATIONS.length);
});

test("reading operations are performed for every role that has their permission", async () => {
  const wrong: string[] = [];
  const reads = OPERATIONS.filter(({ effect, http }) => effect === "read" && http.method === "GET");
  for (const [role, permissions] of Object.entries(ROLE_PERMISSIONS)) {
    const { key } = await createKey(role, admin, { workspace: "*" });
    const { key: inOne } = await createKey(role);
    for (const operation of reads.filter(({ permission }) => permissions.has(permission))) {
      const { status: own } = await request("GET", pathFor(operation), bearer(inOne));
      if ((own === 403) !== (operation.scope === "server")) wrong.push(`${operation.name} as ${role} of one: ${own}`);
      const { status } = await request("GET", pathFor(operation), bearer(key));
      if (status === 401 || status === 403 || status >= 500) wrong.push(`${operation.name} as ${role}: ${status}`);
    }
  }
  expect(wrong).toEqual([]);
});

const post = (key: string, role: string) => request("POST", "/api/v1/keys", bearer(key), { name: "x", role });

test("a role cannot give away more than it has, and unknown roles are refused", async () => {
  expect(await post(admin, "boss")).toMatchObject({ status: 422, body: { code: "ROLE_UNKNOWN" } });
  const { key } = await createKey("operator");
  expect(await post(key, "readonly")).toMatchObject({ status: 403, body: { code: "PERMISSION_DENIED" } });
});

// access.keys.K2
test("a revoked key is refused at once, and its streams and sockets end within a second", async () => {
  const { key, id } = await createKey("admin");
  const stream = await fetch(`${server.url}/api/v1/events`, { headers: bearer(key) });
  expect(stream.status).toBe(200);
  const socket = new WebSocket(`${server.url.replace("http", "ws")}${contract.MESSAGE_SOCKET}`, {
    headers: bearer(key),
  });
  await new Promise((resolve) => void socket.once("open", resolve));
  const closed = new Promise<number>((resolve) => void socket.once("close", resolve));
  const ended = stream.text();
  const revokedAtMs = performance.now();
  expect(await request("DELETE", `/api/v1/keys/${id}`, bearer(admin))).toMatchObject({ body: { state: "revoked" } });
  expect(await request("GET", "/api/v1/agents", bearer(key))).toMatchObject({ status: 401 });
  expect(await closed).toBe(1008);
  await ended;
  expect(performance.now() - revokedAtMs).toBeLessThan(10_000);
  expect(await request("POST", `/api/v1/keys/${id}/rotate`, bearer(admin), {})).toMatchObject({
    status: 409,
    body: { code: "API_KEY_REVOKED" },
  });
});

test("a rotated key has another secret, and the previous one is valid for the grace only", async () => {
  const { key, id } = await createKey("readonly");
  const rotated = await request("POST", `/api/v1/keys/${id}/rotate`, bearer(admin), { grace: 3_600 });
  const next = contract.keys.CreatedApiKey.parse(rotated.body).key ?? "";
  expect(next).not.toBe(key);
  for (const each of [key, next]) expect((await request("GET", "/api/v1/agents", bearer(each))).status).toBe(200);
  const last = contract.keys.CreatedApiKey.parse(
    (await request("POST", `/api/v1/keys/${id}/rotate`, bearer(admin), {})).body,
  );
  expect((await request("GET", "/api/v1/agents", bearer(next))).status).toBe(401);
  expect((await request("GET", "/api/v1/agents", bearer(last.key ?? ""))).status).toBe(200);
});

// http.message-socket.W5
test("a socket authenticates, and each of its frames is authorized", async () => {
  const address = `${server.url.replace("http", "ws")}${contract.MESSAGE_SOCKET}`;
  const anonymous = new WebSocket(address);
  const status = await new Promise((resolve) => {
    anonymous.once("unexpected-response", (_request, { statusCode }) => resolve(statusCode));
    anonymous.once("error", () => undefined);
  });
  expect(status).toBe(401);
  const { key } = await createKey("readonly");
  const socket = new WebSocket(address, { headers: bearer(key) });
  await new Promise((resolve) => void socket.once("open", resolve));
  const answered = new Promise<string>((resolve) => void socket.once("message", (data) => resolve(textOf(data))));
  socket.send(JSON.stringify({ op: "send", ref: 1, message: { performative: "inform", receiver: "x", content: "y" } }));
  expect(JSON.parse(await answered)).toMatchObject({ op: "problem", ref: 1, problem: { code: "PERMISSION_DENIED" } });
  socket.close();
});

test("a program is authenticated by its token, and acts only as itself", async () => {
  const register = async (name: string) => {
    const { body } = await request("POST", "/api/v1/participants", bearer(admin), { name });
    return contract.participants.RegisteredParticipant.parse(body).token ?? "";
  };
  const [one, other] = [await register("one-bot"), await register("other-bot")];
  expect((await request("GET", "/api/v1/whoami", bearer(one))).body).toMatchObject({
    kind: "participant",
    name: "one-bot",
  });
  expect((await request("POST", "/api/v1/mailboxes/one-bot/fetch", bearer(one))).status).toBe(200);
  expect((await request("POST", "/api/v1/mailboxes/one-bot/fetch", bearer(other))).status).toBe(403);
  expect((await request("GET", "/api/v1/runs", bearer(one))).status).toBe(403);
});

const send = async (key: string) =>
  fetch(`${server.url}/api/v1/messages`, {
    method: "POST",
    headers: { ...bearer(key), "content-type": "application/json", "idempotency-key": "same" },
    body: JSON.stringify({ performative: "inform", receiver: "matrix-bot", content: "hello" }),
  });

test("an Idempotency-Key belongs to the principal that chose it", async () => {
  const [one, other] = [await createKey("user"), await createKey("user")];
  const first = await send(one.key);
  expect((await send(one.key)).headers.get("idempotent-replayed")).toBe("true");
  const second = await send(other.key);
  expect(second.headers.get("idempotent-replayed")).toBeNull();
  expect(await second.json()).not.toEqual(await first.json());
});

test("many failed attempts are answered with 429, and valid keys still pass", async () => {
  const { key } = await createKey("readonly");
  let status = 0;
  for (let attempt = 0; attempt < 60 && status !== 429; attempt += 1)
    ({ status } = await request("GET", "/api/v1/agents", bearer("cax_wrong")));
  expect(status).toBe(429);
  expect((await request("GET", "/api/v1/agents", bearer(key))).status).toBe(200);
});

test("without runs:read-content a run shows its state and cost, and nothing that was said", async () => {
  const [{ key: operator }, { key: billing }] = [await createKey("operator"), await createKey("billing")];
  const events = await fetch(`${server.url}/api/v1/events?types=run,step,question,approval`, {
    headers: bearer(billing),
  });
  const secret = "kumquat";
  const body = { agent: "data-analyzer", input: `How many ${secret} are there?`, wait: true };
  const mine = await request("POST", "/api/v1/runs", bearer(operator), body);
  const whole = contract.runs.RunDetail.parse(mine.body);
  expect(whole.input).toContain(secret);
  const seen = await request("GET", `/api/v1/runs/${whole.id}`, bearer(billing));
  expect(contract.runs.RunDetail.parse(seen.body)).toMatchObject({
    id: whole.id,
    state: whole.state,
    cost: whole.cost,
    step_list: [],
  });
  const listed = await request("GET", "/api/v1/runs", bearer(billing));
  const retried = await request("POST", `/api/v1/runs/${whole.id}/retry`, bearer(billing), {});
  expect([listed.status, retried.status]).toEqual([200, 202]);
  for (const { body: answer } of [seen, listed, retried]) expect(JSON.stringify(answer)).not.toContain(secret);
  for (const path of [`/api/v1/runs/${whole.id}/events`, `/api/v1/runs/${whole.id}/export`])
    expect((await request("GET", path, bearer(billing))).status).toBe(403);
  const following = await request("POST", "/api/v1/runs", { ...bearer(billing), accept: "text/event-stream" }, body);
  expect(following).toMatchObject({ status: 403, body: { details: { permission: "runs:read-content" } } });
  let text = "";
  for await (const part of events.body ?? []) {
    text += Buffer.from(part).toString("utf8");
    if (text.includes('"state":"completed"')) break;
  }
  expect(text).toContain(whole.id);
  expect(text).not.toContain(secret);
});
