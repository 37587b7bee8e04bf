import { expect, test } from "vitest";
import { type RunDetail, runs, threads } from "../../src/api/contract/index.ts";
import type { LanguageModel, ModelRequest } from "../../src/models/port/language-model.ts";
import { scripted, type ScriptedTurnInput } from "../../src/models/vendors/index.ts";
import { caxton } from "../cli/caxton.ts";
import { models } from "../helpers/engine.ts";
import { startServer, type TestServer, type TestServerOptions } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("conversation.handoff");

const LONG = { timeout: 120_000 };
const agent = (name: string, more = "") =>
  `name = "${name}"\nversion = "1.0.0"\ncapabilities = ["office-work"]\nsystem_prompt = "You are ${name}."\nmodel = "scripted/${name}"\n${more}`;
const AGENTS = {
  "examples/agents/reception.toml": agent("reception", 'tools = ["calculator"]\nhandoffs = ["billing"]\n'),
  "examples/agents/billing.md": `---\nname: billing\nversion: 1.0.0\ncapabilities: [office-work]\nhandoffs: [reception]\nmodel: scripted/billing\n---\nYou are billing.\n`,
};
const toBilling = { name: "handoff_billing", arguments: { reason: "it is about money" } };
const RECEPTION: readonly ScriptedTurnInput[] = [
  { toolCalls: [{ name: "calculator__evaluate", arguments: { expression: "6*7" } }] },
  { text: "I pass you on.", toolCalls: [toBilling] },
];
const BILLING: readonly ScriptedTurnInput[] = [{ text: "it is paid" }];

