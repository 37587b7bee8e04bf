import { expect, test } from "vitest";
import { RunDetail } from "../../src/api/contract/runs/runs.ts";
import type { LanguageModel } from "../../src/models/port/index.ts";
import { scripted } from "../../src/models/vendors/index.ts";
import { models } from "../helpers/engine.ts";
import { verifies } from "../helpers/verifies.ts";
import { startOfficialServer } from "./official-server.ts";
import { openWorld } from "./world.ts";

verifies("remotes.delegation");

const CLERK = `name = "clerk"
version = "1.0.0"
capabilities = ["clerical-work"]
agents = ["bakery"]
system_prompt = "Delegate."
`;
const files = { "examples/agents/clerk.toml": CLERK };
const call = (given: object) => ({ toolCalls: [{ name: "agent_bakery", arguments: JSON.stringify(given) }] });

test("a run delegates to a remote agent: its files go there, and the files of the result become files of the run", async () => {
  await using official = await startOfficialServer();
  const script = [call({ request: "look", files: ["note.txt"] }), call({ request: "file" }), { text: "done" }];
  await using world = await openWorld(official, { files, script });
  const { url, ask } = world.server;
  const uploaded = await fetch(`${url}/api/v1/uploads?name=note.txt`, { method: "POST", body: "rye" });
  const { id } = Object(await uploaded.json());
  const { body } = await ask("POST", "/api/v1/runs", { agent: "clerk", input: "go", uploads: [id], wait: true });
  const run = RunDetail.parse(body);
  expect(run).toMatchObject({ state: "completed", output: "done" });
  const [first, second] = run.step_list.flatMap((step) => (step.kind === "tool" ? [step] : []));
  expect(first?.text).toContain("echo look\nnote.txt rye");
  expect(second?.text).toContain("see the table\n(file table.csv, text/csv, 8 bytes");
  expect(run.artifacts).toMatchObject([{ name: "table.csv", bytes: 8 }]);
  expect(await (await fetch(url + run.artifacts[0]?.url)).text()).toBe("a,b\n1,2\n");
});

test("a question of a remote agent is the result of the call, and a further call answers it", async () => {
  await using official = await startOfficialServer();
  const model: LanguageModel = {
    id: "scripted/asked",
    limits: undefined,
    stream: (request, signal) => {
      const conversation = /with conversation ([^\s)"]+)\)/.exec(JSON.stringify(request.messages))?.[1];
      const turns = [call({ request: "ask" }), call({ request: "green", conversation }), { text: "all done" }];
      return scripted(turns).stream(request, signal);
    },
  };
  await using world = await openWorld(official, { files, overrides: { models: models(model) } });
  const { body } = await world.server.ask("POST", "/api/v1/runs", { agent: "clerk", input: "go", wait: true });
  const run = RunDetail.parse(body);
  expect(run).toMatchObject({ state: "completed", output: "all done" });
  const texts = run.step_list.flatMap((step) => (step.kind === "tool" ? [step.text] : []));
  expect(texts).toEqual([expect.stringContaining("Which colour?"), "ordered green"]);
  expect(official.worked[1]?.taskId).not.toBe("");
});

test("cancelling the run cancels the remote task", async () => {
  await using official = await startOfficialServer();
  await using world = await openWorld(official, { files, script: [call({ request: "slow" }), { text: "never" }] });
  const { ask } = world.server;
  const { body } = await ask("POST", "/api/v1/runs", { agent: "clerk", input: "go" });
  await expect.poll(() => official.requests.some(({ method }) => method === "GetTask"), { timeout: 10_000 }).toBe(true);
  await ask("POST", `/api/v1/runs/${Object(body).id}/cancel`);
  await expect.poll(() => official.cancelled.length, { timeout: 10_000 }).toBe(1);
});
