import { expect, test } from "vitest";
import { scripted, type ScriptedTurnInput } from "../../src/models/vendors/index.ts";
import type { Limit } from "../../src/agents/budgets/index.ts";
import type { RunId } from "../../src/kernel/ids.ts";
import { isTerminal } from "../../src/runs/index.ts";
import { type LanguageModel, type ModelRequest } from "../../src/models/port/language-model.ts";
import { done, engine, type EngineOptions, freshEngine } from "../helpers/engine.ts";
import { ManualClock } from "../helpers/manual-clock.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("budget.refusal", "budget.kinds", "budget.per-day", "model.accounting");

const call = (name: string) => ({ name: `fake__${name}`, arguments: { text: name } });
const limit = (max: number, key: string, per: Limit["per"] = "run"): Limit => ({ max, key, file: "tester.toml", per });
const usage = (inputTokens: number, outputTokens: number) => ({ usage: { inputTokens, outputTokens } });

/** One dollar for a million tokens in, ten for a million out. */
const PRICES = { models: { "paid/*": { input: 1, output: 10 } } };
const paid = (turns: readonly ScriptedTurnInput[]) => scripted(turns, { id: "paid/model" });

/** Remembers what the model was asked. */
function spied(model: LanguageModel): { readonly model: LanguageModel; readonly asked: ModelRequest[] } {
  const asked: ModelRequest[] = [];
  return {
    asked,
    model: {
      ...model,
      id: model.id,
      stream: (request, signal) => {
        asked.push(request);
        return model.stream(request, signal);
      },
    },
  };
}

const withRunLimits = (run: NonNullable<NonNullable<EngineOptions["plan"]>["budget"]>["run"]) => ({
  plan: { budget: { run, agent: {} } },
  budgets: { prices: PRICES },
});

const unpriced = () => scripted([{ text: "hello", ...usage(10, 5) }], { id: "new/model" });
const asksForThree = () =>
  paid([{ toolCalls: [call("look"), call("look"), call("look")], ...usage(10, 5) }, { text: "done" }]);

test("a turn is charged by the provider's usage, at the price of its model, to its run and to its day", async () => {
  await using made = freshEngine({
    model: paid([
      { toolCalls: [call("look")], ...usage(1_000, 50) },
      { text: "done", ...usage(1_200, 30) },
    ]),
    tools: [{ name: "look", run: () => done("seen") }],
    budgets: { prices: PRICES },
  });
  const { id, view } = await made.run("go");
  const cost = { price: "paid/*", estimated: false };
  expect(view.steps[0]).toMatchObject({ end: { cost: { ...cost, usdMicros: 1_500, inputTokens: 1_000 } } });
  expect(view.steps[2]).toMatchObject({ end: { cost: { ...cost, usdMicros: 1_500, outputTokens: 30 } } });
  const spent = { tokens: 2_280, usd: 3_000, tool_calls: 1, fuel: 10 };
  expect(made.journal.summary(id)).toMatchObject({ spent, unpricedCalls: 0, estimatedCalls: 0 });
  const day = made.accounts.budgets.today();
  expect(made.spend.total({ day, workspace: "default", agent: "tester" })).toMatchObject(spent);
  expect(made.accounts.budgets.level({ type: "day" })).toMatchObject({
    used: made.spend.total({ day }),
    reserved: { tokens: 0, usd: 0, tool_calls: 0, seconds: 0, fuel: 0 },
  });
  expect(made.spend.usage({ workspace: "default", by: "model", from: day, to: day, limit: 10 })).toMatchObject([
    { name: "paid/model", modelCalls: 2, inputTokens: 2_200, outputTokens: 80, usdMicros: 3_000 },
  ]);
});

test("a run whose next call may need more than is left ends before it, and says which budget, where and how much", async () => {
  await using made = freshEngine({
    model: paid([{ toolCalls: [call("look")], ...usage(400_000, 10_000) }, { text: "never" }]),
    tools: [{ name: "look", run: () => done("seen") }],
    ...withRunLimits({ usd: limit(500_000, "budget.usd") }),
  });
  const { view } = await made.run("go");
  expect(view.failure).toEqual({
    code: "BUDGET_EXCEEDED",
    message: expect.stringMatching(
      /^budget\.usd of agent tester: 0\.50 of 0\.50 USD used; the next call may need 0\.4/,
    ),
    hint: "Raise budget.usd in tester.toml.",
  });
  expect(view.steps.map(({ kind }) => kind)).toEqual(["model", "tool"]);
});

test("where a whole answer does not fit, the model is asked for a shorter one, and the step says so", async () => {
  const { model, asked } = spied(paid([{ text: "short", ...usage(20, 5) }]));
  await using made = freshEngine({ model, ...withRunLimits({ tokens: limit(1_000, "budget.tokens") }) });
  const { view } = await made.run("go");
  expect(view.state).toBe("completed");
  const outputTokensMax = asked[0]?.settings.outputTokensMax ?? 0;
  expect(outputTokensMax).toBeGreaterThan(900);
  expect(outputTokensMax).toBeLessThan(1_000);
  expect(view.steps[0]).toMatchObject({
    end: { limited: { outputTokensMax, key: "budget.tokens", file: "tester.toml" } },
  });
});

