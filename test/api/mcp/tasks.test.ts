import type { Client } from "@modelcontextprotocol/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { connectMcp } from "../../helpers/mcp.ts";
import { WorkspaceServer } from "../../helpers/workspaces.ts";

const agent = (name: string) =>
  `name = "${name}"\nversion = "1.0.0"\ndescription = "Works"\ncapabilities = ["works"]\ntools = ["user"]\nsystem_prompt = "Work."\n`;
const QUESTION = { question: "Which color?", options: ["red", "blue"] };
const EXTENSION = "io.modelcontextprotocol/tasks";
const WAITING = { timeout: 20_000 };

let server: WorkspaceServer;
let user: string;
beforeAll(async () => {
  server = await WorkspaceServer.start({
    files: { "examples/agents/worker.toml": agent("worker") },
    settings: { "mcp.expose": ["calculator"] },
    script: [
      { when: { userIncludes: "color" }, toolCalls: [{ name: "user__ask_user", arguments: JSON.stringify(QUESTION) }] },
      { when: { userIncludes: "color" }, text: "Painted." },
      { when: { userIncludes: "slow" }, text: "Late.", delayMs: 120_000 },
      { when: { userIncludes: "late" }, text: "Done late.", delayMs: 11_000 },
      { when: { userIncludes: "quick" }, text: "Done." },
    ],
  });
  user = await server.createKey("operator");
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const Task = z.looseObject({ taskId: z.string(), status: z.string(), createdAt: z.iso.datetime() });
const Result = z.looseObject({});
type Params = Record<string, unknown> & { readonly name?: string; readonly taskId?: string };
const callOf = (message: string) => ({ name: "worker", arguments: { message } });

const connect = (color?: string) =>
  connectMcp(server.url, {
    revision: "2025-11-25",
    key: user,
    options: { capabilities: color === undefined ? {} : { elicitation: { form: {} } } },
    prepare: (client) => {
      if (color !== undefined)
        client.setRequestHandler("elicitation/create", () => ({ action: "accept", content: { answer: color } }));
    },
  });
const begin = async (client: Client, message: string) => {
  const params = { ...callOf(message), task: { ttl: 60_000 } };
  const { task } = await client.request({ method: "tools/call", params }, z.looseObject({ task: Task }));
  return task;
};
const send = (client: Client, method: string, params: Record<string, unknown>) =>
  client.request({ method, params }, Result);
const statusOf = async (client: Client, taskId: string) => (await send(client, "tasks/get", { taskId }))["status"];

describe("tasks of 2025-11-25", () => {
  test("agents may run as tasks, other tools not", async () => {
    await using mcp = await connect();
    expect(mcp.client.getServerCapabilities()).toMatchObject({
      tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } },
    });
    const { tools } = await mcp.client.listTools();
    expect(tools.find(({ name }) => name === "worker")?.execution).toEqual({ taskSupport: "optional" });
    const params = { name: "calculator__evaluate", arguments: { expression: "6*7" }, task: {} };
    await expect(send(mcp.client, "tools/call", params)).rejects.toMatchObject({ code: -32_601 });
    const wrong = { name: "worker", arguments: { mesage: "quick" }, task: {} };
    await expect(send(mcp.client, "tools/call", wrong)).rejects.toMatchObject({ code: -32_602 });
  });

  test("a task is a run, whose result comes later", async () => {
    await using mcp = await connect();
    const task = await begin(mcp.client, "quick");
    expect(task).toMatchObject({ status: "working", ttl: null });
    const result = await send(mcp.client, "tasks/result", { taskId: task.taskId });
    expect(result).toMatchObject({
      content: [{ type: "text", text: "Done." }],
      _meta: { "io.modelcontextprotocol/related-task": { taskId: task.taskId }, "caxton/run": task.taskId },
    });
    expect(await statusOf(mcp.client, task.taskId)).toBe("completed");
    const { tasks } = await mcp.client.request(
      { method: "tasks/list", params: {} },
      z.object({ tasks: z.array(Task) }),
    );
    expect(tasks.map(({ taskId }) => taskId)).toContain(task.taskId);
    await expect(send(mcp.client, "tasks/cancel", { taskId: task.taskId })).rejects.toMatchObject({ code: -32_602 });
    await expect(send(mcp.client, "tasks/get", { taskId: "unknown" })).rejects.toMatchObject({ code: -32_602 });
  });

  test("a task that needs input asks the user for its result", async () => {
    await using mcp = await connect("red");
    const { taskId } = await begin(mcp.client, "color");
    await expect.poll(() => statusOf(mcp.client, taskId), WAITING).toBe("input_required");
    expect(await send(mcp.client, "tasks/result", { taskId })).toMatchObject({ content: [{ text: "Painted." }] });
  });

  test("a cancelled task cancels its run, and another principal has no such task", async () => {
    await using mcp = await connect();
    const { taskId } = await begin(mcp.client, "slow");
    await server.createWorkspace("other");
    await using stranger = await connectMcp(server.url, {
      revision: "2025-11-25",
      key: await server.createKey("operator", "other"),
    });
    await expect(send(stranger.client, "tasks/get", { taskId })).rejects.toMatchObject({ code: -32_602 });
    expect(await send(mcp.client, "tasks/cancel", { taskId })).toMatchObject({ taskId, status: "cancelled" });
    await expect.poll(() => statusOf(mcp.client, taskId), WAITING).toBe("cancelled");
  });
});

