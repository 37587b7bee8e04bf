import { afterAll, beforeAll, expect, test, vi } from "vitest";
import * as contract from "../../../src/api/contract/index.ts";
import { type Connected, connectMcp, REVISIONS } from "../../helpers/mcp.ts";
import { WorkspaceServer } from "../../helpers/workspaces.ts";

const LONG_MS = 120_000;

let server: WorkspaceServer;
let user: string;
beforeAll(async () => {
  server = await WorkspaceServer.start({
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