test("an answer that a budget cut fails the run by that budget and not by max_tokens", async () => {
  await using made = freshEngine({
    model: paid([{ text: "cut", finish: "length", ...usage(20, 900) }]),
    ...withRunLimits({ tokens: limit(1_000, "budget.tokens") }),
  });
  const { view } = await made.run("go");
  expect(view.failure).toMatchObject({ code: "BUDGET_EXCEEDED", hint: expect.stringContaining("budget.tokens") });
});

test("calls of tools beyond their number are not made, none of that turn", async () => {
  await using made = freshEngine({
    model: paid([{ toolCalls: [call("look")] }, { toolCalls: [call("look"), call("look")] }, { text: "never" }]),
    tools: [{ name: "look", run: () => done("seen") }],
    ...withRunLimits({ tool_calls: limit(2, "budget.tool_calls") }),
  });
  const { view } = await made.run("go");
  expect(view.failure?.message).toBe(
    "budget.tool_calls of agent tester: 1 of 2 tool calls used; the next call may need 2",
  );
  expect(made.tools.calls).toHaveLength(1);
});

test("a model without a known price does not run where USD are limited, unless that is allowed", async () => {
  const limits = withRunLimits({ usd: limit(500_000, "budget.usd") });
  await using refusing = freshEngine({ model: unpriced(), ...limits });
  const refused = await refusing.run("go");
  expect(refused.view.failure).toMatchObject({
    code: "MODEL_PRICE_UNKNOWN",
    message: "no price is configured for new/model, and budget.usd of agent tester limits USD",
  });
  await using allowing = freshEngine({
    model: unpriced(),
    ...limits,
    budgets: { ...limits.budgets, unknownPrice: "allow" },
  });
  const allowed = await allowing.run("go");
  expect(allowed.view.state).toBe("completed");
  expect(allowing.journal.summary(allowed.id)).toMatchObject({ spent: { tokens: 15, usd: 0 }, unpricedCalls: 1 });
});

test("a provider that reports no tokens is charged an estimate, marked as one", async () => {
  await using made = freshEngine({ model: paid([{ text: "a".repeat(400) }]), budgets: { prices: PRICES } });
  const { id, view } = await made.run("b".repeat(4_000));
  expect(view.steps[0]).toMatchObject({ end: { cost: { estimated: true, outputTokens: 100 } } });
  const spent = made.journal.summary(id);
  expect(spent?.estimatedCalls).toBe(1);
  expect(spent?.spent.tokens).toBeGreaterThan(1_100);
});

test("many runs at the same time stay within their agent's day, and each that is refused says so", async () => {
  const budget = { run: {}, agent: { usd: limit(10_000, "budget.per_day.usd", "day") } };
  await using made = freshEngine({
    model: paid([
      { toolCalls: [call("look"), call("look")], ...usage(500, 50) },
      { text: "done", ...usage(500, 50) },
    ]),
    tools: [{ name: "look", run: () => done("seen") }],
    plan: { budget, settings: { outputTokensMax: 300, temperature: undefined, headers: {}, timeoutMs: 5_000 } },
    budgets: { prices: PRICES },
    options: { concurrentMax: 8 },
  });
  const runs = await Promise.all(Array.from({ length: 16 }, (_, index) => made.run(`go ${index}`)));
  const level = made.accounts.budgets.level({ type: "agent", workspace: "default", agent: "tester" });
  expect(level.reserved.usd).toBe(0);
  expect(level.used.usd).toBeLessThanOrEqual(10_000);
  // A turn costs 1,000 and may cost 4,000 at most: all but the last few find room.
  expect(level.used.usd).toBeGreaterThan(6_000);
  const refused = runs.filter(({ view }) => view.state === "failed");
  expect(refused.length).toBeGreaterThan(0);
  for (const { view } of refused) expect(view.failure?.code).toBe("BUDGET_EXCEEDED");
  const day = made.accounts.budgets.today();
  expect(made.spend.total({ day }).usd).toBe(level.used.usd);
});

test("the fuel of calls at the same time is reserved one by one, each waiting for room", async () => {
  let [running, most] = [0, 0];
  const look = async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    return { ...done("seen"), usage: { fuel: 0, durationMs: 1, memoryBytes: 0 } };
  };
  // The server of these tools may use 1 a call.
  const tools = [{ name: "look", run: look }];
  await using made = freshEngine({ model: asksForThree(), tools, ...withRunLimits({ fuel: limit(2, "budget.fuel") }) });
  expect((await made.run("go")).view.state).toBe("completed");
  expect(most).toBe(2);
  await using none = freshEngine({ model: asksForThree(), tools, ...withRunLimits({ fuel: limit(0, "budget.fuel") }) });
  const { view } = await none.run("go");
  expect(view.failure?.message).toBe("budget.fuel of agent tester: 0 of 0 fuel used; the next call may need 1");
  expect(none.tools.calls).toHaveLength(0);
});

