import { expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";

const agent = (name: string, capability: string) =>
  `name = "${name}"\nversion = "1.0.0"\ncapabilities = ["${capability}"]\ntools = ["messages"]\nsystem_prompt = "You are ${name}."\n`;
const tool = (name: string, given: { readonly [key: string]: string | number }) => ({
  name: `messages__${name}`,
  arguments: given,
});

const SCRIPT = [
  { when: { userIncludes: "green is out" }, text: "noted" },
  {
    when: { userIncludes: "organise" },
    toolCalls: [tool("call_for_proposals", { capability: "painting", task: "paint the fence" })],
  },
  { when: { userIncludes: "organise" }, text: "the fence is painted" },
  {
    when: { userIncludes: "sell" },
    toolCalls: [tool("auction", { capability: "painting", item: "a ladder", kind: "dutch", start: 50, step: 10 })],
  },
  { when: { userIncludes: "sell" }, text: "sold" },
  {
    when: { userIncludes: "seal a letter" },
    toolCalls: [tool("auction", { capability: "painting", item: "a letter", kind: "sealed", reserve: 5 })],
  },
  { when: { userIncludes: "seal a letter" }, text: "sealed" },
  { when: { userIncludes: "[call of an auction" }, text: '{"max_price": 50}' },
  { when: { userIncludes: "[call for proposals" }, text: '{"cost": 3, "seconds": 5}' },
  { when: { userIncludes: "[acceptance of your proposal" }, text: "painted in green" },
  { when: { userIncludes: "listen" }, toolCalls: [tool("subscribe", { topic: "weather.*" })] },
  { when: { userIncludes: "listen" }, text: "listening" },
  { when: { userIncludes: "it rains" }, text: "noted" },
  { when: { userIncludes: "heed" }, toolCalls: [tool("subscribe", { to: "painter-one", about: "colours" })] },
  { when: { userIncludes: "heed" }, text: "following" },
  { when: { userIncludes: "colours" }, text: "I will report" },
  { when: { userIncludes: "proclaim" }, toolCalls: [tool("tell_subscribers", { content: "green is out" })] },
  { when: { userIncludes: "proclaim" }, text: "sent" },
];

test("a run offers a task or holds an auction, is suspended until it is over, and gets the outcome; a subscription starts runs", async () => {
  await using server = await startServer({
    script: SCRIPT,
    files: {
      "examples/agents/boss.toml": agent("boss", "organising"),
      "examples/agents/painter-one.toml": agent("painter-one", "painting"),
      "examples/agents/painter-two.toml": agent("painter-two", "painting"),
    },
  });
  const run = async (input: string) => {
    const { body } = await server.ask("POST", "/api/v1/runs", { agent: "boss", input, wait: true });
    return contract.runs.RunDetail.parse(body);
  };
  const done = await run("organise it");
  expect(done).toMatchObject({
    state: "completed",
    output: "the fence is painted",
    replies: [{ to: "capability:painting", state: "answered" }],
  });
  expect(done.step_list[1]).toMatchObject({
    tool: "messages.call_for_proposals",
    state: "done",
    text: expect.stringMatching(/^painter-(?:one|two) did it: painted in green$/),
    structured: { state: "done", bids: { "painter-one": { cost: 3 }, "painter-two": { cost: 3 } } },
  });
  expect((await run("sell a ladder")).step_list[1]).toMatchObject({
    tool: "messages.auction",
    state: "done",
    text: expect.stringMatching(/^painter-(?:one|two) has it for 50$/),
  });
  expect((await run("seal a letter")).step_list[1]).toMatchObject({
    tool: "messages.auction",
    state: "done",
    text: expect.stringMatching(/^painter-(?:one|two) did it: painted in green$/),
  });
  expect((await run("listen")).step_list[1]).toMatchObject({ state: "done", text: "Subscribed to weather.*." });
  const sent = await server.ask("POST", "/api/v1/messages", {
    performative: "inform",
    sender: "user",
    topic: "weather.today",
    content: "it rains",
    conversation_id: "rain",
  });
  expect(sent.status).toBe(202);
  await until(server, "conversation=rain&state=completed");
  await subscriptionToAgent(server);
});

/** One agent subscribes to another, is notified, and the notification starts a run. */
async function subscriptionToAgent(server: TestServer): Promise<void> {
  const run = async (agentName: string, input: string) => {
    const { body } = await server.ask("POST", "/api/v1/runs", { agent: agentName, input, wait: true });
    return contract.runs.RunDetail.parse(body).step_list[1];
  };
  const followed = await run("boss", "heed painter-one");
  const words = /^painter-one \(agree\): I will report \(subscription (.+)\)$/;
  expect(followed).toMatchObject({ state: "done", text: expect.stringMatching(words) });
  const [, conversation] = words.exec(followed?.kind === "tool" ? (followed.text ?? "") : "") ?? [];
  expect(await run("painter-one", "proclaim it")).toMatchObject({ state: "done", text: "Notified boss." });
  const [news] = await until(server, `conversation=${conversation}&agent=boss&state=completed`);
  expect(news).toMatchObject({ agent: "boss", output_preview: "noted" });
}

async function until(server: TestServer, query: string) {
  for (;;) {
    const { body } = await server.ask("GET", `/api/v1/runs?${query}`);
    const { items } = contract.runs.RunPage.parse(body);
    if (items.length > 0) return items;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
