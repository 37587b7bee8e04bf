import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import * as contract from "../../src/api/contract/index.ts";
import { composeMessage } from "../../src/messaging/acl/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("conversation.agents");

const agent = (name: string, capability: string, more = "") =>
  `name = "${name}"\nversion = "1.0.0"\ndescription = "Does ${capability}"\ncapabilities = ["${capability}"]\nsystem_prompt = "You are ${name}."\n${more}`;

let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    files: {
      "examples/agents/clerk.toml": agent("clerk", "office-work", 'tools = ["messages"]\n'),
      "examples/agents/abacus.toml": agent("abacus", "arithmetic", 'tools = ["calculator"]\n'),
      "examples/agents/clerk-apart.toml": agent(
        "clerk-apart",
        "quiet-work",
        'tools = ["messages"]\n[execution]\nisolation = "worker"\n',
      ),
      "examples/agents/loner.toml": agent("loner", "solitude"),
    },
  });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const until = async <Value>(look: () => Promise<Value | undefined>): Promise<Value> => {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};
const Said = z.object({
  items: z.array(z.looseObject({ performative: z.string(), sender: z.string(), content: z.unknown() })),
});
const said = async (conversation: string, on = server) =>
  Said.parse((await on.ask("GET", `/api/v1/conversations/${conversation}/messages`)).body).items;
const run = async (body: object) =>
  contract.runs.RunDetail.parse((await server.ask("POST", "/api/v1/runs", { wait: true, ...body })).body);

test("a message to an agent starts a run, and its answer comes back in the conversation", async () => {
  const sent = await server.ask("POST", "/api/v1/messages", {
    performative: "request",
    sender: "user",
    receiver: "data-analyzer",
    protocol: "fipa-request",
    content: "What columns does examples/data/penguins.csv have?",
    conversation_id: "talk-1",
  });
  expect(sent).toMatchObject({ status: 202 });
  const answer = await until(async () => (await said("talk-1")).find(({ performative }) => performative === "inform"));
  expect(answer).toMatchObject({ sender: "data-analyzer", content: expect.stringContaining("species") });
  const runs = await server.ask("GET", "/api/v1/runs?conversation=talk-1");
  expect(runs.body).toMatchObject({
    items: [
      { agent: "data-analyzer", state: "completed", message: { performative: "request", conversation: "talk-1" } },
    ],
  });
});

test.each(["clerk", "clerk-apart"])(
  "%s asks another agent, waits without holding anything, and answers with what it heard",
  async (name) => {
    const done = await run({
      agent: name,
      input: "Ask the agent data-analyzer which species has the longest flippers? Use examples/data/penguins.csv",
    });
    expect(done).toMatchObject({
      state: "completed",
      replies: [{ to: "data-analyzer", state: "answered", from: "data-analyzer" }],
    });
    expect(done.output).toContain("Gentoo");
    const [reply] = done.replies;
    expect((await said(reply?.conversation ?? "")).map(({ performative }) => performative)).toEqual([
      "inform",
      "request",
    ]);
  },
);

test("a message to an unknown agent is a failed call that says so, and the run ends all the same", async () => {
  const done = await run({ agent: "clerk", input: "Ask the agent nonexistent to sing" });
  expect(done.state).toBe("completed");
  expect(done.step_list.filter(({ kind }) => kind === "tool")).toMatchObject([
    { state: "failed", text: expect.stringContaining("AGENT_NOT_FOUND") },
  ]);
});

test("the tools for messages are listed as a part of Caxton, and only agents that name them get them", async () => {
  const { body } = await server.ask("GET", "/api/v1/tools/messages");
  expect(body).toMatchObject({ name: "messages", interface: "native", sandboxed: false });
  const found = await server.ask("POST", "/api/v1/tools/messages/find_agents/call", {
    arguments: { words: "arithmetic" },
  });
  expect(found.body).toMatchObject({ outcome: "done", text: expect.stringContaining("abacus") });
});

test("a message that comes while the server drains waits in its mailbox, and is worked on after the next start", async () => {
  using place = tempDirectory();
  const common = { directory: place.path, files: { "examples/agents/loner.toml": agent("loner", "solitude") } };
  const settings = { "server.shutdown_timeout": "3s", "messages.retry_delay": "1ms", "messages.attempts_max": 2 };
  let id = "";
  {
    const first = await startServer({ ...common, settings, script: [{ text: "slow", delayMs: 60_000 }] });
    const {
      runs: { runs },
      messaging: { router },
    } = first.started.services;
    await first.ask("POST", "/api/v1/runs", { agent: "loner", input: "take your time" });
    const stopped = first[Symbol.asyncDispose]();
    await until(async () => runs.isStopping || undefined);
    const draft = { workspace: "default", performative: "request", sender: "user", atMs: Date.now() } as const;
    const address = { type: "receivers", names: ["loner"] } as const;
    const late = composeMessage({ ...draft, address, content: { type: "text", text: "are you there?" } });
    id = late.id;
    expect(await router.submit(late)).toMatchObject({ type: "accepted" });
    await stopped;
  }
  await using second = await startServer({ ...common, script: [{ text: "yes" }] });
  const answer = await until(async () =>
    (await said(id, second)).find(({ performative }) => performative === "inform"),
  );
  expect(answer.content).toContain("yes");
  expect((await second.ask("GET", "/api/v1/dead-letters")).body).toMatchObject({ items: [] });
});
