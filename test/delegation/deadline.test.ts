import { expect, test, vi } from "vitest";
import { RunDetail, RunPage, type RunState, RunTree } from "../../src/api/contract/runs/runs.ts";
import { scripted, type ScriptedTurnInput } from "../../src/models/vendors/index.ts";
import { models } from "../helpers/engine.ts";
import { startServer, type TestServer, type TestServerOptions } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("conversation.delegation");

const SHORT_MINUTES = 0.03;
const BUSY: readonly ScriptedTurnInput[] = [{ text: "too late", delayMs: 120_000 }];
const ASKING: readonly ScriptedTurnInput[] = [
  { toolCalls: [{ name: "user__ask_user", arguments: { question: "Which?" } }] },
  { text: "too late", delayMs: 120_000 },
];

const agent = (name: string, more: string) =>
  `name = "${name}"\nversion = "1.0.0"\ncapabilities = ["work"]\nsystem_prompt = "Work."\nmodel = "scripted/${name}"\n${more}`;

const call = (more: object) => ({ name: "agent_helper", arguments: { request: "look it up", ...more } });

const options = (boss: readonly ScriptedTurnInput[], helper: readonly ScriptedTurnInput[]): TestServerOptions => ({
  files: {
    "examples/agents/boss.toml": agent("boss", 'agents = ["helper"]\ntools = ["messages"]\n'),
    "examples/agents/helper.toml": agent("helper", 'tools = ["user"]\n'),
  },
  overrides: {
    models: models(scripted([{ text: "hello" }]), {
      "scripted/boss": scripted(boss),
      "scripted/helper": scripted(helper),
    }),
  },
});

const start = async (server: TestServer) =>
  RunDetail.parse((await server.ask("POST", "/api/v1/runs", { agent: "boss", input: "please" })).body).id;
const run = async (server: TestServer, id: string) =>
  RunDetail.parse((await server.ask("GET", `/api/v1/runs/${id}`)).body);
const helpers = async (server: TestServer) =>
  RunPage.parse((await server.ask("GET", "/api/v1/runs?agent=helper")).body).items;
const reaches = (server: TestServer, ...states: readonly RunState[]) =>
  vi.waitFor(async () => expect((await helpers(server)).map(({ state }) => state)).toEqual(states), {
    timeout: 20_000,
  });
const completes = (server: TestServer, id: string) =>
  vi.waitFor(async () => expect((await run(server, id)).state).toBe("completed"), { timeout: 20_000 });

const CASES: readonly {
  readonly how: string;
  readonly more: object;
  readonly helper: readonly ScriptedTurnInput[];
  readonly meanwhile: RunState;
}[] = [
  { how: "works", more: {}, helper: BUSY, meanwhile: "running" },
  { how: "works in the background", more: { background: true }, helper: BUSY, meanwhile: "running" },
  { how: "asks a question", more: {}, helper: ASKING, meanwhile: "awaiting-input" },
];

// conversations.cancellations.F2
test.each(CASES)("a run below that still $how at the deadline is cancelled", async ({ more, helper, meanwhile }) => {
  const background = "background" in more ? [{ text: "so far" }] : [];
  const boss = [{ toolCalls: [call({ minutes: SHORT_MINUTES, ...more })] }, ...background, { text: "without it" }];
  await using server = await startServer(options(boss, helper));
  const id = await start(server);
  await reaches(server, meanwhile);
  await completes(server, id);
  const { output, replies } = await run(server, id);
  expect([output, replies.map(({ state }) => state)]).toEqual(["without it", ["expired"]]);
  await reaches(server, "cancelled");
  const tree = RunTree.parse((await server.ask("GET", `/api/v1/runs/${id}/tree`)).body).items;
  expect(tree.map((each) => [each.agent, each.state])).toEqual([
    ["boss", "completed"],
    ["helper", "cancelled"],
  ]);
});

test("a run below whose deadline passes while no server runs is cancelled by the next one", async () => {
  using directory = tempDirectory();
  const boss = [{ toolCalls: [call({ minutes: 2 * SHORT_MINUTES })] }, { text: "without it" }];
  const settings = { "server.shutdown_timeout": "100ms" };
  const both = { ...options(boss, BUSY), directory: directory.path, settings };
  let id = "";
  let deadline = "";
  {
    await using first = await startServer(both);
    id = await start(first);
    await reaches(first, "running");
    deadline = (await run(first, id)).replies[0]?.expires_at ?? "";
  }
  await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(Date.parse(deadline)), { timeout: 20_000 });
  await using second = await startServer(both);
  await completes(second, id);
  await reaches(second, "cancelled");
});

test("an agent that was only asked keeps its run past the deadline, and its late answer is stored", async () => {
  const ask = { name: "messages__ask", arguments: { to: "helper", content: "look it up", minutes: SHORT_MINUTES } };
  const boss = [{ toolCalls: [ask] }, { text: "without it" }];
  await using server = await startServer(options(boss, [{ text: "late", delayMs: 4_000 }]));
  const id = await start(server);
  await completes(server, id);
  await reaches(server, "running");
  await reaches(server, "completed");
  expect((await run(server, id)).replies.map(({ state }) => state)).toEqual(["expired"]);
});
