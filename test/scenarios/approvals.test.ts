import { expect, test } from "vitest";
import { scripted } from "../../src/models/vendors/index.ts";
import type { ModelRequest, LanguageModel } from "../../src/models/port/language-model.ts";
import type { RunStep } from "../../src/runs/record/index.ts";
import { NO_RULES, PERMIT_ALL, type Permissions, type RuleSet } from "../../src/agents/permissions/index.ts";
import { done, type Engine, engine, type EngineOptions, freshEngine } from "../helpers/engine.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies(
  "approval.rules",
  "approval.several",
  "approval.bound",
  "approval.expires",
  "approval.restart",
  "approval.changed-arguments",
  "tool.arguments-checked",
);

const call = (name: string, args: Record<string, string | number> = {}) => ({ name: `fake__${name}`, arguments: args });
const rules = (given: Partial<RuleSet>, more: Partial<Permissions> = {}): { permissions: Permissions } => ({
  permissions: { ...PERMIT_ALL, ...more, server: { ...NO_RULES, ...given } },
});
const ADMIN = { name: "ada", roles: ["admin"] };
const approve = { type: "approve", edit: undefined, note: "", remember: false } as const;
const deny = (note = "") => ({ type: "deny", note }) as const;

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
};
const results = (steps: readonly RunStep[]) =>
  steps.flatMap((step) =>
    step.kind === "tool" && "outcome" in step.end ? [`${step.end.outcome}: ${step.end.text}`] : [],
  );
const open = (made: Engine) =>
  made.index
    .list({ workspace: "default", state: "open", runId: undefined, before: undefined, limit: 100 })
    .toReversed();
const first = (made: Engine): string => open(made)[0]?.id ?? "none";
const isResting = (made: Engine, id: Parameters<Engine["runs"]["view"]>[0]) => () =>
  made.runs.view(id).resting && made.runs.load().executing === 0;
const echo = {
  name: "pay",
  run: ({ arguments: { text } }: { arguments: Record<string, unknown> }) => done(`paid ${String(text)}`),
};

/** A model that keeps what it was asked. */
function heard(model: LanguageModel): { readonly model: LanguageModel; readonly requests: ModelRequest[] } {
  const requests: ModelRequest[] = [];
  return {
    requests,
    model: {
      ...model,
      id: model.id,
      stream: (request, signal) => (requests.push(request), model.stream(request, signal)),
    },
  };
}

const asking = (options: Partial<EngineOptions> = {}) => ({
  model: scripted([{ toolCalls: [call("pay", { text: "5" })] }, { text: "finished" }]),
  tools: [echo],
  plan: rules({ ask: ["fake.pay"] }),
  ...options,
});

test("a call that a rule denies is not made; the model is informed and the run continues", async () => {
  await using made = freshEngine(asking({ plan: rules({ deny: ['fake.pay(text="5")'] }) }));
  const { outcome, view } = await made.run("go");
  expect(outcome.state).toBe("completed");
  expect(made.tools.calls).toEqual([]);
  expect(results(view.steps)[0]).toMatch(/^forbidden: the rule fake\.pay\(text="5"\) of this server forbids this call/);
});

test("a run that asks is suspended; approved, the call is made and the run continues to its end", async () => {
  await using made = freshEngine(asking());
  const { id, outcome } = await made.run("go");
  expect(outcome.state).toBe("awaiting-approval");
  expect(made.runs.load()).toEqual({ executing: 0, waiting: 0 });
  expect(made.journal.unfinished()).toEqual([]);
  expect(made.tools.calls).toEqual([]);
  expect(open(made)).toMatchObject([
    { runId: id, server: "fake", tool: "pay", arguments: { text: "5" }, rule: "fake.pay" },
  ]);
  await made.approvals.answer({ workspace: "default", id: first(made) }, approve, ADMIN);
  await until(() => made.journal.summary(id)?.state === "completed");
  expect(made.tools.calls).toHaveLength(1);
  // Being woken is no resumption after a stop of the server.
  expect(made.runs.view(id).attempt).toBe(1);
  expect(results(made.runs.view(id).steps)).toEqual(["done: paid 5"]);
});