async function office(
  {
    reception = RECEPTION,
    billing = BILLING,
  }: { reception?: readonly ScriptedTurnInput[]; billing?: readonly ScriptedTurnInput[] } = {},
  options: TestServerOptions = {},
) {
  const requests: ModelRequest[] = [];
  const watched = (turns: readonly ScriptedTurnInput[]): LanguageModel => {
    const inner = scripted(turns);
    return {
      id: inner.id,
      limits: undefined,
      stream: (request, signal) => {
        requests.push(request);
        return inner.stream(request, signal);
      },
    };
  };
  const voices = { "scripted/reception": watched(reception), "scripted/billing": watched(billing) };
  const server = await startServer({
    ...options,
    files: { ...AGENTS, ...options.files },
    overrides: { models: models(scripted([{ text: "hello" }]), voices) },
  });
  return { server, requests, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

const runOf = async ({ ask }: TestServer, id: string): Promise<RunDetail> =>
  runs.RunDetail.parse((await ask("GET", `/api/v1/runs/${id}`)).body);

async function started({ ask }: TestServer, more: object = {}): Promise<RunDetail> {
  const { status, body } = await ask("POST", "/api/v1/runs", {
    agent: "reception",
    input: "please pay",
    wait: true,
    ...more,
  });
  expect(status, JSON.stringify(body)).toBe(200);
  return runs.RunDetail.parse(body);
}

async function events(server: TestServer, path: string, body?: object) {
  const headers = { "content-type": "application/json", accept: "text/event-stream" };
  const request = body === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(body) };
  const text = await (await fetch(`${server.url}${path}`, request)).text();
  return text.split("\n\n").flatMap((frame) => {
    const data = frame.split("\n").find((line) => line.startsWith("data: "));
    return data === undefined ? [] : [runs.RunStreamEvent.parse(JSON.parse(data.slice(6)))];
  });
}

test(
  "over REST, a thread is handed off: the sender gets the last answer, the next message goes to the new agent",
  LONG,
  async () => {
    await using room = await office();
    const { server } = room;
    const { ask } = server;
    const thread = threads.Thread.parse((await ask("POST", "/api/v1/threads", { agent: "reception" })).body);
    const path = `/api/v1/threads/${thread.id}`;
    const message = { input: "please pay", wait: true };
    const sent = threads.Sent.parse((await ask("POST", `${path}/messages`, message)).body);
    expect(sent).toMatchObject({
      thread: { agent: "billing", head: sent.run.id },
      run: {
        agent: "billing",
        output: "it is paid",
        handoffs: { from: { agent: "reception", reason: "it is about money" } },
      },
    });
    const first = await runOf(server, sent.run.handed_from ?? "");
    expect(first).toMatchObject({
      agent: "reception",
      state: "completed",
      output: "I pass you on.",
      handed_to: sent.run.id,
      handoffs: { from: null, to: { run: sent.run.id, agent: "billing", reason: "it is about money" } },
    });
    const turns = threads.TurnPage.parse((await ask("GET", `${path}/turns`)).body).items.toReversed();
    expect(turns.map(({ messages }) => messages.map(({ role, text }) => `${role}: ${text}`))).toEqual([
      [
        "user: please pay",
        "assistant: ",
        "tool: 42",
        "assistant: I pass you on.",
        "tool: Handed off: billing continues.",
        "notice: reception handed off to billing: it is about money",
      ],
      ["assistant: it is paid"],
    ]);
    // The target sees the dialogue under its own prompt, with its own tools.
    const last = room.requests.at(-1);
    expect(last?.messages.map(({ role }) => role)).toEqual([
      "user",
      "assistant",
      "tool",
      "assistant",
      "tool",
      "assistant",
      "user",
    ]);
    expect(last?.system).toMatch(/^You are billing\.\n+The agent reception worked on the user's request/);
    expect(last?.tools.map(({ name }) => name)).toEqual(["handoff_reception"]);
    const next = threads.Sent.parse((await ask("POST", `${path}/messages`, { ...message, input: "thanks" })).body);
    expect([next.run.agent, next.run.handed_from]).toEqual(["billing", null]);
  },
);

test("streams say handoff, and the run that continues has its own", LONG, async () => {
  await using room = await office();
  const body = { agent: "reception", input: "please pay" };
  const got = await events(room.server, "/api/v1/runs", body);
  const at = got.findIndex(({ type }) => type === "handoff");
  expect(got[at]).toMatchObject({ handoff: { agent: "billing", reason: "it is about money" } });
  const end = got.at(-1);
  expect(end).toMatchObject({ type: "end", run: { agent: "reception" } });
  const next = end?.type === "end" ? end.run.handed_to : null;
  const more = await events(room.server, `/api/v1/runs/${next}/events`);
  expect(more.at(-1)).toMatchObject({ type: "end", run: { agent: "billing", output: "it is paid" } });
});

test.each(["context", "worker"])("isolated by %s, a hand-off does the same", LONG, async (isolation) => {
  const reception = `${AGENTS["examples/agents/reception.toml"]}[execution]\nisolation = "${isolation}"\n`;
  await using room = await office({}, { files: { "examples/agents/reception.toml": reception } });
  const last = await started(room.server);
  expect([last.agent, last.output]).toEqual(["billing", "it is paid"]);
  const first = await runOf(room.server, last.handed_from ?? "");
  expect([first.isolation, first.handed_to]).toEqual([isolation, last.id]);
});

test(
  "a replay of both runs shows the same; a retry of the last one has the dialogue before it; both are exported",
  LONG,
  async () => {
    await using room = await office();
    const { ask } = room.server;
    const last = await started(room.server);
    for (const id of [last.id, last.handed_from])
      expect((await ask("POST", `/api/v1/runs/${id}/replay`, {})).body).toMatchObject({ same: true, divergences: [] });
    const again = await ask("POST", `/api/v1/runs/${last.id}/retry`, {});
    const { id } = runs.RunDetail.parse(again.body);
    await events(room.server, `/api/v1/runs/${id}/events`);
    expect(await runOf(room.server, id)).toMatchObject({
      agent: "billing",
      output: "it is paid",
      origin: { run: last.id },
    });
    expect(room.requests.at(-1)?.messages).toHaveLength(room.requests.at(-2)?.messages.length ?? 0);
    const exported = await ask("GET", `/api/v1/runs/${last.id}/export`);
    expect(Object.keys(Object(exported.body).history)).toEqual([last.handed_from]);
    const retried = await ask("POST", `/api/v1/runs/${last.handed_from}/retry`, {});
    const first = runs.RunDetail.parse(retried.body);
    await events(room.server, `/api/v1/runs/${first.id}/events`);
    const { handed_to: successor } = await runOf(room.server, first.id);
    expect([successor === null, successor === last.id]).toEqual([false, false]);
  },
);

test("the command line shows the hand-off and the last answer", LONG, async () => {
  await using room = await office();
  const { url } = room.server;
  const got = await caxton(["run", "reception", "please pay"], { server: url });
  expect([got.code, got.stdout.trim().split("\n").at(-1)]).toEqual([0, "it is paid"]);
  expect(got.stderr).toMatch(/⇢ handed off to billing: it is about money {2}run \S+/);
  const json = await caxton(["run", "reception", "please pay", "-o", "json"], { server: url });
  const run = runs.RunDetail.parse(JSON.parse(json.stdout));
  expect([run.agent, run.output]).toEqual(["billing", "it is paid"]);
  const shown = await caxton(["run", "get", run.handed_from ?? ""], { server: url });
  expect(shown.stdout).toContain(`Handed off to`);
  expect(shown.stdout).toContain(run.id);
  const tree = await caxton(["run", "tree", run.handed_from ?? ""], { server: url });
  expect(tree.stdout).toMatch(/reception[\s\S]*› billing/);
  const chat = await caxton(["chat", "reception", "--message", "please pay"], { server: url });
  expect([chat.code, chat.stdout.trim().split("\n").at(-1)]).toEqual([0, "it is paid"]);
  const [, thread = ""] = /--thread (\S+)/.exec(chat.stderr) ?? [];
  const undone = await caxton(["thread", "undo", thread, "-o", "json"], { server: url });
  expect(threads.Thread.parse(JSON.parse(undone.stdout))).toMatchObject({ agent: "reception", head: null });
});

test("the limit of hand-offs counts over a restart of the server", LONG, async () => {
  using directory = tempDirectory();
  const back = { name: "handoff_reception", arguments: { reason: "not about money" } };
  const files = {
    "examples/agents/billing.md": AGENTS["examples/agents/billing.md"].replace(
      "handoffs: [reception]",
      "handoffs: [reception]\npermissions:\n  ask: [handoff.reception]",
    ),
  };
  const voices = {
    reception: [{ toolCalls: [toBilling] }, { text: "enough" }],
    billing: [{ toolCalls: [back] }, { text: "enough" }],
  };
  let first = "";
  const approveOne = async (server: TestServer): Promise<RunDetail> => {
    for (;;) {
      const { body } = await server.ask("GET", "/api/v1/approvals?state=open");
      const [approval] = Object(body).items;
      if (approval !== undefined) {
        await server.ask("POST", `/api/v1/approvals/${approval.id}/approve`, {});
        return runOf(server, approval.run);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  for (let life = 0; life < 4; life += 1) {
    await using room = await office(voices, { directory: directory.path, files });
    if (life === 0) first = (await started(room.server)).handed_from ?? "";
    await approveOne(room.server);
  }
  await using room = await office(voices, { directory: directory.path, files });
  const chain = [await runOf(room.server, first)];
  for (let next = chain[0]?.handed_to; next; next = chain.at(-1)?.handed_to) {
    await events(room.server, `/api/v1/runs/${next}/events`);
    chain.push(await runOf(room.server, next));
  }
  expect(chain.map(({ agent: name }) => name)).toEqual(
    Array.from({ length: 9 }, (_, at) => ["reception", "billing"][at % 2]),
  );
  const last = chain.at(-1);
  expect([last?.state, last?.output]).toEqual(["completed", "enough"]);
  expect(JSON.stringify(last?.step_list)).toContain("HANDOFF_LIMIT");
});
