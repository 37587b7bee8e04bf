import { expect, test } from "vitest";
import { scripted } from "../../src/models/vendors/index.ts";
import { DEFAULT_CONTEXT } from "../../src/agents/definitions/tables/context-settings.ts";
import { SUMMARY_REQUEST } from "../../src/runs/context/index.ts";
import type { LanguageModel, ModelPart } from "../../src/models/port/language-model.ts";
import type { RunId } from "../../src/kernel/ids.ts";
import { done, engine, freshEngine } from "../helpers/engine.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("budget.failed-attempts");

const limitOf = (max: number) => ({ max, per: "run" as const, key: "[budget] tokens", file: "tester.toml" });
const retry = { attemptsMax: 2, totalMs: 15_000 };

/** What a run of one turn used up. */
async function spentBy(turn: Parameters<typeof scripted>[0][number]) {
  await using made = freshEngine({ model: scripted([turn]), options: { retry } });
  const { id, view } = await made.run("go");
  expect(view.state).toBe("completed");
  const { spent, inputTokens, outputTokens, estimatedCalls } = made.journal.summary(id) ?? {};
  const [usageRow] = made.spend.usage({
    by: "model",
    workspace: "default",
    from: "2000-01-01",
    to: "2100-01-01",
    limit: 10,
  });
  expect((inputTokens ?? 0) + (outputTokens ?? 0)).toBe(spent?.tokens);
  return { tokens: spent?.tokens, calls: usageRow?.modelCalls, estimatedCalls };
}

test("a failed attempt counts as its provider charges it, or by estimate where its answer had begun, and else not at all", async () => {
  const error = { class: "overloaded", message: "busy", retryAfterMs: 1, times: 1 } as const;
  const usage = { inputTokens: 100, outputTokens: 20 };
  expect(await spentBy({ text: "fine", usage, error })).toEqual({ tokens: 240, calls: 2, estimatedCalls: 0 });
  const without = await spentBy({ text: "a rather long answer", error });
  expect(without).toMatchObject({ calls: 1 });
  const begun = await spentBy({ text: "a rather long answer", error: { ...error, afterChars: 15 } });
  expect(begun).toMatchObject({ calls: 2 });
  expect(begun.tokens).toBeGreaterThan(without.tokens ?? 0);
});

test("after an attempt that was charged the next one checks its budget again", async () => {
  const error = { class: "overloaded", message: "busy", retryAfterMs: 1, times: 1 } as const;
  const model = scripted([{ text: "fine", usage: { inputTokens: 900, outputTokens: 50 }, error }]);
  await using made = freshEngine({
    model,
    options: { retry },
    plan: { budget: { run: { tokens: limitOf(1_000) }, agent: {} } },
  });
  const { id, view } = await made.run("go");
  expect(view).toMatchObject({ state: "failed", failure: { code: "BUDGET_EXCEEDED" } });
  expect(made.journal.summary(id)?.spent.tokens).toBe(950);
});

test("a summary that broke off is charged to the model that was asked, and what was reserved for it is given back after", async () => {
  const look = { name: "look", run: () => done("word ".repeat(700)) };
  const turns = scripted([
    ...Array.from({ length: 8 }, (_, at) => ({ toolCalls: [{ name: "fake__look", arguments: { text: `${at}` } }] })),
    { text: "The end." },
  ]);
  const model: LanguageModel = {
    id: turns.id,
    limits: undefined,
    async *stream(request, signal): AsyncGenerator<ModelPart> {
      const [first] = request.messages;
      if (first?.role !== "user" || !first.text.startsWith(SUMMARY_REQUEST))
        return yield* turns.stream(request, signal);
      yield { type: "text-delta", text: "Notes so" };
      yield {
        type: "error",
        failure: { class: "network", message: "cut", status: undefined, retryAfterMs: undefined },
      };
    },
  };
  await using made = freshEngine({
    model,
    tools: [look],
    plan: {
      context: { ...DEFAULT_CONTEXT, windowTokens: 6_000, summaryTokensMax: 300 },
      budget: { run: { tokens: limitOf(10_000_000) }, agent: {} },
    },
  });
  const { id, view } = await made.run("Look.");
  expect(view.state).toBe("completed");
  const summaries = made.journal.read(id, 0).flatMap(({ event }) => (event.type === "context-summary" ? [event] : []));
  expect(summaries[0]).toMatchObject({ model: "", charged: turns.id, cost: { estimated: true } });
  expect(made.journal.summary(id)?.estimatedCalls).toBeGreaterThanOrEqual(summaries.length);
});

/** Streams a part and then nothing more until it is cut off; the second call answers at once. */
function broken(): { readonly model: LanguageModel; readonly said: Promise<void> } {
  const said = Promise.withResolvers<void>();
  let times = 0;
  return {
    said: said.promise,
    model: {
      id: "scripted/broken",
      limits: undefined,
      async *stream(_request, signal): AsyncGenerator<ModelPart> {
        times += 1;
        yield { type: "text-delta", text: "a rather long answer that " };
        const unknown = { cachedInputTokens: undefined, cacheWriteTokens: undefined, reasoningTokens: undefined };
        const usage = { inputTokens: 10, outputTokens: 5, ...unknown };
        if (times > 1) return yield { type: "finish", reason: "stop", usage, providerMetadata: undefined };
        said.resolve();
        await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
        const message = "the model call was cancelled";
        yield { type: "error", failure: { class: "cancelled", message, status: undefined, retryAfterMs: undefined } };
      },
    },
  };
}

test("what was streamed before a cancel is charged, by estimate, and stands beside the attempt", async () => {
  const { model, said } = broken();
  await using made = freshEngine({ model });
  const { id, ended } = await made.begin("go");
  await said;
  await made.runs.cancel(id, "enough");
  expect(await ended).toMatchObject({ state: "cancelled" });
  const { spent, estimatedCalls } = made.journal.summary(id) ?? {};
  expect(spent?.tokens).toBeGreaterThan(5);
  expect(estimatedCalls).toBe(1);
  const [step] = made.runs.view(id).steps;
  expect(step?.kind === "model" ? step.attempts : []).toMatchObject([
    { class: "cancelled", cost: { estimated: true } },
  ]);
});

test("a stream that a stop of the server cut off is charged too, and costs the run none of its attempts", async () => {
  using directory = tempDirectory();
  const { model, said } = broken();
  let runId: RunId | undefined;
  {
    await using made = engine({ model, directory: directory.path });
    ({ id: runId } = await made.begin("go"));
    await said;
  }
  await using again = engine({ model, directory: directory.path, options: { pauseUntilResumed: true } });
  again.runs.resumeUnfinished();
  while (again.runs.view(runId).state !== "completed") await new Promise((resolve) => setTimeout(resolve, 2));
  const { spent, estimatedCalls } = again.journal.summary(runId) ?? {};
  expect(estimatedCalls).toBe(1);
  expect(spent?.tokens).toBeGreaterThan(15);
});
