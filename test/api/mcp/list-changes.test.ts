import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectMcp, REVISIONS } from "../../helpers/mcp.ts";
import { OpenIdProvider } from "../../helpers/openid-provider.ts";
import { startServer } from "../../helpers/server.ts";
import { WorkspaceServer } from "../../helpers/workspaces.ts";

const agent = (name: string) =>
  `name = "${name}"\nversion = "1.0.0"\ndescription = "Answers"\ncapabilities = ["answers"]\ntools = []\nsystem_prompt = "Answer."\n`;
const LISTS = ["prompts", "resources", "tools"];
const WAITING = { timeout: 20_000 };

let server: WorkspaceServer;
beforeAll(async () => {
  server = await WorkspaceServer.start({ settings: { "mcp.expose": ["calculator"] } });
  await server.createWorkspace("other");
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const deploy = (name: string, workspace = "default") =>
  server.ask(workspace, "POST", "/api/v1/agents", { source: agent(name) });
const remove = (name: string) => server.ask("default", "DELETE", `/api/v1/agents/${name}`);
const toolsOf = async (client: Client) => (await client.listTools()).tools.map(({ name }) => name);

/** A connected client, and the lists of which it is notified. */
async function follow(revision: (typeof REVISIONS)[number], role = "user") {
  const changed: string[] = [];
  const onChanged = (list: string) => ({ autoRefresh: false, onChanged: () => void changed.push(list) });
  const connected = await connectMcp(server.url, {
    revision,
    key: await server.createKey(role),
    options: {
      listChanged: { tools: onChanged("tools"), resources: onChanged("resources"), prompts: onChanged("prompts") },
    },
  });
  return { ...connected, changed };
}

describe.each(REVISIONS)("revision %s", (revision) => {
  test("a client is notified of agents that are deployed and deleted", async () => {
    const name = `new-${revision}`;
    await using mcp = await follow(revision);
    expect(mcp.client.getServerCapabilities()).toMatchObject({ tools: { listChanged: true } });
    // The stream opens after the connection.
    await expect
      .poll(async () => {
        if (mcp.changed.length === 0) await deploy(name);
        return [...new Set(mcp.changed)].toSorted();
      }, WAITING)
      .toEqual(LISTS);
    expect(await toolsOf(mcp.client)).toContain(name);
    mcp.changed.length = 0;
    await remove(name);
    await expect.poll(() => mcp.changed.toSorted(), WAITING).toEqual(LISTS);
    expect(await toolsOf(mcp.client)).not.toContain(name);
  });

  test("changes of another workspace notify no one, those of an exposed tool server change the tools", async () => {
    await using mcp = await follow(revision, "admin");
    await deploy(`first-${revision}`);
    await expect
      .poll(async () => {
        if (mcp.changed.length === 0) await deploy(`first-${revision}`);
        return mcp.changed.length;
      }, WAITING)
      .toBe(3);
    mcp.changed.length = 0;
    await deploy(`elsewhere-${revision}`, "other");
    await server.ask("default", "POST", "/api/v1/tool-servers/calculator/pause", {});
    await expect.poll(() => mcp.changed, WAITING).toEqual(["tools"]);
    await server.ask("default", "POST", "/api/v1/tool-servers/calculator/resume", {});
  });

  test("a client whose principal may not follow the server learns that it is not notified", async () => {
    const { body } = await server.request("POST", "/api/v1/keys", {
      key: server.admin,
      body: { name: "narrow", role: "user", only: { agents: ["greeter"] } },
    });
    const key = String(Reflect.get(Object(body), "key"));
    await using mcp = await connectMcp(server.url, { revision, key });
    expect(mcp.client.getServerCapabilities()).toMatchObject({ tools: { listChanged: false } });
    expect(await toolsOf(mcp.client)).toContain("greeter");
  });
});

test("a client of 2025 that connects again to its session reads all lists again", async () => {
  const key = await server.createKey("user");
  await using mcp = await connectMcp(server.url, { revision: "2025-11-25", key });
  const headers = {
    authorization: `Bearer ${key}`,
    accept: "text/event-stream",
    "mcp-session-id": mcp.transport.sessionId ?? "",
    "mcp-protocol-version": "2025-11-25",
  };
  const open = async (): Promise<string> => {
    const response = await fetch(`${server.url}/mcp`, { headers, signal: AbortSignal.timeout(20_000) });
    if (response.status !== 200) return `refused with ${response.status}`;
    let text = "";
    for await (const piece of response.body ?? []) {
      text += Buffer.from(piece).toString();
      if (LISTS.every((list) => text.includes(`notifications/${list}/list_changed`))) return "all";
    }
    return text;
  };
  // The client's own stream is the first; a session has one.
  await expect.poll(open, WAITING).toBe("refused with 409");
  await mcp.transport.close();
  await expect.poll(open, WAITING).toBe("all");
});

test("a client of 2025 is notified when the permissions of its principal change", async () => {
  await using provider = await OpenIdProvider.listen();
  const roles = { staff: "user", guests: "readonly" };
  const settings = {
    "access.mode": "required",
    "access.jwt": { office: { issuer: provider.url, audience: "caxton", roles } },
  };
  await using guarded = await startServer({ settings });
  await provider.serve(guarded.url);
  const sign = (group: string) => provider.sign({ sub: "ada", aud: "caxton", groups: [group] });
  let token = await sign("staff");
  let changes = 0;
  const client = new Client(
    { name: "test", version: "1.0.0" },
    {
      versionNegotiation: { mode: "legacy" },
      listChanged: { tools: { autoRefresh: false, onChanged: () => void (changes += 1) } },
    },
  );
  const authProvider = { token: async () => token };
  await using stack = new AsyncDisposableStack();
  stack.defer(() => client.close());
  await client.connect(new StreamableHTTPClientTransport(new URL(`${guarded.url}/mcp`), { authProvider }));
  expect(await toolsOf(client)).toContain("greeter");
  token = await sign("guests");
  await expect
    .poll(async () => {
      expect(await toolsOf(client)).not.toContain("greeter");
      return changes;
    }, WAITING)
    .toBe(1);
});