test("refused with a reason, the call is not made and the model reads the reason", async () => {
  const { model, requests } = heard(scripted([{ toolCalls: [call("pay", { text: "5" })] }, { text: "finished" }]));
  await using made = freshEngine(asking({ model }));
  const { id } = await made.run("go");
  await made.approvals.answer({ workspace: "default", id: first(made) }, deny("too much"), ADMIN);
  await until(() => made.journal.summary(id)?.state === "completed");
  expect(made.tools.calls).toEqual([]);
  expect(JSON.stringify(requests.at(-1)?.messages)).toContain("too much");
});

test("arguments changed before the approval are checked, used, stored beside the first ones, and reported to the model", async () => {
  await using made = freshEngine(asking({ plan: rules({ ask: ["fake.pay"], deny: ['fake.pay(text="0")'] }) }));
  const { id } = await made.run("go");
  const approval = first(made);
  const edit = (given: Record<string, string | number>) =>
    made.approvals.answer({ workspace: "default", id: approval }, { ...approve, edit: given, note: "less" }, ADMIN);
  await expect(edit({ text: 3 })).rejects.toMatchObject({ code: "APPROVAL_EDIT_INVALID" });
  await expect(edit({ text: "0" })).rejects.toMatchObject({ code: "APPROVAL_EDIT_INVALID" });
  await edit({ text: "3" });
  await until(() => made.journal.summary(id)?.state === "completed");
  const view = made.runs.view(id);
  expect(made.tools.calls.map(({ arguments: given }) => given)).toEqual([{ text: "3" }]);
  expect(view.approvals).toMatchObject([{ arguments: { text: "5" }, editedArguments: { text: "3" }, note: "less" }]);
  expect(view.steps[1]).toMatchObject({ arguments: { text: "5" } });
  expect(results(view.steps)[0]).toMatch(/changed the arguments .*\{"text":"3"\}.*"less"[^]*paid 3$/);
});

test("calls of one turn that are allowed are made at once, several wait, and each continues on its own", async () => {
  await using made = freshEngine({
    model: scripted([
      { toolCalls: [call("pay", { text: "1" }), call("look"), call("pay", { text: "2" })] },
      { text: "finished" },
    ]),
    tools: [echo, { name: "look", run: () => done("seen") }],
    plan: rules({ ask: ["fake.pay"] }),
  });
  const { id, outcome } = await made.run("go");
  expect(outcome.state).toBe("awaiting-approval");
  expect(made.tools.calls.map(({ tool }) => tool)).toEqual(["look"]);
  const [one, two] = open(made);
  await made.approvals.answer({ workspace: "default", id: two?.id ?? "" }, approve, ADMIN);
  await until(isResting(made, id));
  expect(made.tools.calls.map(({ arguments: given }) => given)).toEqual([{}, { text: "2" }]);
  expect(made.runs.view(id).state).toBe("awaiting-approval");
  await made.approvals.answer({ workspace: "default", id: one?.id ?? "" }, deny(), ADMIN);
  await until(() => made.journal.summary(id)?.state === "completed");
  expect(results(made.runs.view(id).steps)).toMatchObject([
    expect.stringContaining("rejected"),
    "done: seen",
    "done: paid 2",
  ]);
});

