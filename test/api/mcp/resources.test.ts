import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectMcp, REVISIONS } from "../../helpers/mcp.ts";
import { verifies } from "../../helpers/verifies.ts";
import { WorkspaceServer } from "../../helpers/workspaces.ts";

verifies("api.mcp-server");

let server: WorkspaceServer;
let user: string;
beforeAll(async () => {
  const clerk = { description: "Runs agents", permissions: ["agents:read", "runs:read", "runs:execute"] };
  server = await WorkspaceServer.start({ settings: { "access.roles": { clerk } } });
  user = await server.createKey("user");
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
});

const CHART = "Chart the mean body mass per species in examples/data/penguins.csv";
type Content = { readonly [key in "type" | "uri" | "text" | "mimeType"]?: string | undefined };

describe.each(REVISIONS)("revision %s", (revision) => {
  test("what a run has created is read by the link in its result, as are the run, its thread and its agent", async () => {
    await using mcp = await connectMcp(server.url, { revision, key: user });
    const read = async (uri: string): Promise<Content | undefined> =>
      (await mcp.client.readResource({ uri })).contents[0];
    const result = await mcp.client.callTool({ name: "data-analyzer", arguments: { message: CHART, thread: "new" } });
    const link = Array.from(result.content, (each): Content => each).find(({ type }) => type === "resource_link");
    expect(await read(link?.uri ?? "")).toMatchObject({
      uri: link?.uri,
      mimeType: "image/svg+xml",
      text: expect.stringContaining("<svg"),
    });
    const { _meta: { "caxton/run": run, "caxton/thread": thread } = {} } = result;
    const detail = await read(`caxton://runs/${String(run)}`);
    expect(JSON.parse(detail?.text ?? "")).toMatchObject({ id: run, agent: "data-analyzer", state: "completed" });
    expect(await read(`caxton://threads/${String(thread)}`)).toMatchObject({
      mimeType: "text/markdown",
      text: expect.stringContaining(CHART),
    });
    const agent = await read("caxton://agents/data-analyzer");
    expect(JSON.parse(agent?.text ?? "")).toMatchObject({ name: "data-analyzer" });

    const { resources } = await mcp.client.listResources();
    expect(resources.map(({ uri }) => uri)).toEqual(
      expect.arrayContaining([
        "caxton://agents/data-analyzer",
        `caxton://runs/${String(run)}`,
        `caxton://threads/${String(thread)}`,
      ]),
    );
    const { resourceTemplates } = await mcp.client.listResourceTemplates();
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual([
      "caxton://agents/{name}",
      "caxton://runs/{id}",
      "caxton://threads/{id}",
      "caxton://artifacts/{id}",
    ]);
  });

  test("a resource that is not there, or is another workspace's, is an error with its address", async () => {
    await server.createWorkspace(`other-${revision}`);
    const key = await server.createKey("user", `other-${revision}`);
    await using mcp = await connectMcp(server.url, { revision, key: user });
    await using other = await connectMcp(server.url, { revision, key });
    const { _meta: meta } = await mcp.client.callTool({ name: "greeter", arguments: { message: "hello" } });
    const code = -32_602;
    const uri = `caxton://runs/${String(meta?.["caxton/run"])}`;
    await expect(other.client.readResource({ uri })).rejects.toMatchObject({
      code,
      data: { code: "RUN_NOT_FOUND", uri },
    });
    for (const unknown of ["caxton://agents/unknown", "caxton://other/1", "file:///etc/passwd", "caxton://runs/%zz"])
      await expect(mcp.client.readResource({ uri: unknown })).rejects.toMatchObject({ code, data: { uri: unknown } });
    expect((await other.client.listResources()).resources).toEqual([]);
  });

  test("a key that reads no content neither lists nor reads what has some", async () => {
    const reader = await server.createKey("clerk");
    await using mcp = await connectMcp(server.url, { revision, key: reader });
    const { resources } = await mcp.client.listResources();
    expect(resources.some(({ uri }) => uri === "caxton://agents/greeter")).toBe(true);
    expect(resources.some(({ uri }) => uri.startsWith("caxton://threads/"))).toBe(false);
  });
});
