import { expect, test, vi } from "vitest";
import { ApprovalPage } from "../../src/api/contract/runs/approvals.ts";
import { RunDetail, RunPage, RunStreamEvent } from "../../src/api/contract/runs/runs.ts";
import { Sent, Thread } from "../../src/api/contract/threads/threads.ts";
import { EventStreamReader } from "../../src/api/client/sse.ts";
import { scripted } from "../../src/models/vendors/index.ts";
import { models } from "../helpers/engine.ts";
import { commandLine } from "../cli/caxton.ts";
import { startServer } from "../helpers/server.ts";

const agent = (name: string, more: string) =>
  `name = "${name}"\nversion = "1.0.0"\ncapabilities = ["work"]\nsystem_prompt = "Work."\nmodel = "scripted/${name}"\n${more}`;
const delegate = (name: string) => [
  { toolCalls: [{ name: `agent_${name}`, arguments: { request: "do it" } }] },
  { text: "done" },
];

async function* watch(url: string, id: string): AsyncGenerator<RunStreamEvent> {
  const { body } = await fetch(`${url}/api/v1/runs/${id}/events?types=below`);
  if (body === null) throw new Error("no stream");
  const reader = new EventStreamReader();
  for await (const piece of body.pipeThrough(new TextDecoderStream()))
    for (const { data } of reader.push(piece)) yield RunStreamEvent.parse(JSON.parse(data));
}

test("the stream of a run says when a run below it waits for a person, and when it continues", async () => {
  const voices = {
    "scripted/top": scripted(delegate("middle")),
    "scripted/middle": scripted(delegate("bottom")),
    "scripted/bottom": scripted([
      { toolCalls: [{ name: "calculator__evaluate", arguments: { expression: "1+1" } }] },
      { text: "2" },
    ]),
  };
  await using server = await startServer({
    files: {
      "examples/agents/top.toml": agent("top", 'agents = ["middle"]\n'),
      "examples/agents/middle.toml": agent("middle", 'agents = ["bottom"]\n'),
      "examples/agents/bottom.toml": agent("bottom", 'tools = ["calculator"]\n[permissions]\nask = ["calculator.*"]\n'),
    },
    overrides: { models: models(scripted([{ text: "hello" }]), voices) },
  });
  const { id } = RunDetail.parse((await server.ask("POST", "/api/v1/runs", { agent: "top", input: "go" })).body);
  const heard: string[] = [];
  const approve = async () => {
    const { body } = await server.ask("GET", `/api/v1/approvals?state=open&run=${id}`);
    const [open] = ApprovalPage.parse(body).items;
    await server.ask("POST", `/api/v1/approvals/${open?.id}/approve`, {});
  };
  let ended: RunStreamEvent | undefined;
  let later: RunStreamEvent | undefined;
  for await (const seen of watch(server.url, id)) {
    ended = seen;
    if (seen.type !== "below") continue;
    heard.push(`${seen.run.agent} ${seen.run.state}`);
    if (heard.length > 1) continue;
    // A reader that comes later hears of it, too.
    later = (await watch(server.url, id).next()).value;
    await approve();
  }
  expect(later).toMatchObject({ type: "below", run: { agent: "bottom", state: "awaiting-approval" } });
  expect(ended).toMatchObject({ type: "end", run: { state: "completed" } });
  expect(heard[0]).toBe("bottom awaiting-approval");
  expect(heard).toHaveLength(2);
  expect(heard[1]).toMatch(/^bottom (?!awaiting)/);
});

test("a message that interrupts a turn cancels the runs below it, and is answered", async () => {
  const waiting = [{ toolCalls: [{ name: "user__ask_user", arguments: { question: "Which?" } }] }, { text: "never" }];
  const voices = {
    "scripted/top": scripted([{ when: { userIncludes: "stop" }, text: "answered" }, ...delegate("bottom")]),
    "scripted/bottom": scripted(waiting),
  };
  await using server = await startServer({
    files: {
      "examples/agents/top.toml": agent("top", 'agents = ["bottom"]\n'),
      "examples/agents/bottom.toml": agent("bottom", 'tools = ["user"]\n'),
    },
    overrides: { models: models(scripted([{ text: "hello" }]), voices) },
  });
  const thread = Thread.parse((await server.ask("POST", "/api/v1/threads", { agent: "top" })).body).id;
  const send = async (more: object) =>
    Sent.parse((await server.ask("POST", `/api/v1/threads/${thread}/messages`, more)).body).run;
  const first = await send({ input: "go" });
  const below = async () => RunPage.parse((await server.ask("GET", "/api/v1/runs?agent=bottom")).body).items;
  await vi.waitFor(async () => expect(await below()).toMatchObject([{ state: "awaiting-input" }]), { timeout: 20_000 });
  const second = await send({ input: "stop, answer this", when_busy: "interrupt", wait: true });
  expect(second.id).not.toBe(first.id);
  await vi.waitFor(async () => expect(await below()).toMatchObject([{ state: "cancelled" }]), { timeout: 20_000 });
  expect(RunDetail.parse((await server.ask("GET", `/api/v1/runs/${first.id}`)).body).state).toBe("cancelled");
});

test("a message that waits behind a turn names the runs that wait for a person", async () => {
  const waiting = [{ toolCalls: [{ name: "user__ask_user", arguments: { question: "Which?" } }] }, { text: "it is" }];
  const evaluating = [
    { toolCalls: [{ name: "calculator__evaluate", arguments: { expression: "1+1" } }] },
    { text: "2" },
  ];
  const voices = {
    "scripted/top": scripted(delegate("bottom")),
    "scripted/bottom": scripted(waiting),
    "scripted/careful": scripted(evaluating),
  };
  await using server = await startServer({
    files: {
      "examples/agents/top.toml": agent("top", 'agents = ["bottom"]\n'),
      "examples/agents/bottom.toml": agent("bottom", 'tools = ["user"]\n'),
      "examples/agents/careful.toml": agent("careful", 'tools = ["calculator"]\n[permissions]\nask = ["*"]\n'),
    },
    overrides: { models: models(scripted([{ text: "hello" }]), voices) },
  });
  const blockedIn = async (name: string, asking: string, state: string) => {
    const thread = Thread.parse((await server.ask("POST", "/api/v1/threads", { agent: name })).body).id;
    const send = async (input: string) =>
      Sent.parse((await server.ask("POST", `/api/v1/threads/${thread}/messages`, { input })).body);
    expect(await send("go")).toMatchObject({ joined: false, blocked_by: [] });
    const found = async () => RunPage.parse((await server.ask("GET", `/api/v1/runs?agent=${asking}`)).body).items;
    await vi.waitFor(async () => expect(await found()).toMatchObject([{ state }]), { timeout: 20_000 });
    const [run] = await found();
    const blockers = [{ run: run?.id, agent: asking, state }];
    expect(await send("and then?")).toMatchObject({ joined: false, run: { state: "queued" }, blocked_by: blockers });
    // So does one behind a message that waits.
    expect((await send("and after that?")).blocked_by).toEqual(blockers);
    const said = await commandLine(["thread", "send", thread, "hello", "--detach"], { server: server.url });
    expect(said).toMatchObject({ code: 0, stderr: expect.stringContaining(`caxton run watch ${run?.id}`) });
  };
  await blockedIn("top", "bottom", "awaiting-input");
  await blockedIn("careful", "careful", "awaiting-approval");
});