// runs.approvals.P1
test("of two answers at the same moment the second hears who was first", async () => {
  await using made = freshEngine(asking());
  const { id } = await made.run("go");
  const approval = first(made);
  const both = await Promise.allSettled([
    made.approvals.answer({ workspace: "default", id: approval }, approve, ADMIN),
    made.approvals.answer({ workspace: "default", id: approval }, deny(), { name: "bob", roles: ["operator"] }),
  ]);
  expect(both.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  expect(both[1]).toMatchObject({
    reason: { code: "APPROVAL_CLOSED", message: expect.stringMatching(/was approved by ada \(admin\) at 20/) },
  });
  await until(() => made.journal.summary(id)?.state === "completed");
});

test("an approval of a run that was cancelled is refused and says so", async () => {
  await using made = freshEngine(asking());
  const { id } = await made.run("go");
  const approval = first(made);
  await made.runs.cancel(id, "not needed");
  expect(open(made)).toEqual([]);
  await expect(made.approvals.answer({ workspace: "default", id: approval }, approve, ADMIN)).rejects.toMatchObject({
    code: "APPROVAL_CLOSED",
    message: expect.stringContaining(`its run ${id} has ended`),
  });
});

test("who has not one of the roles may not answer", async () => {
  await using made = freshEngine(asking({ plan: rules({ ask: ["fake.pay"] }, { approvers: ["operator"] }) }));
  await made.run("go");
  await expect(
    made.approvals.answer({ workspace: "default", id: first(made) }, approve, { name: "u", roles: ["user"] }),
  ).rejects.toMatchObject({
    code: "APPROVER_NOT_ALLOWED",
  });
  await made.approvals.answer({ workspace: "default", id: first(made) }, approve, { name: "o", roles: ["operator"] });
});

test("a missing approval is a refused call, or the end of the run, as configured", async () => {
  for (const onExpiry of ["refuse", "fail"] as const) {
    await using made = freshEngine(asking({ plan: rules({ ask: ["fake.pay"] }, { expiresMs: 20, onExpiry }) }));
    made.approvals.watchExpiry();
    const { id } = await made.run("go");
    await until(() => made.journal.summary(id)?.endedAtMs !== null);
    const view = made.runs.view(id);
    expect(view.approvals).toMatchObject([{ state: "expired", by: null }]);
    expect(made.tools.calls).toEqual([]);
    expect([view.state, view.failure?.code]).toEqual(
      onExpiry === "fail" ? ["failed", "APPROVAL_EXPIRED"] : ["completed", undefined],
    );
  }
});

// runs.approvals.P3
test("what waits survives a restart, and is not begun by it; an answer after it makes the call", async () => {
  using directory = tempDirectory();
  let id;
  {
    await using before = engine({ ...asking(), directory: directory.path });
    ({ id } = await before.run("go"));
  }
  await using after = engine({ ...asking(), directory: directory.path });
  expect(after.runs.resumeUnfinished()).toBe(0);
  await after.approvals.answer({ workspace: "default", id: first(after) }, approve, ADMIN);
  await until(() => after.journal.summary(id)?.state === "completed");
  expect(after.tools.calls).toHaveLength(1);
});

// runs.approvals.P2
test("changed rules void an approval: it is evaluated again, and requested again with the reason", async () => {
  using directory = tempDirectory();
  {
    await using before = engine({ ...asking(), directory: directory.path });
    await before.run("go");
  }
  await using after = engine({ ...asking({ plan: rules({ ask: ["*"] }) }), directory: directory.path });
  const old = first(after);
  await expect(after.approvals.answer({ workspace: "default", id: old }, approve, ADMIN)).rejects.toMatchObject({
    code: "APPROVAL_VOID",
    message: expect.stringContaining("the permission rules changed"),
  });
  await until(() => open(after).length === 1);
  expect(open(after)).toMatchObject([{ rule: "*", reason: "the permission rules changed since it was asked for" }]);
  expect(first(after)).not.toBe(old);
  expect(after.tools.calls).toEqual([]);
});

test("rules that changed between approval and call apply again: an approval is valid only for what it was given to", async () => {
  using directory = tempDirectory();
  let id;
  {
    await using before = engine({ ...asking({ options: { pauseUntilResumed: true } }), directory: directory.path });
    ({ id } = await before.begin("go"));
    before.runs.resumeUnfinished();
    await until(isResting(before, id));
    // Taken while the server stops: on disk, and executed by the next start.
    const drained = before.runs.drain(0);
    await before.approvals.answer({ workspace: "default", id: first(before) }, approve, ADMIN);
    await drained;
    expect(before.tools.calls).toEqual([]);
  }
  await using after = engine({ ...asking({ plan: rules({ deny: ["fake.pay"] }) }), directory: directory.path });
  expect(after.runs.resumeUnfinished()).toBe(1);
  await until(() => after.journal.summary(id)?.state === "completed");
  expect(after.tools.calls).toEqual([]);
  expect(results(after.runs.view(id).steps)[0]).toMatch(/^forbidden/);
});

test("approved for the whole run, the same tool is not asked for again, another rule's calls are", async () => {
  await using made = freshEngine({
    model: scripted([
      { toolCalls: [call("pay", { text: "1" })] },
      { toolCalls: [call("pay", { text: "2" })] },
      { toolCalls: [call("pay", { text: "9" })] },
      { text: "finished" },
    ]),
    tools: [echo],
    plan: rules({ ask: ['fake.pay(text="9")', "fake.pay"] }),
  });
  const { id } = await made.run("go");
  await made.approvals.answer({ workspace: "default", id: first(made) }, { ...approve, remember: true }, ADMIN);
  await until(() => open(made).length === 1);
  expect(made.tools.calls.map(({ arguments: given }) => given)).toEqual([{ text: "1" }, { text: "2" }]);
  expect(open(made)).toMatchObject([{ rule: 'fake.pay(text="9")' }]);
  await made.approvals.answer({ workspace: "default", id: first(made) }, approve, ADMIN);
  await until(() => made.journal.summary(id)?.state === "completed");
});

test("a tool that says it is destructive is asked for where that is wanted", async () => {
  await using made = freshEngine(
    asking({ tools: [{ ...echo, destructive: true }], plan: rules({ askDestructive: true }) }),
  );
  expect((await made.run("go")).outcome.state).toBe("awaiting-approval");
  expect(open(made)).toMatchObject([{ rule: "ask_destructive" }]);
});

test("a call that does not fit the tool asks no person", async () => {
  await using made = freshEngine(
    asking({ model: scripted([{ toolCalls: [call("pay", { text: 5 })] }, { text: "sorry" }]) }),
  );
  const { outcome, view } = await made.run("go");
  expect(outcome.state).toBe("completed");
  expect(results(view.steps)[0]).toMatch(/^invalid-arguments/);
});

test("of several calls of a turn each is made once, when it is approved, also over restarts; those approved together in the model's order", async () => {
  using directory = tempDirectory();
  const asked = ["1", "2", "3"].map((text) => call("pay", { text }));
  const { model, requests } = heard(scripted([{ toolCalls: asked }, { text: "finished" }]));
  const permissions = rules({ ask: ["fake.pay"] });
  const options = { model, tools: [{ ...echo, idempotent: false }], directory: directory.path };
  const plan = { ...permissions, concurrentToolsMax: 1 };
  let runId: Awaited<ReturnType<Engine["run"]>>["id"];
  let waiting: readonly string[];
  {
    await using made = engine({ ...options, plan });
    const { id } = await made.run("go");
    runId = id;
    waiting = open(made).map((approval) => approval.id);
    await made.approvals.answer({ workspace: "default", id: waiting[1] ?? "" }, approve, ADMIN);
    await until(isResting(made, id));
    expect(made.tools.calls.map(({ arguments: given }) => given)).toEqual([{ text: "2" }]);
    expect(made.runs.view(id).state).toBe("awaiting-approval");
    expect(requests).toHaveLength(1);
  }
  await using again = engine({ ...options, plan, options: { pauseUntilResumed: true } });
  await again.approvals.answer({ workspace: "default", id: waiting[2] ?? "" }, approve, ADMIN);
  await again.approvals.answer({ workspace: "default", id: waiting[0] ?? "" }, approve, ADMIN);
  again.runs.resumeUnfinished();
  await until(() => again.journal.summary(runId)?.state === "completed");
  expect(again.tools.calls.map(({ arguments: given }) => given)).toEqual([{ text: "1" }, { text: "3" }]);
  expect(requests[1]?.messages.at(-1)).toMatchObject({
    results: [{ text: "paid 1" }, { text: "paid 2" }, { text: "paid 3" }],
  });
});