test("when the seconds of a budget are used up, the running work is stopped by name", async () => {
  const clock = new ManualClock();
  await using made = freshEngine({
    model: paid([{ toolCalls: [call("look")], ...usage(10, 5) }, { text: "never" }]),
    tools: [{ name: "look", run: stuck }],
    ...withRunLimits({ seconds: limit(25_000, "budget.seconds") }),
    clock,
  });
  const running = made.run("go");
  await expect.poll(() => made.tools.calls.length).toBe(1);
  await clock.advance(25_000);
  const { view, id } = await running;
  expect(view.failure).toMatchObject({
    code: "BUDGET_EXCEEDED",
    message: expect.stringContaining("budget.seconds of agent tester"),
  });
  expect(made.journal.summary(id)?.spent.seconds).toBe(25_000);
});

test("a run that was interrupted by a stop of the server continues with its usage", async () => {
  using directory = tempDirectory();
  const never = Promise.withResolvers<never>();
  const options = {
    directory: directory.path,
    model: paid([
      { toolCalls: [call("look")], ...usage(400, 20) },
      { text: "done", ...usage(400, 20) },
    ]),
    ...withRunLimits({ tokens: limit(1_000, "budget.tokens") }),
  };
  let id: RunId;
  {
    await using before = engine({ ...options, tools: [{ name: "look", run: () => never.promise }] });
    ({ id } = await before.begin("go"));
    await expect.poll(() => before.tools.calls.length).toBe(1);
    never.reject(new Error("the server stops"));
  }
  await using after = engine({ ...options, tools: [{ name: "look", run: () => done("seen") }] });
  after.runs.resumeUnfinished();
  await expect.poll(() => isTerminal(after.runs.view(id).state)).toBe(true);
  expect(after.journal.summary(id)?.spent.tokens).toBeGreaterThanOrEqual(420);
  const day = after.accounts.budgets.today();
  expect(after.spend.total({ day })).toEqual(after.journal.summary(id)?.spent);
});

const stuck = async (_call: unknown, signal: AbortSignal) => {
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  return { type: "failed", reason: "cancelled", message: "cut off", usage: done("").usage } as const;
};

test.each([
  ["tool_calls", undefined],
  ["fuel", undefined],
  ["tool_calls", {}],
] as const)(
  "a call that waits for %s has not begun: its step says so, and no person decides about it after a restart",
  async (kind, threads) => {
    using directory = tempDirectory();
    const options = {
      directory: directory.path,
      model: scripted([{ toolCalls: [call("pay")] }, { text: "finished" }]),
      ...(threads === undefined ? {} : { threads }),
      budgets: { day: { [kind]: limit(1, `budgets.per_day.${kind}`, "day") } },
    };
    const pay = { name: "pay", idempotent: false };
    const ids: RunId[] = [];
    {
      await using before = engine({ ...options, tools: [{ ...pay, run: stuck }] });
      ids.push((await before.begin("first")).id);
      await expect.poll(() => before.tools.calls.length).toBe(1);
      const { id } = await before.begin("second");
      ids.push(id);
      const step = () => before.runs.view(id).steps.find((each) => each.kind === "tool");
      await expect.poll(step).toMatchObject({ begun: false, hold: "budget", end: { state: "running" } });
      expect(before.tools.calls).toHaveLength(1);
    }
    await using after = engine({ ...options, tools: [{ ...pay, run: () => done("paid") }] });
    after.runs.resumeUnfinished();
    const states = () => ids.map((id) => after.runs.view(id).state);
    await expect.poll(states).toEqual(["needs-decision", "completed"]);
    const [first, second] = ids.map((id) => after.runs.view(id));
    expect(second?.steps.find((each) => each.kind === "tool")).toMatchObject({ begun: true, hold: null });
    // What the second run used leaves no room for the first one's call.
    if (first?.waitingFor[0]) await after.runs.decide(first.id, first.waitingFor[0], "retry");
    await expect.poll(states).toEqual(["failed", "completed"]);
    const failed = ids.map((id) => after.runs.view(id))[0];
    expect(failed?.failure?.code).toBe("BUDGET_EXCEEDED");
    expect(failed?.steps.find((each) => each.kind === "tool")).toMatchObject({ begun: false });
  },
);

test("a run that is cancelled gives back what it had reserved", async () => {
  await using made = freshEngine({
    model: paid([{ text: "slow", delayMs: 60_000, ...usage(10, 5) }]),
    ...withRunLimits({ tokens: limit(1_000_000, "budget.tokens") }),
    budgets: { prices: PRICES, day: { tokens: limit(1_000_000, "budgets.day.tokens", "day") } },
  });
  const { id, ended } = await made.begin("go");
  const reserved = () => made.accounts.budgets.level({ type: "day" }).reserved.tokens;
  await expect.poll(reserved).toBeGreaterThan(0);
  await made.runs.cancel(id, "no longer wanted");
  await ended;
  expect(reserved()).toBe(0);
});
