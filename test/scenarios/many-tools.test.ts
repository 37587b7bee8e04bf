import { expect, test } from "vitest";
import type { LanguageModel, ModelRequest } from "../../src/models/port/language-model.ts";
import { scripted } from "../../src/models/vendors/index.ts";
import { LIMITS } from "../../src/kernel/quantities.ts";
import { done, type EngineOptions, type FakeTool, freshEngine } from "../helpers/engine.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("run.context-shown", "run.offloaded-results");

/** A model that follows a script, and what it was asked. */
function watched(...script: Parameters<typeof scripted>): {
  readonly model: LanguageModel;
  readonly asked: ModelRequest[];
} {
  const inner = scripted(...script);
  const asked: ModelRequest[] = [];
  const model: LanguageModel = {
    id: inner.id,
    limits: inner.limits,
    stream: (request, signal) => {
      asked.push(request);
      return inner.stream(request, signal);
    },
  };
  return { model, asked };
}

const TOOLS: readonly FakeTool[] = [
  { name: "forecast_weather", run: () => done("It will rain.") },
  { name: "send_mail", run: () => done("sent") },
  { name: "big", run: () => done("0123456789".repeat(10_000)) },
];
const run = async (options: Omit<EngineOptions, "directory">) => {
  await using made = freshEngine({ tools: TOOLS, ...options });
  return (await made.run("go")).view;
};
const names = (request: ModelRequest | undefined) => request?.tools.map(({ name }) => name);
const find = (query: string) => ({ name: "caxton__find_tools", arguments: { query } });

test("deferred tools are hidden from the model until it has found them", async () => {
  const { model, asked } = watched([
    { toolCalls: [find("weather")] },
    { toolCalls: [{ name: "fake__forecast_weather", arguments: {} }] },
    { text: "Take an umbrella." },
  ]);
  const view = await run({ model, plan: { deferredTools: ["*"] } });
  expect(names(asked[0])).toEqual(["caxton__find_tools"]);
  expect(names(asked[1])).toEqual(["fake__forecast_weather", "caxton__find_tools"]);
  expect(view.output).toBe("Take an umbrella.");
  expect(view.steps[1]).toMatchObject({ end: { state: "done", structured: { found: ["fake.forecast_weather"] } } });
});

test("tools that are not deferred are listed, beside the tool that finds the others", async () => {
  const { model, asked } = watched([{ text: "done" }]);
  await run({ model, plan: { deferredTools: ["fake.big", "fake.send_mail"] } });
  expect(names(asked[0])).toEqual(["fake__forecast_weather", "caxton__find_tools"]);
});

test("a deferred tool that the model calls by its name without having looked for it is called", async () => {
  const { model, asked } = watched([{ toolCalls: [{ name: "fake__send_mail", arguments: {} }] }, { text: "done" }]);
  const view = await run({ model, plan: { deferredTools: ["*"] } });
  expect(view.steps[1]).toMatchObject({ end: { state: "done", text: "sent" } });
  expect(names(asked[1])).toContain("fake__send_mail");
});

test("a search without results lists the servers, and wrong arguments are reported", async () => {
  const { model } = watched([
    { toolCalls: [find("quantum"), { name: "caxton__find_tools", arguments: { words: 1 } }] },
    { text: "sorry" },
  ]);
  const view = await run({ model, plan: { deferredTools: ["*"] } });
  expect(view.steps[1]).toMatchObject({ end: { text: expect.stringContaining("fake") } });
  expect(view.steps[2]).toMatchObject({
    end: { outcome: "invalid-arguments", text: expect.stringContaining("query") },
  });
});

test("each turn records how many tools the model received and their approximate cost", async () => {
  const { model } = watched([{ toolCalls: [find("weather")] }, { text: "done" }]);
  const view = await run({ model, plan: { deferredTools: ["*"] } });
  const [first, , second] = view.steps;
  expect(first).toMatchObject({ end: { offered: { tools: 1, tokens: expect.any(Number) } } });
  expect(second).toMatchObject({ end: { offered: { tools: 2 } } });
});

test("a result that is too long for the model is kept whole, and the model can read on in it", async () => {
  const { model, asked } = watched([
    { toolCalls: [{ name: "fake__big", arguments: {} }] },
    { toolCalls: [{ name: "caxton__read_result", arguments: { name: "fake__big-result.txt", offset: 99_995 } }] },
    { toolCalls: [{ name: "caxton__read_result", arguments: { name: "nothing" } }] },
    { text: "done" },
  ]);
  const view = await run({ model });
  const [, cut, , read, , missing] = view.steps;
  expect(cut).toMatchObject({ end: { artifacts: [{ name: "fake__big-result.txt", bytes: 100_000, kept: true }] } });
  expect(names(asked[0])).not.toContain("caxton__read_result");
  expect(names(asked[1])).toContain("caxton__read_result");
  expect(read).toMatchObject({ end: { text: "56789\n(characters 99995 to 100000 of 100000; this is its end)" } });
  expect(missing).toMatchObject({
    end: { outcome: "tool-error", text: expect.stringContaining("fake__big-result.txt") },
  });
  const listed = asked[1]?.messages.at(-1);
  expect(JSON.stringify(listed).length).toBeLessThan(LIMITS.toolResultCharsMax);
});
