import { expect, test } from "vitest";
import { scripted } from "../../src/models/vendors/index.ts";
import type { RunStep } from "../../src/runs/record/index.ts";
import { NO_RULES, PERMIT_ALL } from "../../src/agents/permissions/index.ts";
import { failedCall, type ToolCall } from "../../src/tools/catalogue/index.ts";
import { done, type Engine, engine, type EngineOptions, type FakeTool, freshEngine } from "../helpers/engine.ts";
import { ManualClock } from "../helpers/manual-clock.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("conversation.agents");

const call = (name: string, text: string) => ({ name: `fake__${name}`, arguments: { text } });
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
};
const results = (steps: readonly RunStep[]) =>
  steps.flatMap((step) =>
    step.kind === "tool" && "outcome" in step.end ? [`${step.end.outcome}: ${step.end.text}`] : [],
  );
const isResting = (made: Engine, id: Parameters<Engine["runs"]["view"]>[0]) => () =>
  made.runs.view(id).resting && made.runs.load().executing === 0;
const ended = (made: Engine, id: Parameters<Engine["runs"]["view"]>[0]) => () =>
  made.journal.summary(id)?.endedAtMs !== null;

/** A tool that asks another agent: what it sent, and the result of the sending. */
function askTool(sent: string[], refuse: (text: string) => string | undefined = () => undefined): FakeTool {
  return {
    name: "ask",
    run: async ({ arguments: given, context }: ToolCall) => {
      const text = typeof given["text"] === "string" ? given["text"] : "";
      const wait = {
        conversationId: "talk",
        replyWith: `re-${text}`,
        deadlineMs: 90_000_000,
        to: "translator",
      };
      const send = async () => {
        const why = refuse(text);
        if (why === undefined) sent.push(text);
        return why === undefined ? undefined : failedCall("tool-error", why);
      };
      return (await context.awaitReply?.(wait, send)) ?? failedCall("tool-error", "nothing can wait here");
    },
  };
}
const answer = (text: string, outcome: "answered" | "failed" = "answered") => ({
  outcome,
  messageId: "0190b1c2-0000-7000-8000-000000000000",
  from: "translator",
  text,
  structured: null,
});
const asking = (sent: string[], options: Partial<EngineOptions> = {}) => ({
  model: scripted([{ toolCalls: [call("ask", "one")] }, { text: "finished" }]),
  tools: [askTool(sent)],
  clock: new ManualClock(),
  ...options,
});

// runs.Q5
test("a run that asked another agent is suspended, holds no resources, and continues with the reply as the call's result", async () => {
  const sent: string[] = [];
  await using made = freshEngine(asking(sent));
  const { id, ended: over } = await made.begin("go");
  await until(isResting(made, id));
  expect(made.journal.summary(id)).toMatchObject({ state: "awaiting-reply", resting: true, endedAtMs: null });
  expect(made.runs.load()).toEqual({ executing: 0, waiting: 0 });
  expect(made.journal.unfinished()).toEqual([]);
  expect(made.replyIndex.find("re-one")).toMatchObject({ runId: id, conversationId: "talk", state: "open" });
  expect(made.replyIndex.openIn({ workspace: "default", agent: "tester", conversationId: "talk" })).toHaveLength(1);
  expect(await made.replies.give("re-one", answer("eins"))).toBe("given");
  expect(await over).toEqual({ state: "completed" });
  expect(results(made.runs.view(id).steps)).toEqual(["done: eins"]);
  expect(made.runs.view(id).replies).toMatchObject([{ state: "answered", from: "translator" }]);
  expect(sent).toEqual(["one"]);
});

test("a failure of the other agent is a failed call", async () => {
  await using made = freshEngine(asking([]));
  const { id } = await made.begin("go");
  await until(isResting(made, id));
  await made.replies.give("re-one", answer("translator has failed: no dictionary", "failed"));
  await until(ended(made, id));
  expect(made.runs.view(id)).toMatchObject({ state: "completed", endNotices: [{ code: "tools_failed" }] });
  expect(results(made.runs.view(id).steps)).toEqual(["tool-error: translator has failed: no dictionary"]);
});

