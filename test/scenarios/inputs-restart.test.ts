import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { Json } from "../../src/kernel/json.ts";
import { CaxtonProcess } from "../helpers/process.ts";
import { tempDirectory } from "../helpers/temp.ts";

const AGENT = `name = "packer"
version = "1.0.0"
capabilities = ["packing"]
tools = ["user"]
system_prompt = "Ask."
`;
const SCRIPT = JSON.stringify([
  {
    toolCalls: [
      { name: "user__ask_user", arguments: { question: "Which colour?" } },
      { name: "get_location", arguments: {} },
    ],
  },
  { text: "finished" },
]);
const CONFIG = `[server]
port = 0
[models]
default = "scripted/script.json"
scripted_directory = "."
[access]
mode = "required"
[access.roles.starter]
description = "Starts runs"
permissions = ["runs:*"]
`;

function workplace() {
  const home = tempDirectory();
  mkdirSync(join(home.path, "agents"));
  for (const [name, text] of Object.entries({
    "agents/packer.toml": AGENT,
    "script.json": SCRIPT,
    "caxton.toml": CONFIG,
  }))
    writeFileSync(join(home.path, name), text);
  return home;
}

async function serve(cwd: string) {
  const child = new CaxtonProcess(["serve"], { cwd });
  const [, url = ""] = await child.printed(/API\s+(http:\/\/[^/]+)/);
  await vi.waitFor(async () => expect((await fetch(`${url}/ready`)).status).toBe(200), { timeout: 60_000 });
  const at = async (key: string, method: string, path: string, body?: object) => {
    const headers = { authorization: `Bearer ${key}`, ...(body && { "content-type": "application/json" }) };
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers,
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: Json.parse(await response.json()) };
  };
  const run = async (key: string, id: string) =>
    contract.runs.RunDetail.parse((await at(key, "GET", `/runs/${id}`)).body);
  return { child, at, run };
}

test("a run that waits for a person and its client survives being killed, and only rights that it has answer it", async () => {
  using home = workplace();
  const first = await serve(home.path);
  await using killed = first.child;
  const [, setup = ""] = await killed.printed(/--token (\S+)/);
  const keyOf = async (by: string, role: string) =>
    contract.keys.CreatedApiKey.parse((await first.at(by, "POST", "/keys", { name: role, role })).body).key ?? "";
  const admin = await keyOf(setup, "admin");
  const starter = await keyOf(admin, "starter");
  const reader = await keyOf(admin, "readonly");
  const body = { agent: "packer", input: "go", wait: true, client_tools: [{ name: "get_location" }] };
  const asked = contract.runs.RunDetail.parse((await first.at(admin, "POST", "/runs", body)).body);
  const own = contract.runs.RunDetail.parse((await first.at(starter, "POST", "/runs", body)).body);
  expect([asked.state, own.state]).toEqual(["awaiting-input", "awaiting-input"]);
  killed.kill("SIGKILL");
  await killed.ended();
  const second = await serve(home.path);
  await using restarted = second.child;
  void restarted;
  const give = (key: string, { id }: { id: string }, input: string | undefined, content: string) =>
    second.at(key, "POST", `/runs/${id}/inputs/${input}`, { action: "accept", content });
  const question = asked.questions[0]?.id;
  expect(await second.run(admin, asked.id)).toMatchObject({ state: "awaiting-input", questions: asked.questions });
  const refused = { status: 403, body: { code: "PERMISSION_DENIED" } };
  expect(await give(starter, asked, question, "blue")).toMatchObject(refused);
  expect(await give(reader, asked, question, "blue")).toMatchObject(refused);
  const elsewhere = await give(admin, own, question, "blue");
  expect(elsewhere).toMatchObject({ status: 404, body: { code: "INPUT_NOT_FOUND" } });
  for (const [key, run] of [
    [admin, asked],
    [starter, own],
  ] as const) {
    expect((await give(key, run, run.client_calls[0]?.id, "Bern")).status).toBe(200);
    expect((await give(key, run, run.questions[0]?.id, "blue")).status).toBe(200);
    await vi.waitFor(async () => expect((await second.run(key, run.id)).state).toBe("completed"), { timeout: 20_000 });
    const over = await second.run(key, run.id);
    expect(over.step_list.flatMap((step) => (step.kind === "tool" ? [step.text] : []))).toEqual(["blue", "Bern"]);
  }
});
