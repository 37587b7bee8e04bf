import { randomUUIDv7 } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";

const { operations } = contract;
const OPERATIONS = Object.values(operations).flatMap((noun) => Object.values(noun) as readonly contract.Operation[]);

let server: TestServer;
let admin: string;
let runs: Record<"support-first" | "billing", contract.RunDetail>;

type Answer = { readonly status: number; readonly body: unknown };

async function request(key: string, method: string, path: string, body?: object): Promise<Answer> {
  const response = await fetch(server.url + path, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body && { "content-type": "application/json" }) },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(20_000),
  });
  const text = await response.text();
  const isJson = /[/+]json/.test(response.headers.get("content-type") ?? "");
  return { status: response.status, body: isJson ? JSON.parse(text) : text };
}
const codeOf = ({ body }: Answer): string => contract.problems.ProblemDetails.parse(body).code;

async function createKey(by: string, more: object): Promise<string> {
  const { body } = await request(by, "POST", "/api/v1/keys", { name: "test", ...more });
  return contract.keys.CreatedApiKey.parse(body).key ?? "";
}
const sourceOf = (name: string) => `name = "${name}"
version = "1.0.0"
capabilities = ["${name}-questions"]
system_prompt = "Answer."
`;
const start = async (agent: string) =>
  contract.runs.RunDetail.parse(
    (await request(admin, "POST", "/api/v1/runs", { agent, input: "hello", wait: true })).body,
  );

beforeAll(async () => {
  server = await startServer({
    settings: {
      "access.mode": "required",
      "access.roles": { metadata: { description: "", permissions: ["runs:read"] } },
    },
  });
  admin = await createKey(server.started.setupToken ?? "", { role: "admin" });
  for (const name of ["support-first", "billing"])
    await request(admin, "POST", "/api/v1/agents", { source: sourceOf(name) });
  runs = { "support-first": await start("support-first"), billing: await start("billing") };
});
afterAll(() => server?.[Symbol.asyncDispose]());

// access.access.A7
test("a key that is limited to agents uses these, their runs and nothing else", async () => {
  const key = await createKey(admin, { role: "operator", only: { agents: ["Support-*"] } });
  const identity = await request(key, "GET", "/api/v1/whoami");
  expect(identity.body).toMatchObject({ permissions: ["access:self"], grants: [{ only: { agents: ["Support-*"] } }] });
  expect((await request(key, "GET", "/api/v1/agents")).body).toMatchObject({ items: [{ name: "support-first" }] });
  expect((await request(key, "GET", "/api/v1/runs")).body).toMatchObject({
    items: [{ agent: "support-first" }],
    next: null,
  });
  const own = await request(key, "POST", "/api/v1/runs", { agent: "support-first", input: "hello", wait: true });
  expect(own.body).toMatchObject({ state: "completed" });
  const foreign = [
    request(key, "GET", "/api/v1/agents/billing"),
    request(key, "POST", "/api/v1/agents/billing/pause", {}),
    request(key, "POST", "/api/v1/runs", { agent: "billing", input: "hello" }),
    request(key, "POST", "/api/v1/agents", { source: sourceOf("finance") }),
    request(key, "POST", "/api/v1/messages", { performative: "request", receiver: "billing", content: "hello" }),
  ];
  expect((await Promise.all(foreign)).map(codeOf)).toEqual(foreign.map(() => "AGENT_NOT_FOUND"));
  const asked = { performative: "request", content: "hello", id: randomUUIDv7(), conversation_id: "between-others" };
  await request(admin, "POST", "/api/v1/messages?wait=10", { ...asked, receiver: "billing" });
  const bypasses = [
    await request(key, "POST", "/api/v1/messages?wait=1", { ...asked, receiver: "support-first" }),
    await request(key, "POST", "/api/v1/messages", {
      performative: "request",
      content: "hello",
      receiver: "support-first",
      reply_to: "billing",
    }),
  ];
  expect(bypasses.map(codeOf)).toEqual(["AGENT_NOT_FOUND", "AGENT_NOT_FOUND"]);
  for (const path of ["", "/export", "/artifacts", "/events", `/diff/${runs["support-first"].id}`])
    expect(codeOf(await request(key, "GET", `/api/v1/runs/${runs.billing.id}${path}`))).toBe("RUN_NOT_FOUND");
  expect(codeOf(await request(key, "GET", `/api/v1/runs/${runs["support-first"].id}/diff/${runs.billing.id}`))).toBe(
    "RUN_NOT_FOUND",
  );
});