// runs.pending-replies.Y1
test("of two replies to one call only the first counts, and one to a run that has ended comes late", async () => {
  await using made = freshEngine(asking([]));
  const { id } = await made.begin("go");
  await until(isResting(made, id));
  const both = await Promise.all([made.replies.give("re-one", answer("1")), made.replies.give("re-one", answer("2"))]);
  expect(both).toEqual(["given", "late"]);
  await until(ended(made, id));
  expect(await made.replies.give("re-one", answer("3"))).toBe("late");
  expect(await made.replies.give("re-nothing", answer("4"))).toBe("late");
  expect(results(made.runs.view(id).steps)).toEqual(["done: 1"]);
});

test("calls of one turn wait together, beside one that waits for a person; the model continues when all have arrived", async () => {
  const sent: string[] = [];
  await using made = freshEngine(
    asking(sent, {
      model: scripted([
        { toolCalls: [call("ask", "one"), call("pay", "5"), call("ask", "two")] },
        { text: "finished" },
      ]),
      tools: [askTool(sent), { name: "pay", run: () => done("paid") }],
      plan: { permissions: { ...PERMIT_ALL, server: { ...NO_RULES, ask: ["fake.pay"] } } },
    }),
  );
  const { id } = await made.begin("go");
  await until(isResting(made, id));
  expect(made.runs.view(id).state).toBe("awaiting-approval");
  await made.replies.give("re-two", answer("zwei"));
  await until(isResting(made, id));
  expect(results(made.runs.view(id).steps)).toEqual(["done: zwei"]);
  const [approval] = made.index.list({ workspace: "default", state: "open", runId: id, before: undefined, limit: 9 });
  const approve = { type: "approve", edit: undefined, note: "", remember: false } as const;
  await made.approvals.answer({ workspace: "default", id: approval?.id ?? "" }, approve, {
    name: "ada",
    roles: ["admin"],
  });
  await until(() => made.runs.view(id).state === "awaiting-reply" && isResting(made, id)());
  await made.replies.give("re-one", answer("eins"));
  await until(ended(made, id));
  expect(results(made.runs.view(id).steps)).toEqual(["done: eins", "done: paid", "done: zwei"]);
  expect(made.runs.view(id).steps.filter(({ kind }) => kind === "model")).toHaveLength(2);
});

test("a message that cannot be sent is a failed call, and the run does not wait", async () => {
  await using made = freshEngine(asking([], { tools: [askTool([], () => "there is no agent translator")] }));
  const { view } = await made.run("go");
  expect(results(view.steps)).toEqual(["tool-error: there is no agent translator"]);
  expect(view.replies).toMatchObject([{ state: "cancelled" }]);
  expect(made.replyIndex.nextExpiryMs()).toBeUndefined();
});

// runs.pending-replies.Y2
test("without a reply the call fails at its deadline, also if that passed while no server ran", async () => {
  using directory = tempDirectory();
  const clock = new ManualClock();
  let id;
  {
    await using before = engine({ ...asking([], { clock }), directory: directory.path });
    ({ id } = await before.begin("go"));
    await until(isResting(before, id));
  }
  await clock.advance(100_000_000);
  const sent: string[] = [];
  await using after = engine({ ...asking(sent, { clock }), directory: directory.path });
  expect(after.runs.resumeUnfinished()).toBe(0);
  after.replies.watchExpiry();
  await until(ended(after, id));
  expect(results(after.runs.view(id).steps)[0]).toMatch(/^deadline: translator has not answered within \d+ minutes/);
  expect(sent).toEqual([]);
});

test("a wait is over when its run is cancelled", async () => {
  await using made = freshEngine(asking([]));
  const { id } = await made.begin("go");
  await until(isResting(made, id));
  await made.runs.cancel(id, "not needed");
  expect(made.runs.view(id).replies).toMatchObject([{ state: "cancelled" }]);
  expect(await made.replies.give("re-one", answer("eins"))).toBe("late");
});

test("a reply that is too long for a model is kept whole as an artifact", async () => {
  await using made = freshEngine(asking([]));
  const { id } = await made.begin("go");
  await until(isResting(made, id));
  await made.replies.give("re-one", answer("x".repeat(200_000)));
  await until(ended(made, id));
  expect(results(made.runs.view(id).steps)[0]?.length).toBeLessThan(20_000);
  expect(made.artifacts.ofRun(id)).toMatchObject([{ bytes: 200_000 }]);
});
