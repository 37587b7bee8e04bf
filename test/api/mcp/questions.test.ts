import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as contract from "../../../src/api/contract/index.ts";
import { connectMcp, REVISIONS } from "../../helpers/mcp.ts";
import { WorkspaceServer } from "../../helpers/workspaces.ts";

const agent = (name: string, more = "") =>
  `name = "${name}"\nversion = "1.0.0"\ndescription = "Asks"\ncapabilities = ["asks"]\nsystem_prompt = "Ask."\n${more}`;
const ask = (given: object) => ({ toolCalls: [{ name: "user__ask_user", arguments: JSON.stringify(given) }] });

let server: WorkspaceServer;
let user: string;
beforeAll(async () => {
  server = await WorkspaceServer.start({
    files: {
      "examples/agents/painter.toml": agent("painter", 'tools = ["user"]\n'),
      "examples/agents/careful.toml": agent(
        "careful",
        'tools = ["calculator"]\n[permissions]\nask = ["calculator.*"]\n',
      ),
    },
    script: [
      { when: { userIncludes: "color" }, ...ask({ question: "Which color?", options: ["red", "blue"] }) },
      { when: { userIncludes: "color" }, text: "Painted." },
      {
        when: { userIncludes: "sum" },
        toolCalls: [{ name: "calculator__evaluate", arguments: { expression: "1+1" } }],
      },
      { when: { userIncludes: "sum" }, text: "Two." },
    ],
  });
  user = await server.createKey("user");
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

describe.each(REVISIONS)("revision %s", (revision) => {
  test("a question of the model is a form, and its answer continues the run", async () => {
    const asked: unknown[] = [];
    await using mcp = await connectMcp(server.url, {
      revision,
      key: user,
      options: { capabilities: { elicitation: { form: {} } } },
      prepare: (client) =>
        client.setRequestHandler("elicitation/create", ({ params }) => {
          asked.push(params);
          return { action: "accept", content: { answer: "blue" } };
        }),
    });
    const result = await mcp.client.callTool({ name: "painter", arguments: { message: "color" } });
    expect(asked).toMatchObject([
      { message: "Which color?", requestedSchema: { properties: { answer: { enum: ["red", "blue"] } } } },
    ]);
    expect(result).toMatchObject({ content: [{ text: "Painted." }], _meta: { "caxton/state": "completed" } });
  });

  test("progress increases across a question, and reports nothing twice", async () => {
    await using mcp = await connectMcp(server.url, {
      revision,
      key: user,
      options: { capabilities: { elicitation: { form: {} } } },
      prepare: (client) =>
        client.setRequestHandler("elicitation/create", () => ({ action: "accept", content: { answer: "red" } })),
    });
    const notices: { readonly progress: number; readonly message?: string | undefined }[] = [];
    await mcp.client.callTool(
      { name: "painter", arguments: { message: "color" } },
      { onprogress: ({ progress, message }) => notices.push({ progress, message }) },
    );
    // The client itself reports the rounds of 2026-07-28.
    const positions = notices.flatMap(({ progress, message = "" }) =>
      message.startsWith("Fulfilling") ? [] : progress,
    );
    expect(positions).toEqual(positions.toSorted((one, other) => one - other));
    expect(new Set(positions).size).toBe(positions.length);
    const asked = notices.filter(({ message = "" }) => message.endsWith("awaiting-input"));
    const turns = notices.filter(({ message = "" }) => message === "turn 1 of the model: running");
    expect([asked.length, turns.length]).toEqual([1, 1]);
  });

  test("a client that cannot ask learns what the run waits for, and waits for it later", async () => {
    await using mcp = await connectMcp(server.url, { revision, key: user });
    const { content, _meta: { "caxton/run": run, "caxton/state": state } = {} } = await mcp.client.callTool({
      name: "painter",
      arguments: { message: "color" },
    });
    expect([state, content]).toMatchObject(["awaiting-input", [{ text: expect.stringContaining("wait_for_run") }]]);
    expect(content).toMatchObject([{ text: expect.stringContaining(`\`caxton run answer ${String(run)}\``) }]);
    const { body } = await server.ask("default", "GET", `/api/v1/runs/${String(run)}`);
    const id = contract.runs.RunDetail.parse(body).questions[0]?.id ?? "";
    await server.ask("default", "POST", `/api/v1/runs/${String(run)}/inputs/${id}`, {
      action: "accept",
      content: "red",
    });
    const later = await mcp.client.callTool({ name: "wait_for_run", arguments: { run } });
    expect(later).toMatchObject({ content: [{ text: "Painted." }] });
  });

  test("a client that cannot show links learns the command that approves", async () => {
    await using mcp = await connectMcp(server.url, { revision, key: user });
    const { content, _meta: { "caxton/run": run, "caxton/state": state } = {} } = await mcp.client.callTool({
      name: "careful",
      arguments: { message: "sum" },
    });
    const { body } = await server.ask("default", "GET", `/api/v1/runs/${String(run)}`);
    const { id = "" } = contract.runs.RunDetail.parse(body).approvals[0] ?? {};
    expect([state, content]).toMatchObject([
      "awaiting-approval",
      [{ text: expect.stringContaining(`\`caxton approval approve ${id}\``) }],
    ]);
  });
});
