import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import * as z from "zod";
import { WaitingInputPage } from "../../../src/api/contract/runs/inputs.ts";
import { runs } from "../../../src/api/contract/index.ts";
import { scripted } from "../../../src/models/vendors/index.ts";
import { commandLine } from "../../cli/caxton.ts";
import { models } from "../../helpers/engine.ts";
import { CaxtonProcess } from "../../helpers/process.ts";
import { Pty } from "../../helpers/pty.ts";
import { startServer, type TestServer } from "../../helpers/server.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { Endpoint, legacyListener, modernHandler, until } from "./room.ts";
import { newState, testServer } from "./test-server.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.mcp-questions");

const AGENT = `name = "probe"
version = "1.0.0"
description = "Asks"
capabilities = ["asking"]
tools = ["remote"]
system_prompt = "You ask."
user_prompt_template = "{{request}}"
`;
const SCRIPT = [{ toolCalls: [{ name: "remote__ask", arguments: {} }] }, { text: "asked" }];

const servers = {
  "2025": () => legacyListener(testServer(newState())),
  "2026": () => modernHandler(testServer(newState())).listener,
};

async function withRemote(url: string, more: Parameters<typeof startServer>[0] = {}): Promise<TestServer> {
  return startServer({
    script: SCRIPT,
    overrides: { toolServers: "/nonexistent" },
    files: { "examples/agents/probe.toml": AGENT, "caxton.toml": `[mcp_servers.remote]\nurl = "${url}"\n` },
    ...more,
  });
}

const detail = async (server: TestServer, id: string) =>
  runs.RunDetail.parse((await server.ask("GET", `/api/v1/runs/${id}`)).body);

/** A run that waits for an answer. */
async function waitingRun(server: TestServer) {
  const started = await server.ask("POST", "/api/v1/runs", { agent: "probe", input: "go" });
  const { id } = z.object({ id: z.string() }).parse(started.body);
  for (;;) {
    const run = await detail(server, id);
    const question = run.questions.find(({ state }) => state === "open");
    if (question && run.state === "awaiting-input") return { run, question };
    await until(() => true);
  }
}

async function ended(server: TestServer, id: string) {
  for (;;) {
    const run = await detail(server, id);
    if (run.ended_at !== null) return run;
    await until(() => true);
  }
}

for (const [era, listenerOf] of Object.entries(servers)) {
  test(`a run waits while a tool of ${era} asks, and continues with the answer`, async () => {
    await using endpoint = await Endpoint.start(listenerOf());
    await using server = await withRemote(endpoint.url);
    const { run, question } = await waitingRun(server);
    expect(run.state).toBe("awaiting-input");
    expect(question).toMatchObject({ server: "remote", message: "Who are you?", url: null, state: "open" });
    expect(question.schema).toMatchObject({ type: "object", required: ["name"] });
    const status = await server.ask("GET", "/api/v1/status");
    expect(status.body).toMatchObject({ runs: { awaiting_input: 1 } });
    const listed = WaitingInputPage.parse((await server.ask("GET", "/api/v1/inputs")).body);
    expect(listed.items).toEqual([{ run: run.id, agent: "probe", question, client_call: null }]);
    const place = `/api/v1/runs/${run.id}/inputs/${question.id}`;
    expect(await server.ask("POST", place, { action: "accept", content: { name: 5 } })).toMatchObject({
      status: 422,
      body: { code: "ANSWER_INVALID" },
    });
    const answered = await server.ask("POST", place, { action: "accept", content: { name: "Ada" } });
    expect(answered).toMatchObject({ status: 200, body: { questions: [{ state: "accepted" }] } });
    const done = await ended(server, run.id);
    expect(await server.ask("GET", "/api/v1/inputs")).toMatchObject({ body: { items: [] } });
    expect(done).toMatchObject({ state: "completed", output: "asked" });
    expect(done.step_list.find(({ kind }) => kind === "tool")).toMatchObject({ text: "HELLO Ada", tool: "remote.ask" });
    expect(await server.ask("POST", place, { action: "decline" })).toMatchObject({
      status: 409,
      body: { code: "INPUT_CLOSED" },
    });
    const unknown = await server.ask("POST", place.replace(question.id, "x"), { action: "decline" });
    expect(unknown).toMatchObject({ status: 404, body: { code: "INPUT_NOT_FOUND" } });
  });
}

