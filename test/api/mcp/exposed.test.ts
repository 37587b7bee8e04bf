import { join } from "node:path";
import type { ElicitRequestParams, ElicitResult } from "@modelcontextprotocol/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectMcp, REVISIONS, type Revision } from "../../helpers/mcp.ts";
import { verifies } from "../../helpers/verifies.ts";
import { WorkspaceServer } from "../../helpers/workspaces.ts";

verifies("api.mcp-exposed-servers");

const SUITE = join(import.meta.dirname, "conformance/tools-server.ts");
const LEGACY = join(import.meta.dirname, "../../tools/remote/stdio-server.ts");
const EXPOSED = ["suite", "legacy.ask"];

let server: WorkspaceServer;
let user: string;
beforeAll(async () => {
  server = await WorkspaceServer.start({
    settings: {
      "mcp.expose": EXPOSED,
      "mcp_servers.suite": { command: process.execPath, args: [SUITE] },
      "mcp_servers.legacy": { command: process.execPath, args: [LEGACY, "legacy"] },
    },
  });
  user = await server.createKey("operator");
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

type Answer = (params: ElicitRequestParams) => ElicitResult;

/** A client whose user answers so; without an answer, one that cannot ask. */
const connect = (revision: Revision, answer?: Answer) =>
  connectMcp(server.url, {
    revision,
    key: user,
    ...(answer !== undefined && {
      options: { capabilities: { elicitation: { form: {} } } },
      prepare: (client) => client.setRequestHandler("elicitation/create", ({ params }) => answer(params)),
    }),
  });

describe.each(REVISIONS)("revision %s", (revision) => {
  test("images and embedded resources of an exposed tool arrive as its server sends them", async () => {
    await using mcp = await connect(revision);
    const mixed = await mcp.client.callTool({ name: "suite__test_multiple_content_types", arguments: {} });
    expect(mixed.content).toMatchObject([
      { type: "text", text: "Multiple content types test:" },
      { type: "image", mimeType: "image/png" },
      { type: "resource", resource: { uri: "test://mixed-content-resource", text: '{"test":"data","value":123}' } },
    ]);
    const { tools } = await mcp.client.listTools();
    const schema = tools.find(({ name }) => name === "suite__test_parameter_header")?.inputSchema;
    expect(JSON.stringify(schema)).toContain("region");
    expect(JSON.stringify(schema)).not.toContain("x-mcp-header");
  });

  test("a question of an exposed tool is shown to the user of the client, and each further one", async () => {
    const asked: ElicitRequestParams[] = [];
    await using mcp = await connect(revision, (params) => {
      asked.push(params);
      return { action: "accept", content: { name: `answer ${asked.length}` } };
    });
    const name = "suite__test_input_required_result_multi_round";
    expect((await mcp.client.callTool({ name, arguments: {} })).content).toMatchObject([
      { text: expect.stringContaining("answer 2") },
    ]);
    expect(asked).toMatchObject([
      { message: "Step 1", requestedSchema: { properties: { name: { type: "string" } }, required: ["name"] } },
      { message: "Step 2" },
    ]);
  });

  test("a question is declined if the user declines it, or if the client cannot ask", async () => {
    const call = { name: "suite__test_elicitation", arguments: {} };
    await using mcp = await connect(revision, () => ({ action: "decline" }));
    await using mute = await connect(revision);
    for (const { client } of [mcp, mute])
      expect((await client.callTool(call)).content).toMatchObject([{ text: expect.stringContaining('"decline"') }]);
  });

  test("resources and prompts of an exposed server are listed and read", async () => {
    await using mcp = await connect(revision);
    const { resources } = await mcp.client.listResources();
    expect(resources.map(({ uri }) => uri)).toEqual(
      expect.arrayContaining(["test://static-text", "caxton://agents/greeter"]),
    );
    const { resourceTemplates } = await mcp.client.listResourceTemplates();
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toContain("test://template/{id}/data");
    const read = async (uri: string) => (await mcp.client.readResource({ uri })).contents;
    expect(await read("test://static-text")).toMatchObject([{ text: expect.stringContaining("static text") }]);
    expect(await read("test://static-binary")).toMatchObject([{ mimeType: "image/png", blob: expect.any(String) }]);
    expect(await read("test://template/7/data")).toMatchObject([{ text: expect.stringContaining('"id":"7"') }]);
    await expect(read("test://unlisted")).rejects.toMatchObject({ code: -32_602 });

    const { prompts } = await mcp.client.listPrompts();
    expect(prompts.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["greeter", "suite__test_prompt_with_arguments"]),
    );
    const get = (name: string, given: Record<string, string>) =>
      mcp.client.getPrompt({ name: `suite__${name}`, arguments: given });
    expect(await get("test_prompt_with_embedded_resource", { resourceUri: "test://of-the-user" })).toMatchObject({
      messages: [{ role: "user", content: { resource: { uri: "test://of-the-user" } } }, { content: { type: "text" } }],
    });
    await expect(get("test_prompt_with_arguments", {})).rejects.toMatchObject({ code: -32_602 });
    await expect(get("unknown", {})).rejects.toMatchObject({ code: -32_602 });
  });

  test("a principal that may not call tools sees nothing of an exposed server", async () => {
    await using mcp = await connectMcp(server.url, { revision, key: await server.createKey("readonly") });
    expect(JSON.stringify(await mcp.client.listResources())).not.toContain("test://");
    expect(JSON.stringify(await mcp.client.listPrompts())).not.toContain("suite__");
    await expect(mcp.client.readResource({ uri: "test://static-text" })).rejects.toMatchObject({ code: -32_602 });
  });

  test("names of agents complete the template of their resources", async () => {
    await using mcp = await connect(revision);
    const complete = async (uri: string, value: string) =>
      (await mcp.client.complete({ ref: { type: "ref/resource", uri }, argument: { name: "name", value } })).completion;
    expect(await complete("caxton://agents/{name}", "gree")).toMatchObject({ values: ["greeter"] });
    expect(await complete("caxton://agents/{name}", "unknown")).toMatchObject({ values: [] });
    expect(await complete("test://template/{id}/data", "1")).toMatchObject({ values: [] });
  });
});

const answer: Answer = () => ({ action: "accept", content: { name: "Ada", loud: false } });

test("a server of 2025 asks within its call, which clients of 2025 pass on", async () => {
  const texts: string[] = [];
  for (const revision of REVISIONS) {
    await using mcp = await connect(revision, answer);
    texts.push(JSON.stringify((await mcp.client.callTool({ name: "legacy__ask", arguments: {} })).content));
  }
  expect(texts).toEqual([expect.stringContaining("hello Ada"), expect.stringContaining("no answer")]);
});
