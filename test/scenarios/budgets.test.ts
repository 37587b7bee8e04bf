import { expect, test } from "vitest";
import { scripted, type ScriptedTurnInput } from "../../src/backends/models/index.ts";
import type { Limit } from "../../src/budgets/index.ts";
import type { LanguageModel, ModelRequest } from "../../src/runs/index.ts";
import { done, type EngineOptions, freshEngine } from "../helpers/engine.ts";

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

test("a turn is charged by what the provider tells, at the price of its model, to its run and to its day", async () => {
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
  const unknown = () => scripted([{ text: "hello", ...usage(10, 5) }], { id: "new/model" });
  const limits = withRunLimits({ usd: limit(500_000, "budget.usd") });
  await using refusing = freshEngine({ model: unknown(), ...limits });
  const refused = await refusing.run("go");
  expect(refused.view.failure).toMatchObject({
    code: "MODEL_PRICE_UNKNOWN",
    message: "nobody knows what new/model costs, and budget.usd of agent tester limits USD",
  });
  await using allowing = freshEngine({
    model: unknown(),
    ...limits,
    budgets: { ...limits.budgets, unknownPrice: "allow" },
  });
  const allowed = await allowing.run("go");
  expect(allowed.view.state).toBe("completed");
  expect(allowing.journal.summary(allowed.id)).toMatchObject({ spent: { tokens: 15, usd: 0 }, unpricedCalls: 1 });
});

test("a provider that tells no tokens is charged an estimate, marked as one", async () => {
  await using made = freshEngine({ model: paid([{ text: "a".repeat(400) }]), budgets: { prices: PRICES } });
  const { id, view } = await made.run("b".repeat(4_000));
  expect(view.steps[0]).toMatchObject({ end: { cost: { estimated: true, outputTokens: 100 } } });
  const spent = made.journal.summary(id);
  expect(spent?.estimatedCalls).toBe(1);
  expect(spent?.spent.tokens).toBeGreaterThan(1_100);
});