test.each(["2025", "2026"] as const)(
  "a run that is cancelled while a tool of %s asks closes the question",
  async (era) => {
    await using endpoint = await Endpoint.start(servers[era]());
    await using server = await withRemote(endpoint.url);
    const { run } = await waitingRun(server);
    const cancelled = await server.ask("POST", `/api/v1/runs/${run.id}/cancel`);
    expect(cancelled).toMatchObject({ status: 200, body: { state: "cancelled", questions: [{ state: "cancelled" }] } });
    expect(await server.ask("GET", "/api/v1/inputs")).toMatchObject({ body: { items: [] } });
  },
);

test("a question is shown and answered on the command line", async () => {
  await using endpoint = await Endpoint.start(servers["2025"]());
  await using server = await withRemote(endpoint.url);
  const { run, question } = await waitingRun(server);
  const caxton = async (...args: readonly string[]) => {
    await using command = new CaxtonProcess([...args, "--server", server.url], { cwd: server.directory });
    return await command.ended();
  };
  expect((await caxton("run", "answer", "last")).stdout).toContain(
    "remote asks: Who are you?\n  name=<string>  required",
  );
  expect((await caxton("run", "get", "last")).stdout).toContain(`caxton run answer ${run.id} ${question.id}`);
  expect(await caxton("run", "answer", "last", "name=Ada", "loud=false")).toMatchObject({ code: 0 });
  const done = await ended(server, run.id);
  expect(done.step_list.find(({ kind }) => kind === "tool")).toMatchObject({ text: "hello Ada" });
  expect(await caxton("run", "answer", "last", "--decline")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("asks nothing"),
  });
});

test("without a terminal, a question of a tool ends the commands that follow its run or the run above", async () => {
  await using endpoint = await Endpoint.start(servers["2026"]());
  const above = AGENT.replace('"probe"', '"above"').replace('tools = ["remote"]', 'agents = ["probe"]');
  await using server = await startServer({
    overrides: {
      toolServers: "/nonexistent",
      models: models(scripted(SCRIPT), {
        "scripted/above": scripted([
          { toolCalls: [{ name: "agent_probe", arguments: { request: "go" } }] },
          { text: "done" },
        ]),
      }),
    },
    files: {
      "examples/agents/probe.toml": AGENT,
      "examples/agents/above.toml": `${above}model = "scripted/above"\n`,
      "caxton.toml": `[mcp_servers.remote]\nurl = "${endpoint.url}"\n`,
    },
  });
  const command = (...args: readonly string[]) => commandLine(args, { server: server.url });
  const started = await command("run", "above", "go");
  const asking = runs.RunPage.parse((await server.ask("GET", "/api/v1/runs?state=awaiting-input")).body).items;
  expect(asking).toMatchObject([{ agent: "probe", resting: true }]);
  const { id, parent } = asking[0] ?? {};
  const hint = `answer with: caxton run answer ${id}`;
  expect(started).toMatchObject({ code: 9, stderr: expect.stringContaining(hint) });
  for (const run of [parent, id])
    for (const words of [
      ["watch", run ?? ""],
      ["watch", run ?? "", "-o", "json"],
    ])
      expect(await command("run", ...words)).toMatchObject({ code: 9 });
  const watched = await command("run", "watch", id ?? "");
  expect(watched.stderr).toContain("Who are you?");
  expect(watched.stderr).toContain(hint);
  expect(watched.stderr).not.toContain("<id>");
  expect(await command("run", "answer", id ?? "", "name=Ada")).toMatchObject({ code: 0 });
  expect(await command("run", "watch", parent ?? "")).toMatchObject({ code: 0 });
});

