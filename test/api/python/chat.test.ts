import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { ensurePythonClients, PYTHON_CLIENTS } from "../../../scripts/ensure-python-clients.ts";
import { verifies } from "../../helpers/verifies.ts";
import { WorkspaceServer } from "../../helpers/workspaces.ts";

verifies("api.openai");

test("the packages openai and litellm of Python use agents as models", async () => {
  ensurePythonClients();
  const script = [
    { when: { userIncludes: "color" }, toolCalls: [{ name: "lookup", arguments: { word: "ink" } }] },
    { when: { userIncludes: "color" }, text: "It is black." },
    { text: "It is black." },
  ];
  await using server = await WorkspaceServer.start({ script });
  const env = {
    PATH: process.env["PATH"] ?? "",
    PYTHONPATH: PYTHON_CLIENTS,
    BASE_URL: `${server.url}/v1`,
    API_KEY: await server.createKey("operator"),
    // It reads its table of prices from another server otherwise.
    LITELLM_LOCAL_MODEL_COST_MAP: "True",
  };
  const { stdout } = await promisify(execFile)("python3", [join(import.meta.dirname, "chat.py")], { env });
  expect(JSON.parse(stdout)).toEqual({
    models: expect.arrayContaining(["greeter"]),
    call: ["tool_calls", "lookup", { word: "ink" }],
    answer: "It is black.",
    stream: "It is black.",
    usage: true,
    responses: ["It is black.", "It is black."],
    retrieved: "It is black.",
    embedding: [192, 192],
    error: [404, "AGENT_NOT_FOUND"],
    litellm: "It is black.",
    litellm_stream: "It is black.",
  });
});
