import { describe, expect, test } from "vitest";
import { connectMcp, REVISIONS } from "../../helpers/mcp.ts";
import { startServer } from "../../helpers/server.ts";
import { CLERK, delegating } from "../delegating.ts";

describe.each(REVISIONS)("revision %s", (revision) => {
  test("what a delegate needs from the user is a form, and the answer continues it", async () => {
    await using server = await startServer({ ...delegating(CLERK), settings: { "mcp.approvals": "form" } });
    const asked: string[] = [];
    await using mcp = await connectMcp(server.url, {
      revision,
      options: { capabilities: { elicitation: { form: {} } } },
      prepare: (client) =>
        client.setRequestHandler("elicitation/create", ({ params: { message } }) => {
          asked.push(message);
          return { action: "accept", content: { answer: asked.length === 1 ? "The upper one" : "approve" } };
        }),
    });
    const result = await mcp.client.callTool({ name: "buyer", arguments: { message: "Buy." } });
    expect(asked).toEqual(["Which drawer?", expect.stringContaining("clerk asks to call calculator.evaluate")]);
    expect(result).toMatchObject({ content: [{ text: "Passed on." }], _meta: { "caxton/state": "completed" } });
  });

  test("a client that can ask nothing gets a text that says how a person answers the delegate", async () => {
    await using server = await startServer(delegating(CLERK));
    await using mcp = await connectMcp(server.url, { revision });
    const { content } = await mcp.client.callTool({ name: "buyer", arguments: { message: "Buy." } });
    const [first] = content;
    expect(first?.type === "text" && first.text).toMatch(/is awaiting-input.*`caxton run answer [0-9a-f-]{36}`/);
  });
});