describe("the tasks extension of 2026-07-28", () => {
  const HEADERS = {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "mcp-protocol-version": "2026-07-28",
  };
  const Answer = z.looseObject({ result: Result.optional(), error: z.looseObject({ code: z.int() }).optional() });

  /** The library's client has no results of this extension: requests are sent as they are. */
  async function ask(method: string, params: Params, extensions: object = { [EXTENSION]: {} }) {
    const meta = {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientInfo": { name: "test", version: "1.0.0" },
      "io.modelcontextprotocol/clientCapabilities": { elicitation: { form: {} }, extensions },
    };
    const name = params.name ?? params.taskId;
    const response = await fetch(`${server.url}/mcp`, {
      method: "POST",
      headers: {
        ...HEADERS,
        authorization: `Bearer ${user}`,
        "mcp-method": method,
        ...(name !== undefined && { "mcp-name": name }),
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: { ...params, _meta: meta } }),
    });
    const text = await response.text();
    const messages = text.startsWith("{")
      ? [text]
      : text.split("\n").flatMap((line) => (line.startsWith("data: ") ? line.slice(6) : []));
    return Answer.parse(JSON.parse(messages.at(-1) ?? ""));
  }
  const get = async (taskId: string) => (await ask("tasks/get", { taskId })).result;

  test("clients learn of the extension", async () => {
    await using mcp = await connectMcp(server.url, { revision: "2026-07-28", key: user });
    expect(mcp.client.getServerCapabilities()).toMatchObject({ extensions: { [EXTENSION]: {} } });
    expect(mcp.client.getServerCapabilities()?.tasks).toBeUndefined();
  });

  test("a call that ends in time is a result, and one whose run rests a task", async () => {
    expect((await ask("tools/call", callOf("quick"))).result).toMatchObject({
      resultType: "complete",
      content: [{ text: "Done." }],
    });
    const { result: task } = await ask("tools/call", callOf("color"));
    expect(task).toMatchObject({ resultType: "task", status: "input_required", ttlMs: null, pollIntervalMs: 1_000 });
    expect(task).not.toHaveProperty("inputRequests");
    const { taskId } = Task.parse(task);
    const waiting = await get(taskId);
    expect(waiting).toMatchObject({ resultType: "complete", taskId, status: "input_required" });
    const [[key, request] = []] = Object.entries(z.record(z.string(), Result).parse(waiting?.["inputRequests"]));
    expect(request).toMatchObject({ method: "elicitation/create", params: { message: "Which color?" } });
    const given = (answer: string) => ({
      taskId,
      inputResponses: { [key ?? ""]: { action: "accept", content: { answer } } },
    });
    expect((await ask("tasks/update", given("green"))).error).toMatchObject({ code: -32_602 });
    expect((await ask("tasks/update", given("blue"))).result).toMatchObject({ resultType: "complete" });
    await expect.poll(async () => (await get(taskId))?.["status"], WAITING).toBe("completed");
    expect(await get(taskId)).toMatchObject({ result: { content: [{ text: "Painted." }] } });
  });

  test("a long call becomes a task, which can be cancelled", async () => {
    const [{ result: late }, { result: slow }] = await Promise.all([
      ask("tools/call", callOf("late")),
      ask("tools/call", callOf("slow")),
    ]);
    expect([late, slow]).toMatchObject([{ status: "working" }, { status: "working" }]);
    const { taskId } = Task.parse(slow);
    expect((await ask("tasks/cancel", { taskId })).result).toMatchObject({ resultType: "complete" });
    await expect.poll(async () => (await get(taskId))?.["status"], WAITING).toBe("cancelled");
    expect((await ask("tasks/cancel", { taskId })).error).toBeUndefined();
    await expect.poll(async () => (await get(Task.parse(late).taskId))?.["status"], WAITING).toBe("completed");
  });

  test("a client without the extension gets no task, and its methods name what is missing", async () => {
    expect((await ask("tools/call", callOf("color"), {})).result).toMatchObject({ resultType: "input_required" });
    for (const method of ["tasks/get", "tasks/update", "tasks/cancel"])
      expect((await ask(method, { taskId: "any", inputResponses: {} }, {})).error).toMatchObject({
        code: -32_021,
        data: { requiredCapabilities: { extensions: { [EXTENSION]: {} } } },
      });
    expect((await ask("tasks/get", { taskId: "unknown" })).error).toMatchObject({ code: -32_602 });
  });
});
