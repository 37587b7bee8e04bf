import { expect, test } from "vitest";
import { mint, ToolCallId } from "../kernel/ids.ts";
import { type ToolCall, failedCall } from "./call.ts";
import { NO_GRANTS, describeGrants } from "./grants.ts";
import { DEFAULT_LIMITS } from "./manifest.ts";
import type { ToolRunner } from "./tool-runner.ts";
import { ToolRunners } from "./tool-runners.ts";

const never = new AbortController().signal;

/** A runner of one server, which answers with the server's name. */
function runnerOf(name: string, ended: string[]): ToolRunner {
  const server = {
    name,
    interface: "wasi-stdio",
    isSandboxed: true,
    version: "1.0.0",
    description: "",
    state: "loaded",
    reason: "",
    tools: [],
    grants: describeGrants(NO_GRANTS),
    limits: DEFAULT_LIMITS,
    moduleHash: "",
    calls: { done: 0, failed: 0, denied: 0, fuel: 0, durationMs: 0 },
  } as const;
  return {
    servers: () => [server],
    call: () => Promise.resolve(failedCall("tool-error", `asked ${name}`)),
    logs: () => [{ atMs: 1, text: `log of ${name}` }],
    endSession: (session) => void ended.push(`${name} ${session}`),
  };
}

const callTo = (server: string): ToolCall => ({
  id: mint(ToolCallId),
  server,
  tool: "t",
  arguments: {},
  context: { session: "s", workspace: "default", agent: undefined, files: [] },
});

test("a call and a look at the log go to the runner that has the server", async () => {
  const runners = new ToolRunners([runnerOf("one", []), runnerOf("two", [])]);
  expect(runners.servers().map(({ name }) => name)).toEqual(["one", "two"]);
  expect(await runners.call(callTo("two"), never)).toMatchObject({ message: "asked two" });
  expect(runners.logs("one")).toEqual([{ atMs: 1, text: "log of one" }]);
});

test("a server that no runner has is unknown, and the answer names those there are", async () => {
  const runners = new ToolRunners([runnerOf("one", [])]);
  const result = await runners.call(callTo("three"), never);
  expect(result).toMatchObject({ type: "failed", reason: "unknown-tool" });
  expect(result).toMatchObject({ message: expect.stringContaining("one") });
  expect(runners.logs("three")).toEqual([]);
});

test("the end of a session is told to every runner", () => {
  const ended: string[] = [];
  new ToolRunners([runnerOf("one", ended), runnerOf("two", ended)]).endSession("s");
  expect(ended).toEqual(["one s", "two s"]);
});
