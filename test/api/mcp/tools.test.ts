import { afterAll, beforeAll, expect, test } from "vitest";
import { connectMcp, REVISIONS } from "../../helpers/mcp.ts";
import { WorkspaceServer } from "../../helpers/workspaces.ts";

let server: WorkspaceServer;
let user: string;
beforeAll(async () => {
  server = await WorkspaceServer.start({ settings: { "mcp.expose": ["memory", "calculator.evaluate"] } });
  user = await server.createKey("operator");
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

test.each(REVISIONS)("revision %s: memory has the names of the reference memory server", async (revision) => {
  await using mcp = await connectMcp(server.url, { revision, key: user });
  const entities = [{ name: `Berlin ${revision}`, entityType: "city", observations: ["is on the Spree"] }];
  const created = await mcp.client.callTool({ name: "create_entities", arguments: { entities } });
  expect(created.isError ?? false, JSON.stringify(created.content)).toBe(false);
  const found = await mcp.client.callTool({ name: "open_nodes", arguments: { names: [`Berlin ${revision}`] } });
  expect(found.structuredContent).toMatchObject({ entities: [{ name: `Berlin ${revision}` }] });
});

test.each(REVISIONS)("revision %s: only exposed tools are listed and called", async (revision) => {
  await using mcp = await connectMcp(server.url, { revision, key: user });
  const names = (await mcp.client.listTools()).tools.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(["greeter", "search_nodes", "calculator__evaluate", "wait_for_run"]));
  expect(names.filter((name) => name.includes("__") && !name.startsWith("memory__"))).toEqual(["calculator__evaluate"]);
  const result = await mcp.client.callTool({ name: "calculator__evaluate", arguments: { expression: "6*7" } });
  expect(JSON.stringify(result.content)).toContain("42");
  await expect(mcp.client.callTool({ name: "csv_parser__parse", arguments: { text: "a,b" } })).rejects.toMatchObject({
    code: -32_602,
    data: { code: "TOOL_NOT_FOUND" },
  });
});

test.each(REVISIONS)(
  "revision %s: a principal without permissions to run agents has no tools of agents",
  async (revision) => {
    await using mcp = await connectMcp(server.url, { revision, key: await server.createKey("readonly") });
    const names = (await mcp.client.listTools()).tools.map(({ name }) => name);
    expect(names).not.toContain("greeter");
    expect(names).not.toContain("calculator__evaluate");
    expect(await mcp.client.callTool({ name: "greeter", arguments: { message: "Hello" } })).toMatchObject({
      isError: true,
      _meta: { "caxton/error": "PERMISSION_DENIED" },
    });
  },
);

test("a session of one principal does not exist for another", async () => {
  await using mcp = await connectMcp(server.url, { revision: "2025-11-25", key: user });
  const send = (key: string) =>
    fetch(`${server.url}/mcp`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        authorization: `Bearer ${key}`,
        "mcp-session-id": mcp.transport.sessionId ?? "",
        "mcp-protocol-version": "2025-11-25",
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }),
    });
  const other = await server.createKey("operator");
  expect([(await send(user)).status, (await send(other)).status]).toEqual([200, 404]);
});

test.each([
  ["no JSON", "{", 400],
  ["no message", '{"a":1}', 400],
  ["an unknown session", '{"jsonrpc":"2.0","id":1,"method":"tools/list"}', 404],
  ["a batch of nothing", "[]", 400],
])("a request with %s is refused", async (_what, body, status) => {
  const response = await fetch(`${server.url}/mcp`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      authorization: `Bearer ${user}`,
      ...(status === 404 && { "mcp-session-id": "unknown" }),
    },
    body,
  });
  expect([response.status, await response.json()]).toMatchObject([status, { jsonrpc: "2.0", error: {} }]);
});