test("an operation that cannot be limited is refused to a limited key, and says why", async () => {
  const key = await createKey(admin, { role: "admin", only: { agents: ["*"] } });
  const wrong: string[] = [];
  for (const operation of OPERATIONS) {
    if (operation.permission === "access:self" || operation.narrowedBy.includes("agents")) continue;
    const path = operation.http.path.replaceAll(/:\w+/g, "x");
    const answer = await request(key, operation.http.method, path);
    if (answer.status !== 403 || codeOf(answer) !== "PERMISSION_DENIED")
      wrong.push(`${operation.name}: ${answer.status}`);
  }
  expect(wrong).toEqual([]);
  expect((await request(key, "GET", "/api/v1/keys")).body).toMatchObject({
    detail: expect.stringContaining("for agents * only"),
  });
});

test("a key that is limited to tool servers or capabilities uses these only", async () => {
  const tools = await createKey(admin, { role: "operator", only: { tools: ["csv*"] } });
  const listed = contract.tools.ToolServerList.parse((await request(tools, "GET", "/api/v1/tools")).body);
  expect(listed.items.map(({ name }) => name)).not.toEqual([]);
  expect(listed.items.filter(({ name }) => !name.startsWith("csv"))).toEqual([]);
  const [other] = contract.tools.ToolServerList.parse((await request(admin, "GET", "/api/v1/tools")).body).items.filter(
    ({ name }) => !name.startsWith("csv"),
  );
  expect(codeOf(await request(tools, "GET", `/api/v1/tools/${other?.name}`))).toBe("TOOL_SERVER_NOT_FOUND");
  expect(codeOf(await request(tools, "GET", "/api/v1/agents"))).toBe("PERMISSION_DENIED");

  const messages = await createKey(admin, { role: "user", only: { capabilities: ["support-*"] } });
  const send = (capability: string) =>
    request(messages, "POST", "/api/v1/messages", { performative: "request", capability, content: "hello" });
  expect((await send("support-first-questions")).body).toMatchObject({ status: "accepted" });
  for (const capability of ["billing-questions", "support-unknown"])
    expect(codeOf(await send(capability))).toBe("NO_CAPABILITY_PROVIDERS");
});

test("content stays hidden from a limited key without its permission", async () => {
  const key = await createKey(admin, { role: "metadata", only: { agents: ["support-*"] } });
  const { id, output } = runs["support-first"];
  const shown = contract.runs.RunDetail.parse((await request(key, "GET", `/api/v1/runs/${id}`)).body);
  expect(output).not.toBe("");
  expect([shown.agent, shown.input, shown.output]).toEqual(["support-first", "", ""]);
  expect(codeOf(await request(key, "GET", `/api/v1/runs/${id}/export`))).toBe("PERMISSION_DENIED");
});

// operations.send-message.S1
test("a message that names the id of another as its reply_with does not receive the answer to that one", async () => {
  const key = await createKey(admin, { role: "operator", only: { agents: ["support-*"] } });
  const registered = await request(admin, "POST", "/api/v1/participants", { name: "clerk" });
  const clerk = contract.participants.RegisteredParticipant.parse(registered.body).token ?? "";
  const post = (by: string, query: string, message: object) =>
    request(by, "POST", `/api/v1/messages${query}`, { content: "hello", ...message });
  const [id, conversation_id] = [randomUUIDv7(), "with-the-clerk"];
  const asked = post(admin, "?wait=10", { performative: "request", receiver: "clerk", id, conversation_id });
  const heard = async () => (await request(admin, "GET", `/api/v1/messages?conversation_id=${conversation_id}`)).body;
  await expect.poll(heard).toMatchObject({ items: [{ id }] });
  const copied = { performative: "inform", receiver: "support-first", reply_with: id, conversation_id };
  const curious = post(key, "?wait=2", copied);
  await expect.poll(heard).toMatchObject({ items: [{}, {}] });
  const answer = { performative: "inform", receiver: "user", in_reply_to: id, conversation_id };
  expect((await post(clerk, "", { ...answer, content: "for the administrator" })).status).toBe(202);
  expect((await asked).body).toMatchObject({ reply: { content: "for the administrator" } });
  expect((await curious).body).toMatchObject({ status: "accepted", reply: null });
});