test("a question on a connection does not hold up a stop of the server, and its call then ends with an error", async () => {
  using directory = tempDirectory();
  await using endpoint = await Endpoint.start(servers["2025"]());
  const more = { directory: directory.path, settings: { "server.shutdown_timeout": "60s" } };
  let id = "";
  const began = { ms: 0 };
  {
    await using first = await withRemote(endpoint.url, more);
    ({ id } = (await waitingRun(first)).run);
    began.ms = performance.now();
  }
  expect(performance.now() - began.ms).toBeLessThan(20_000);
  await using second = await withRemote(endpoint.url, more);
  const done = await ended(second, id);
  expect(done).toMatchObject({ state: "completed", questions: [{ state: "cancelled" }] });
  expect(done.step_list.find(({ kind }) => kind === "tool")).toMatchObject({
    outcome: "crashed",
    text: expect.stringMatching(/stopped while remote asked the user "Who are you\?".*INPUT_CLOSED/),
  });
  expect(await second.ask("GET", "/api/v1/inputs")).toMatchObject({ body: { items: [] } });
});

test("what a server may receive is not shown with the configuration", async () => {
  await using endpoint = await Endpoint.start(servers["2026"]());
  const config = `[mcp_servers.remote]\nurl = "${endpoint.url}"\nheaders = { "x-key" = "plain-secret", "x-other" = "\${env:OTHER_KEY}" }\n`;
  await using server = await startServer({
    overrides: { toolServers: "/nonexistent" },
    files: { "caxton.toml": config },
    environment: { OTHER_KEY: "from-the-environment" },
  });
  const shown = JSON.stringify((await server.ask("GET", "/api/v1/config")).body);
  expect(shown).toContain("${env:OTHER_KEY}");
  expect(shown).not.toMatch(/plain-secret|from-the-environment/);
  expect(endpoint.requests[0]?.headers).toMatchObject({ "x-key": "plain-secret", "x-other": "from-the-environment" });
  const { body } = await server.ask("GET", "/api/v1/tools/remote");
  expect(body).toMatchObject({ interface: "mcp-http", sandboxed: false, state: "loaded" });
});

test("a question of a tool is asked at the terminal, by run and by chat", async () => {
  await using endpoint = await Endpoint.start(servers["2026"]());
  await using server = await withRemote(endpoint.url);
  for (const [command, ...words] of [
    ["run", "probe", "go"],
    ["chat", "probe"],
  ] as const) {
    await using terminal = new Pty([command, ...words], { server: server.url, cwd: server.directory });
    if (command === "chat") await terminal.say("go");
    await terminal.shows(/Who are you\?/);
    await terminal.shows(/name=/);
    terminal.type("Ada\r");
    await terminal.shows(/loud=/);
    terminal.type("\r");
    await terminal.shows(/asked/);
    expect(terminal.screen).not.toContain("another terminal");
  }
  const page = z.object({ items: z.array(z.object({ id: z.string() })) });
  const { items } = page.parse((await server.ask("GET", "/api/v1/runs")).body);
  for (const { id } of items)
    expect((await detail(server, id)).step_list.find(({ kind }) => kind === "tool")).toMatchObject({
      text: "HELLO Ada",
    });
  expect(items).toHaveLength(2);
});

test("a run that begins to wait while a question is open leaves the question at the terminal", async () => {
  // The question is known at once; the run waits for its answer when the other call of the turn has ended.
  await using endpoint = await Endpoint.start(servers["2026"]());
  const slow = { name: "remote__slow", arguments: { steps: 4, stepMs: 500 } };
  const script = [{ toolCalls: [{ name: "remote__ask", arguments: {} }, slow] }, { text: "asked" }];
  await using server = await withRemote(endpoint.url, { script });
  await using terminal = new Pty(["chat", "probe"], { server: server.url, cwd: server.directory });
  await terminal.say("go");
  await terminal.shows(/name=/);
  const states = async () =>
    runs.RunPage.parse((await server.ask("GET", "/api/v1/runs")).body).items.map(({ state }) => state);
  expect(await states()).toEqual(["running"]);
  await expect.poll(states).toEqual(["awaiting-input"]);
  // What is typed next must not be ahead of what the terminal hears of the change.
  await setTimeout(500);
  terminal.type("Ada\r");
  await terminal.shows(/loud=/);
  terminal.type("\r");
  await terminal.shows(/asked/);
  expect(terminal.screen).not.toContain("another client");
});
