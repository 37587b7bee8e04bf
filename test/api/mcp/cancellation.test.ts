import { afterAll, beforeAll, expect, test, vi } from "vitest";
import * as contract from "../../../src/api/contract/index.ts";
import { type Connected, connectMcp, REVISIONS } from "../../helpers/mcp.ts";
import { WorkspaceServer } from "../../helpers/workspaces.ts";
import { Endpoint, modernHandler } from "../../tools/remote/room.ts";
import { newState, testServer } from "../../tools/remote/test-server.ts";

const LONG_MS = 120_000;

const remote = newState();
let endpoint: Endpoint;
let server: WorkspaceServer;
let user: string;
beforeAll(async () => {
  endpoint = await Endpoint.start(modernHandler(testServer(remote)).listener);
  server = await WorkspaceServer.start({
    settings: { "mcp.expose": ["remote"], "mcp_servers.remote": { url: endpoint.url } },
    files: {
      "examples/agents/plain.toml": `name = "plain"\nversion = "1.0.0"\ncapabilities = ["answers"]\ntools = []\nsystem_prompt = "Answer."\n`,
    },
    script: [
      { when: { userIncludes: "long" }, text: "Too late.", delayMs: LONG_MS },
      { when: { userIncludes: "short" }, text: "Done.", delayMs: 1_000 },
    ],
  });
  user = await server.createKey("user");
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await endpoint[Symbol.asyncDispose]();
});

/** Begins a call and waits until its run works. */
async function begin({ client }: Connected, message: string) {
  const controller = new AbortController();
  let run = "";
  const result = client
    .callTool(
      { name: "plain", arguments: { message } },
      {
        signal: controller.signal,
        onprogress: (notice) => (run = /^run (\S+): running/.exec(notice.message ?? "")?.[1] ?? run),
      },
    )
    .then(
      () => "answered",
      () => "failed",
    );
  await vi.waitFor(() => expect(run).not.toBe(""), { timeout: 20_000 });
  return { run, result, cancel: () => controller.abort() };
}

async function stateOf(run: string): Promise<string> {
  const { body } = await server.ask("default", "GET", `/api/v1/runs/${run}`);
  return contract.runs.RunSummary.parse(body).state;
}
const WAITING = { timeout: 20_000 };

test.each(REVISIONS)("revision %s: a cancelled call cancels its run", async (revision) => {
  await using mcp = await connectMcp(server.url, { revision, key: user });
  const { run, result, cancel } = await begin(mcp, "long");
  cancel();
  expect(await result).toBe("failed");
  await expect.poll(() => stateOf(run), WAITING).toBe("cancelled");
});

test("revision 2026-07-28: a client that closes the stream cancels the run", async () => {
  await using mcp = await connectMcp(server.url, { revision: "2026-07-28", key: user });
  const { run } = await begin(mcp, "long");
  await mcp.transport.close();
  await expect.poll(() => stateOf(run), WAITING).toBe("cancelled");
});

test("revision 2025-11-25: a client that disconnects does not cancel the run", async () => {
  await using mcp = await connectMcp(server.url, { revision: "2025-11-25", key: user });
  const { run } = await begin(mcp, "short");
  await mcp.transport.close();
  await expect.poll(() => stateOf(run), WAITING).toBe("completed");
});

test("revision 2025-11-25: a session that ends does not cancel the run", async () => {
  await using mcp = await connectMcp(server.url, { revision: "2025-11-25", key: user });
  const { run } = await begin(mcp, "short");
  await mcp.transport.terminateSession();
  await expect.poll(() => stateOf(run), WAITING).toBe("completed");
});

test.each(REVISIONS)("revision %s: the progress of an exposed tool is passed on as it reports it", async (revision) => {
  await using mcp = await connectMcp(server.url, { revision, key: await server.createKey("operator") });
  const reports: unknown[] = [];
  await mcp.client.callTool(
    { name: "remote__slow", arguments: { steps: 3, stepMs: 50 } },
    { onprogress: (report) => reports.push(report) },
  );
  expect(reports).toEqual([1, 2, 3].map((progress) => ({ progress, total: 3, message: `step ${progress}` })));
});

test.each(REVISIONS)(
  "revision %s: a cancelled call of an exposed tool is cancelled at its server",
  async (revision) => {
    await using mcp = await connectMcp(server.url, { revision, key: await server.createKey("operator") });
    remote.calls.length = 0;
    remote.cancelled.length = 0;
    const controller = new AbortController();
    const call = mcp.client.callTool({ name: "remote__hold", arguments: {} }, { signal: controller.signal });
    const ended = call.then(
      () => "answered",
      () => "failed",
    );
    await expect.poll(() => remote.calls, WAITING).toEqual(["hold"]);
    controller.abort();
    expect(await ended).toBe("failed");
    await expect.poll(() => remote.cancelled, WAITING).toEqual(["hold"]);
  },
);
