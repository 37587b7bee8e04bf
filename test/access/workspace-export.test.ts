import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { verifies } from "../helpers/verifies.ts";
import { codeOf, WorkspaceServer } from "../helpers/workspaces.ts";

verifies("security.workspaces");

let server: WorkspaceServer;
const Line = z.object({ type: z.string(), value: z.looseObject({}) });
const source = (name: string, prompt: string) => ({
  source: `name = "${name}"\nversion = "1.0.0"\ncapabilities = ["answer"]\nsystem_prompt = "${prompt}"\n`,
});

beforeAll(async () => {
  server = await WorkspaceServer.start();
  for (const name of ["red", "blue"]) await server.createWorkspace(name, { agents: 9 });
});
afterAll(() => server?.[Symbol.asyncDispose]());

async function exported(name: string): Promise<readonly z.infer<typeof Line>[]> {
  const answer = await server.ask("default", "GET", `/api/v1/workspaces/${name}/export`);
  expect(answer.headers.get("content-type")).toContain("application/x-ndjson");
  return String(answer.body)
    .trimEnd()
    .split("\n")
    .map((line) => Line.parse(JSON.parse(line)));
}

test("an export contains everything in the workspace, and nothing of another or secret", async () => {
  const secrets: string[] = [];
  for (const name of ["red", "blue"]) {
    for (const prompt of ["first", "second"])
      await server.ask(name, "POST", "/api/v1/agents", source("speaker", `${prompt} ${name}`));
    await server.ask(name, "POST", "/api/v1/runs", { agent: "speaker", input: `input of ${name}`, wait: true });
    const daily = { agent: "speaker", name: "daily", kind: "every", every: "1d", input: "x" };
    await server.ask(name, "POST", "/api/v1/triggers", daily);
    const hook = { url: "https://hooks.invalid/x", events: ["webhook.stopped"] };
    const { body: hooked } = await server.ask(name, "POST", "/api/v1/webhooks", hook);
    const { body } = await server.ask(name, "POST", "/api/v1/participants", {
      name: `program-${name}`,
      description: "",
    });
    const { token } = z.object({ token: z.string() }).parse(body);
    await server.ask(name, "POST", "/api/v1/participants", { name: "peer", description: "" });
    const talk = { performative: "inform", sender: `program-${name}`, conversation_id: `talk-${name}` };
    for (const content of ["first message", "x".repeat(100_000)]) {
      const message = { ...talk, receiver: ["peer"], content: `${content} of ${name}` };
      const sent = { key: server.admin, token, workspace: name, body: message };
      expect((await server.request("POST", "/api/v1/messages", sent)).status).toBe(202);
    }
    await server.ask(name, "POST", `/api/v1/conversations/talk-${name}/archive`);
    await server.ask(name, "POST", "/api/v1/memory/entities", {
      scope: "agent-only:ann",
      entities: [{ name: `fact of ${name}`, type: "thing" }],
    });
    secrets.push(
      z.object({ secret: z.string() }).parse(hooked).secret,
      token,
      await server.createKey("operator", name),
    );
  }
  await server.ask("default", "POST", "/api/v1/memory/entities", {
    scope: "global",
    entities: [{ name: "shared", type: "thing" }],
  });
  const lines = await exported("red");
  expect(lines[0]).toMatchObject({
    type: "workspace",
    value: { format: "caxton.workspace", version: 1, name: "red", quotas: { agents: 9 } },
  });
  expect(lines.at(-1)).toEqual({ type: "end", value: { lines: lines.length } });
  const counts = Object.fromEntries(
    Map.groupBy(lines, ({ type }) => type)
      .entries()
      .map(([type, of]) => [type, of.length]),
  );
  expect(counts).toMatchObject({
    agent: 1,
    "agent-revision": 2,
    participant: 2,
    trigger: 1,
    webhook: 1,
    run: 1,
    budgets: 1,
    memory: 3,
  });
  const valuesOf = (wanted: string) => lines.filter(({ type }) => type === wanted).map(({ value }) => value);
  const large = { content: { $artifact: { id: expect.stringContaining("sha256-") } } };
  const first = { conversation_id: "talk-red", sender: "program-red", content: "first message of red" };
  expect(valuesOf("message")).toMatchObject([{ message: large }, { message: first }]);
  expect(valuesOf("conversation")).toMatchObject([{ id: "talk-red", messages: 2 }]);
  const text = JSON.stringify(lines);
  for (const part of ["first red", "second red", "input of red", "program-red", "fact of red"])
    expect(text).toContain(part);
  for (const part of ["blue", "shared", ...secrets]) expect(text).not.toContain(part);
  expect(lines.find(({ type }) => type === "run")?.value).toMatchObject({ format: "caxton.run" });
});

test("an export is for those who administer every workspace", async () => {
  const lead = await server.createKey("admin", "red");
  expect(codeOf(await server.request("GET", "/api/v1/workspaces/red/export", { key: lead }))).toBe("PERMISSION_DENIED");
  expect(codeOf(await server.ask("default", "GET", "/api/v1/workspaces/none/export"))).toBe("WORKSPACE_NOT_FOUND");
});
