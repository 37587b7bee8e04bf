import { HttpAgent, type Interrupt } from "@ag-ui/client";
import { expect, test } from "vitest";
import { CLERK, delegating } from "../delegating.ts";
import { startServer } from "../../helpers/server.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("api.ag-ui");

test("what a delegate needs from the user is an interrupt, and the response continues it", async () => {
  await using server = await startServer(delegating(CLERK));
  const application = (threadId?: string) =>
    new HttpAgent({ url: `${server.url}/ag-ui/buyer`, ...(threadId && { threadId }) });
  const agent = application();
  const run = async (given: Parameters<HttpAgent["runAgent"]>[0] = {}, of = agent) => {
    let interrupts: readonly Interrupt[] = [];
    await of.runAgent(given, {
      onRunFinishedEvent: (finished) => {
        if (finished.outcome === "interrupt") interrupts = finished.interrupts;
      },
    });
    return interrupts;
  };
  const answer = ({ id }: Pick<Interrupt, "id"> = { id: "" }, payload: unknown) =>
    run({ resume: [{ interruptId: id, status: "resolved", payload }] });
  agent.addMessage({ id: "1", role: "user", content: "Buy." });
  const [question] = await run();
  expect(question).toMatchObject({ reason: "question", message: "clerk: Which drawer?" });
  expect(question).not.toHaveProperty("toolCallId");
  // An application that starts again is asked too.
  expect(await run({}, application(agent.threadId))).toEqual([question]);
  const [approval] = await answer(question, { answer: "The upper one" });
  expect(approval).toMatchObject({ reason: "tool_approval", message: expect.stringContaining("clerk asks to call") });
  expect(await answer(approval, { approved: true })).toEqual([]);
  expect(agent.messages.at(-1)).toMatchObject({ role: "assistant", content: "Passed on." });
});
