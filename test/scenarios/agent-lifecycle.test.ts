import { expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { caxton } from "../cli/caxton.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("agent.rollback", "agent.pause", "agents.states");

const source = (text: string) =>
  `name = "writer"\nversion = "1.0.0"\ncapabilities = ["c-${text}"]\nmodel = "scripted/inline"\nsystem_prompt = "Say ${text}."\n`;
const deploy = (server: TestServer, text: string) =>
  server.ask("POST", "/api/v1/agents", { source: source(text), file_name: "writer.toml" });
const start = (server: TestServer) => server.ask("POST", "/api/v1/runs", { agent: "writer", input: "go", wait: true });
const send = (server: TestServer, to: object) =>
  server.ask("POST", "/api/v1/messages", { performative: "request", sender: "user", content: "go", ...to });
const runsOf = async (server: TestServer) =>
  contract.runs.RunPage.parse((await server.ask("GET", "/api/v1/runs?agent=writer")).body).items;
const script = Array.from({ length: 20 }, () => ({ text: "done" }));

test("an older revision serves after activate and rollback, also after a restart, until the next deployment", async () => {
  using directory = tempDirectory();
  {
    await using server = await startServer({ script, directory: directory.path });
    for (const text of ["one", "two", "three"]) await deploy(server, text);
    expect(await server.ask("POST", "/api/v1/agents/writer/rollback")).toMatchObject({
      status: 200,
      body: { revision: 2, newest_revision: 3, source: source("two"), state: "active", paused: null },
    });
    expect(await start(server)).toMatchObject({ body: { revision: 2 } });
    expect(await server.ask("POST", "/api/v1/agents/Writer/activate", { revision: 1 })).toMatchObject({
      body: { revision: 1, capabilities: ["c-one"] },
    });
    await expect.poll(async () => (await send(server, { capability: "c-one" })).status).toBe(202);
    expect(await server.ask("POST", "/api/v1/agents/writer/rollback")).toMatchObject({
      status: 409,
      body: { code: "NO_EARLIER_REVISION" },
    });
    expect(await server.ask("POST", "/api/v1/agents/writer/activate", { revision: 7 })).toMatchObject({
      status: 404,
      body: { code: "REVISION_NOT_FOUND" },
    });
  }
  await using server = await startServer({ script, directory: directory.path });
  expect(await start(server)).toMatchObject({ body: { revision: 1 } });
  expect(await deploy(server, "two")).toMatchObject({ body: { outcome: "updated", agent: { revision: 4 } } });
  expect(await start(server)).toMatchObject({ body: { revision: 4 } });
});

test("a paused agent refuses runs, keeps its messages across a restart, and works on them when it is resumed", async () => {
  using directory = tempDirectory();
  {
    await using server = await startServer({ script, directory: directory.path });
    await deploy(server, "one");
    expect(await server.ask("POST", "/api/v1/agents/writer/pause", { reason: "maintenance" })).toMatchObject({
      status: 200,
      body: { state: "paused", paused: { reason: "maintenance" } },
    });
    expect(await start(server)).toMatchObject({
      status: 409,
      body: { code: "AGENT_PAUSED", detail: expect.stringContaining("maintenance") },
    });
    await expect
      .poll(async () => (await server.ask("GET", "/api/v1/mailboxes")).body)
      .toMatchObject({ items: expect.arrayContaining([expect.objectContaining({ name: "writer", paused: true })]) });
    expect(await send(server, { receiver: "writer" })).toMatchObject({ status: 202 });
    expect(await server.ask("GET", "/api/v1/agents")).toMatchObject({
      body: { items: expect.arrayContaining([expect.objectContaining({ name: "writer", state: "paused" })]) },
    });
    expect(await deploy(server, "two")).toMatchObject({ body: { agent: { revision: 2, state: "paused" } } });
  }
  await using server = await startServer({ script, directory: directory.path });
  expect(await start(server)).toMatchObject({ status: 409, body: { code: "AGENT_PAUSED" } });
  expect(await runsOf(server)).toEqual([]);
  expect(await server.ask("POST", "/api/v1/agents/writer/resume")).toMatchObject({ body: { state: "active" } });
  await expect.poll(async () => (await runsOf(server)).map(({ state }) => state)).toEqual(["completed"]);
  expect(await start(server)).toMatchObject({ body: { state: "completed", revision: 2 } });
  expect(await server.ask("POST", "/api/v1/agents/nonexistent/pause", {})).toMatchObject({ status: 404 });
});

test("the command line pauses, resumes, activates and rolls back", async () => {
  await using server = await startServer({ script });
  for (const text of ["one", "two"]) await deploy(server, text);
  const run = (...words: string[]) => caxton(["agent", ...words, "--server", server.url]);
  expect(await run("rollback", "writer")).toMatchObject({
    code: 0,
    stdout: "serving  writer  revision 1 (newest: 2)\n",
  });
  expect((await run("list")).stdout).toMatch(/writer\s+1 of 2\s+active/);
  expect(await run("activate", "writer", "--revision", "2")).toMatchObject({ stdout: "serving  writer  revision 2\n" });
  expect(await run("pause", "writer", "--reason", "too dear")).toMatchObject({ stdout: "paused  writer\n" });
  expect((await run("get", "writer")).stdout).toMatch(/State\s+paused since .*: too dear/);
  const refused = await caxton(["run", "writer", "hello", "--server", server.url]);
  expect(refused).toMatchObject({ code: 5 });
  expect(refused.stderr).toContain("caxton agent resume writer");
  expect(await run("resume", "writer")).toMatchObject({ stdout: "resumed  writer\n" });
  expect(await run("rollback", "nonexistent")).toMatchObject({ code: 3 });
});
