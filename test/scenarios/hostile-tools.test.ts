import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { scripted } from "../../src/models/vendors/index.ts";
import type { LanguageModel } from "../../src/models/port/language-model.ts";
import { models } from "../helpers/engine.ts";
import { repository, startServer, type TestServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("tool.limits", "tool.quarantine");

/** A model that calls the tool its request names, and then says that it continued. */
const caller: LanguageModel = {
  id: "scripted/caller",
  limits: undefined,
  stream: (request, signal) => {
    const [first] = request.messages;
    const name = first?.role === "user" ? first.text : "";
    return scripted([{ toolCalls: [{ name: `hostile__${name}`, arguments: {} }] }, { text: "It continued." }]).stream(
      request,
      signal,
    );
  },
};

const AGENT = `name = "victim"
version = "1.0.0"
capabilities = ["testing"]
tools = ["hostile"]
system_prompt = "Call it."
`;

let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    overrides: { models: models(caller), toolServers: join(repository, "test/fixtures/tools") },
  });
  await server.started.services.agents.agents.deploy("default", { source: AGENT, fileName: "victim.toml" });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

test.each([
  ["loop_forever", ["fuel", "deadline"]],
  ["allocate_endlessly", ["memory", "trap"]],
  ["trap", ["trap"]],
  ["garbage", ["bad-output"]],
  ["huge", ["bad-output", "memory"]],
])("a tool that does %s fails by name, the model is informed, and run and server continue", async (tool, reasons) => {
  const { body } = await server.ask("POST", "/api/v1/runs", { agent: "victim", input: tool, wait: true });
  const run = contract.runs.RunDetail.parse(body);
  expect(run).toMatchObject({ state: "completed", output: "It continued." });
  const step = run.step_list.find(({ kind }) => kind === "tool");
  if (step?.kind !== "tool") throw new Error("the tool was called");
  expect(reasons).toContain(step.outcome);
  expect(step.text).not.toBe("");
  expect((await server.ask("GET", "/health")).status).toBe(200);
});

test("a server that broke its limits repeatedly is quarantined, and its page says so", async () => {
  for (let count = 0; count < 6; count += 1) {
    await server.ask("POST", "/api/v1/tools/hostile/trap/call", { arguments: {} });
  }
  const { body } = await server.ask("GET", "/api/v1/tools/hostile");
  expect(contract.tools.ToolServerDetail.parse(body)).toMatchObject({
    state: "quarantined",
    reason: expect.stringMatching(/./),
  });
  const refused = await server.ask("POST", "/api/v1/tools/hostile/echo/call", { arguments: { text: "x" } });
  expect(refused.body).toMatchObject({ outcome: "quarantined" });
});
