import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { isJsonObject, Json, parseJson } from "../../src/kernel/json.ts";
import type { LanguageModel } from "../../src/models/port/language-model.ts";
import { scripted } from "../../src/models/vendors/index.ts";
import { models } from "../helpers/engine.ts";
import { CaxtonProcess } from "../helpers/process.ts";
import { repository, startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";

const agent = (name: string, more: string) =>
  `name = "${name}"\nversion = "1.0.0"\ncapabilities = ["${name}-work"]\nsystem_prompt = "You are ${name}."\n${more}`;
const TOOLS = 'tools = ["memory", "messages"]\n';
const ROLES = {
  starter: { description: "Starts runs", permissions: ["runs:*", "agents:read", "tools:call"] },
  writer: { description: "Sends messages", permissions: ["runs:*", "messages:*", "participants:*"] },
  tasker: { description: "Distributes tasks", permissions: ["runs:*", "tasks:*", "memory:read"] },
};

const wanted = (text: string): string => {
  const start = text.indexOf("{");
  return start === -1 ? "{}" : text.slice(start, text.lastIndexOf("}") + 1);
};

/** Makes the calls that its request lists as JSON, and then says what they returned. */
function obedient(): LanguageModel {
  const base = scripted([{ text: "" }]);
  return {
    id: base.id,
    limits: base.limits,
    stream: (request, signal) => {
      const last = request.messages.at(-1);
      const asked = parseJson(wanted(last?.role === "user" ? last.text : "{}"));
      const listed = asked.type === "parsed" && isJsonObject(asked.value) ? asked.value : {};
      const calls = Object.entries(listed).flatMap(([name, given]) =>
        isJsonObject(given) ? [{ name, arguments: JSON.stringify(given) }] : [],
      );
      const turn = calls.length > 0 ? { toolCalls: calls } : { text: JSON.stringify(last) };
      return scripted([turn, turn, turn]).stream(request, signal);
    },
  };
}

let server: TestServer;
const keys = new Map<string, string>();

async function ask(method: string, path: string, as: string, body?: object) {
  const response = await fetch(server.url + path, {
    method,
    headers: { authorization: `Bearer ${keys.get(as) ?? as}`, ...(body && { "content-type": "application/json" }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: Json.parse(text === "" ? null : JSON.parse(text)) };
}
const createKey = async (role: string, by = "admin") =>
  contract.keys.CreatedApiKey.parse((await ask("POST", "/api/v1/keys", by, { name: `a ${role}`, role })).body);
const detail = async (id: string) =>
  contract.runs.RunDetail.parse((await ask("GET", `/api/v1/runs/${id}`, "admin")).body);
const run = async (as: string, name: string, calls: object) => {
  const body = { agent: name, input: JSON.stringify(calls), wait: true };
  return contract.runs.RunDetail.parse((await ask("POST", "/api/v1/runs", as, body)).body);
};
const toolSteps = ({ step_list }: contract.RunDetail) =>
  step_list.flatMap((step) => (step.kind === "tool" ? [{ tool: step.tool, state: step.state, text: step.text }] : []));
/** The ended run of an agent that says something. */
const runOf = (name: string, marker: string) =>
  vi.waitFor(
    async () => {
      const { body } = await ask("GET", `/api/v1/runs?agent=${name}`, "admin");
      const found = contract.runs.RunPage.parse(body).items.find(({ input_preview }) => input_preview.includes(marker));
      expect(found?.state).toBe("completed");
      return detail(found?.id ?? "");
    },
    { timeout: 30_000, interval: 50 },
  );
const audited = async (operation: string) =>
  vi.waitFor(
    async () => {
      const { body } = await ask("GET", `/api/v1/audit?operation=${operation}&outcome=denied`, "admin");
      const { items } = contract.audit.AuditPage.parse(body);
      expect(items.length).toBeGreaterThan(0);
      return items;
    },
    { timeout: 10_000, interval: 50 },
  );

const again = async (of: contract.RunDetail, as: string, how: "retry" | "fork") => {
  const { body } = await ask("POST", `/api/v1/runs/${of.id}/${how}`, as, how === "fork" ? { at: 1 } : {});
  return detail(contract.runs.RunDetail.parse(body).id);
};

const REMEMBER = { memory__remember: { about: "Ada", facts: ["likes tea"] } };

beforeAll(async () => {
  server = await startServer({
    settings: { "access.mode": "required", "access.roles": ROLES, "messages.participant_tokens": true },
    overrides: { models: models(obedient()) },
    files: {
      "examples/agents/clerk.toml": agent("clerk", TOOLS),
      "examples/agents/deputy.toml": agent("deputy", TOOLS),
      "examples/agents/apart.toml": agent("apart", `${TOOLS}[execution]\nisolation = "worker"\n`),
      "examples/agents/diarist.toml": agent(
        "diarist",
        '[memory]\nenabled = true\nauto_store = true\nstore_scope = "workspace"\n',
      ),
    },
  });
  keys.set("admin", (await createKey("admin", server.started.setupToken)).key ?? "");
  for (const role of ["user", ...Object.keys(ROLES)]) keys.set(role, (await createKey(role)).key ?? "");
});
afterAll(() => server?.[Symbol.asyncDispose]());

test.each(["clerk", "apart"])(
  "a run of %s may not do what its caller may not do, and each refusal is audited",
  async (name) => {
    const calls = {
      ...REMEMBER,
      memory__recall: { query: "Ada" },
      messages__send_message: { to: "deputy", content: "hello" },
      messages__find_agents: {},
    };
    const refused = await run("starter", name, calls);
    expect(refused.failure).toBeNull();
    expect(refused).toMatchObject({ state: "completed", acts_as: `agent_${name}`, caller: { role: "starter" } });
    expect(toolSteps(refused).map(({ tool, state }) => [tool, state])).toEqual([
      ["memory.remember", "failed"],
      ["memory.recall", "failed"],
      ["messages.send_message", "failed"],
      ["messages.find_agents", "done"],
    ]);
    for (const right of ["memory:write", "memory:read", "messages:send"])
      expect(refused.output).toContain(`lacks the permission ${right} [PERMISSION_DENIED]`);
    const records = (await audited("memory.remember")).filter(({ target }) => target["run"] === refused.id);
    expect(records).toMatchObject([
      {
        principal: `agent_${name}`,
        kind: "agent",
        on_behalf_of: refused.caller?.id,
        permission: "memory:write",
        code: "PERMISSION_DENIED",
      },
    ]);
  },
);

test("a run of a caller that lacks nothing stores the caller, and does all of it", async () => {
  const done = await run("user", "clerk", { ...REMEMBER, memory__recall: { query: "Ada" } });
  expect(done).toMatchObject({ caller: { role: "user", lacks: [] }, acts_as: "agent_clerk" });
  expect(toolSteps(done).map(({ state }) => state)).toEqual(["done", "done"]);
});

test("nothing is recalled or remembered for a caller that may not use memory", async () => {
  await run("user", "diarist", { about: "x" });
  const refused = await run("starter", "diarist", {});
  expect(refused).toMatchObject({ recalled: "", remembered: null });
  expect(refused.notice_list).toMatchObject([{ code: "memory-not-permitted" }]);
  expect((await run("user", "diarist", {})).remembered).not.toBeNull();
});

test("a tool that is called directly needs the permissions of its caller too", async () => {
  const { body } = await ask("POST", "/api/v1/tools/memory/remember/call", "starter", {
    arguments: REMEMBER.memory__remember,
  });
  expect(body).toMatchObject({ outcome: "forbidden" });
});

test("runs that messages of a run start have the rights of the first caller, and so has a message's own run", async () => {
  const inner = JSON.stringify({ ...REMEMBER, marker: "relayed" });
  const content = JSON.stringify({ messages__ask: { to: "deputy", content: inner } });
  const sent = { performative: "request", receiver: "clerk", content };
  expect((await ask("POST", "/api/v1/messages", "writer", sent)).status).toBe(202);
  const [deputy, clerk] = [await runOf("deputy", "relayed"), await runOf("clerk", "relayed")];
  expect(clerk).toMatchObject({ caller: { role: "writer" }, replies: [{ state: "answered" }] });
  expect(deputy).toMatchObject({ caller: clerk.caller, message: { sender: "clerk" } });
  expect(deputy.output).toContain("lacks the permission memory:write");
  const stored = await ask("GET", `/api/v1/messages/${deputy.message?.id ?? ""}`, "admin");
  expect(JSON.stringify(stored.body)).not.toContain("behalf");
});

test("a client cannot name the party on whose behalf a message is", async () => {
  const message = { performative: "inform", receiver: "clerk", content: "x", on_behalf_of: { id: "local" } };
  expect(await ask("POST", "/api/v1/messages", "writer", message)).toMatchObject({ status: 400 });
});

test("a program limits the runs that its messages start", async () => {
  const { body } = await ask("POST", "/api/v1/participants", "admin", { name: "meter-bot" });
  const token = contract.participants.RegisteredParticipant.parse(body).token ?? "";
  const content = JSON.stringify({ ...REMEMBER, marker: "metered" });
  await ask("POST", "/api/v1/messages", token, { performative: "request", receiver: "clerk", content });
  const started = await runOf("clerk", "metered");
  expect(started.caller).toMatchObject({ id: "participant_meter-bot", name: "meter-bot" });
  expect(started.output).toContain("lacks the permission memory:write");
});

test("the runs of a task's bidders have the rights of its creator", async () => {
  const task = { name: "bid-marker", owner: "user", participants: ["clerk"], distribute: true, max_wait_seconds: 5 };
  expect((await ask("POST", "/api/v1/tasks", "tasker", task)).status).toBeLessThan(300);
  const bid = await runOf("clerk", "bid-marker");
  expect(bid.caller).toMatchObject({ role: "tasker", lacks: ["memory:write", "messages:send", "subscriptions:write"] });
});

test("a retry and a fork lack what either caller lacks", async () => {
  const [free, narrow] = [await run("user", "clerk", REMEMBER), await run("starter", "clerk", {})];
  for (const how of ["retry", "fork"] as const) {
    expect(await again(free, "starter", how)).toMatchObject({ caller: { role: "starter" } });
    expect((await again(narrow, "admin", how)).caller).toMatchObject({ role: "admin", lacks: narrow.caller?.lacks });
    const both = await again(narrow, "tasker", how);
    expect(both.caller).toMatchObject({ role: "tasker", lacks: narrow.caller?.lacks });
    expect((await again(free, "user", how)).caller).toEqual(free.caller);
  }
});

test("an approval after a kill -9 gives the run no rights that its caller lacks", async () => {
  using home = tempDirectory();
  cpSync(join(repository, "examples"), join(home.path, "examples"), { recursive: true });
  const restricted = `${TOOLS}[permissions]\nask = ["memory.*"]\n`;
  writeFileSync(join(home.path, "examples/agents/clerk.toml"), agent("clerk", restricted));
  const script = [
    { toolCalls: [{ name: "memory__remember", arguments: REMEMBER.memory__remember }] },
    { text: "done" },
  ];
  writeFileSync(join(home.path, "script.json"), JSON.stringify(script));
  const settings = [
    "[server]\nport = 0",
    `[agents]\ndirectory = "${join(home.path, "examples/agents")}"`,
    '[access]\nmode = "required"',
    '[models]\ndefault = "scripted/script.json"\nscripted_directory = "."',
    '[access.roles.starter]\ndescription = "Starts"\npermissions = ["runs:*"]',
  ];
  writeFileSync(join(home.path, "caxton.toml"), settings.join("\n"));
  const serve = async () => {
    const child = new CaxtonProcess(["serve"], { cwd: home.path });
    const [, url = ""] = await child.printed(/API\s+(http:\/\/[^/]+)/);
    await vi.waitFor(async () => expect((await fetch(`${url}/ready`)).status).toBe(200), { timeout: 60_000 });
    const at = async (key: string, method: string, path: string, body?: object) => {
      const headers = { authorization: `Bearer ${key}`, ...(body && { "content-type": "application/json" }) };
      const response = await fetch(url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
      return Json.parse(await response.json());
    };
    return { child, at };
  };
  const shown = async (at: Awaited<ReturnType<typeof serve>>["at"], id: string, state: string) =>
    vi.waitFor(
      async () => {
        const found = contract.runs.RunDetail.parse(await at(admin, "GET", `/api/v1/runs/${id}`));
        expect(found.state).toBe(state);
        return found;
      },
      { timeout: 30_000, interval: 50 },
    );
  let admin = "";
  const first = await serve();
  await using child = first.child;
  const [, setup = ""] = await child.printed(/--token (\S+)/);
  const keyOf = async (by: string, role: string) =>
    contract.keys.CreatedApiKey.parse(await first.at(by, "POST", "/api/v1/keys", { name: role, role })).key ?? "";
  admin = await keyOf(setup, "admin");
  const starter = await keyOf(admin, "starter");
  const input = "Remember something.";
  const { id } = contract.runs.RunDetail.parse(
    await first.at(starter, "POST", "/api/v1/runs", { agent: "clerk", input }),
  );
  const { approvals } = await shown(first.at, id, "awaiting-approval");
  child.kill("SIGKILL");
  await child.ended();
  const second = await serve();
  await using restarted = second.child;
  await second.at(admin, "POST", `/api/v1/approvals/${approvals[0]?.id ?? ""}/approve`, {});
  const ended = await shown(second.at, id, "completed");
  expect(ended.caller).toMatchObject({ role: "starter" });
  restarted.kill("SIGTERM");
  expect(toolSteps(ended)).toMatchObject([{ state: "failed", text: expect.stringContaining("memory:write") }]);
});
