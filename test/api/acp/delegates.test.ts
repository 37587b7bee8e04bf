import { expect, test } from "vitest";
import { CLERK, delegating } from "../delegating.ts";
import { startServer } from "../../helpers/server.ts";
import { verifies } from "../../helpers/verifies.ts";
import { startEditor } from "./editor.ts";

verifies("api.acp");

test("what a delegate needs from the user is asked in the editor during the turn", async () => {
  await using server = await startServer(delegating(CLERK));
  const messages: string[] = [];
  await using editor = await startEditor({
    server: server.url,
    directory: server.directory,
    args: ["--agent", "buyer"],
    capabilities: { elicitation: { form: {} } },
    fill: async ({ message }) => (messages.push(message), { action: "accept", content: { answer: "The upper one" } }),
    permit: async () => "allow",
  });
  const session = await editor.open();
  expect(await editor.prompt(session, "Buy.")).toEqual({ stopReason: "end_turn" });
  expect(messages).toEqual(["Which drawer?"]);
  expect(editor.asked).toMatchObject([{ sessionId: session, toolCall: { title: "calculator.evaluate" } }]);
  expect(editor.said()).toBe("Passed on.");
});
