import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { ensurePythonClients, PYTHON_CLIENTS } from "../../../scripts/ensure-python-clients.ts";
import { verifies } from "../../helpers/verifies.ts";
import { WorkspaceServer } from "../../helpers/workspaces.ts";
import { startReceiver } from "../../webhooks/receiver.ts";

verifies("api.a2a");

test("the package a2a-sdk of Python verifies a card, and uses its agent over each binding", async () => {
  ensurePythonClients();
  await using receiver = await startReceiver();
  await using server = await WorkspaceServer.start({
    script: [{ text: "hello from the agent" }],
    settings: { "webhooks.private_origins": [receiver.origin] },
  });
  const env = {
    PATH: process.env["PATH"] ?? "",
    PYTHONPATH: PYTHON_CLIENTS,
    BASE_URL: server.url,
    API_KEY: await server.createKey("user"),
    RECEIVER: receiver.url,
  };
  const { stdout } = await promisify(execFile)("python3", [join(import.meta.dirname, "agent2agent.py")], { env });
  const used = ["TASK_STATE_COMPLETED", "hello from the agent", true, true, true, ["python"], ["python"]];
  expect(JSON.parse(stdout)).toEqual({ name: "greeter", JSONRPC: used, "HTTP+JSON": used, GRPC: used });
  const tokens = () => new Set(receiver.received.map(({ headers }) => headers["x-a2a-notification-token"]));
  for (const binding of ["JSONRPC", "HTTP+JSON", "GRPC"]) await expect.poll(tokens).toContain(binding);
});
