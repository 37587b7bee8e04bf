import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectMcp, REVISIONS } from "../../helpers/mcp.ts";
import { WorkspaceServer } from "../../helpers/workspaces.ts";

const agent = (name: string) =>
  `name = "${name}"\nversion = "1.0.0"\ndescription = "Answers"\ncapabilities = ["answers"]\ntools = []\nsystem_prompt = "Answer."\n`;
const AGENTS = {
  "examples/agents/plain.toml": agent("plain"),
  "examples/agents/with.dots.toml": agent("with.dots"),
};

let server: WorkspaceServer;
let user: string;
beforeAll(async () => {
  server = await WorkspaceServer.start({ files: AGENTS, script: [{ text: "All done." }] });
  user = await server.createKey("user");
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

describe.each(REVISIONS)("revision %s", (revision) => {
  test("agents are tools whose answer is the result", async () => {
    await using mcp = await connectMcp(server.url, { revision, key: user });
    expect(mcp.client.getNegotiatedProtocolVersion()).toBe(revision);
    const { tools } = await mcp.client.listTools();
    const plain = tools.find(({ name }) => name === "plain");
    expect(plain).toMatchObject({ description: "Answers", inputSchema: { type: "object", required: ["message"] } });
    const progress: string[] = [];
    const result = await mcp.client.callTool(
      { name: "plain", arguments: { message: "Do it" } },
      { onprogress: ({ message = "" }) => progress.push(message) },
    );
    expect(result).toMatchObject({
      content: [{ type: "text", text: "All done." }],
      _meta: { "caxton/state": "completed" },
    });
    expect(progress.at(-1)).toContain("completed");
  });

  test("an agent whose name clients refuse has another, and is called by it", async () => {
    await using mcp = await connectMcp(server.url, { revision, key: user });
    const { tools } = await mcp.client.listTools();
    const found = tools.find(({ title }) => title === "with.dots");
    expect(found?.name).toMatch(/^agent__with-dots-[0-9a-f]{8}$/);
    const result = await mcp.client.callTool({ name: found?.name ?? "", arguments: { message: "Do it" } });
    expect(result.content).toMatchObject([{ text: "All done." }]);
  });

  test("agents are prompts that ask for the call of their tool", async () => {
    await using mcp = await connectMcp(server.url, { revision, key: user });
    const { prompts } = await mcp.client.listPrompts();
    const found = prompts.find(({ title }) => title === "Ask with.dots");
    expect(found).toMatchObject({ description: "Answers", arguments: [{ name: "message", required: true }] });
    const { name = "" } = found ?? {};
    const { messages } = await mcp.client.getPrompt({ name, arguments: { message: "Do it" } });
    expect(messages).toMatchObject([
      { role: "user", content: { type: "text", text: expect.stringContaining("Do it") } },
    ]);
    expect(JSON.stringify(messages)).toContain(`\`${name}\``);
    for (const wrong of [{ name }, { name: "unknown", arguments: { message: "Do it" } }])
      await expect(mcp.client.getPrompt(wrong)).rejects.toMatchObject({ code: -32_602 });
    await using reader = await connectMcp(server.url, { revision, key: await server.createKey("readonly") });
    expect((await reader.client.listPrompts()).prompts).toEqual([]);
  });

  test("a thread is begun and continued", async () => {
    await using mcp = await connectMcp(server.url, { revision, key: user });
    const call = (thread: unknown) => mcp.client.callTool({ name: "plain", arguments: { message: "Do it", thread } });
    const { content, _meta: { "caxton/thread": thread } = {} } = await call("new");
    expect(content).toMatchObject([{ text: "All done." }, { text: `thread: ${String(thread)}` }]);
    expect(await call(thread)).toMatchObject({ _meta: { "caxton/thread": thread } });
  });

  test("wrong arguments are results that say what is wrong, and an unknown tool is an error", async () => {
    await using mcp = await connectMcp(server.url, { revision, key: user });
    const wrong = await mcp.client.callTool({ name: "plain", arguments: { mesage: "Do it" } });
    expect(wrong).toMatchObject({ isError: true, _meta: { "caxton/error": "REQUEST_INVALID" } });
    expect(wrong.content).toMatchObject([{ text: expect.stringContaining("did you mean message?") }]);
    await expect(mcp.client.callTool({ name: "unknown", arguments: {} })).rejects.toMatchObject({
      code: -32_602,
      data: { code: "AGENT_NOT_FOUND" },
    });
  });
});

test("requests without valid credentials are refused", async () => {
  const response = await fetch(`${server.url}/mcp`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer cax_wrong" },
    body: "{}",
  });
  expect([response.status, await response.json()]).toMatchObject([401, { jsonrpc: "2.0", error: { code: -32_600 } }]);
  expect(response.headers.get("www-authenticate")).toContain("Bearer");
});

test("the result of an agent that hands off is the answer of the agent that it hands off to", async () => {
  const handOff = { toolCalls: [{ name: "handoff_plain", arguments: JSON.stringify({ reason: "knows more" }) }] };
  const files = { ...AGENTS, "examples/agents/first.toml": `${agent("first")}handoffs = ["plain"]\n` };
  await using pair = await WorkspaceServer.start({ files, script: [handOff, { text: "Said by the second." }] });
  await using mcp = await connectMcp(pair.url, { revision: REVISIONS[0], key: pair.admin });
  const result = await mcp.client.callTool({ name: "first", arguments: { message: "Do it" } });
  expect(result).toMatchObject({ content: [{ type: "text", text: "Said by the second." }] });
});
