import { expect, test } from "vitest";
import { scripted } from "../../src/models/vendors/index.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import type { RunId } from "../../src/kernel/ids.ts";
import { DEFAULT_CONTEXT } from "../../src/agents/definitions/tables/context-settings.ts";
import { SUMMARY_REQUEST } from "../../src/runs/context/index.ts";
import { NO_RULES, PERMIT_ALL, type Permissions, type RuleSet } from "../../src/agents/permissions/index.ts";
import { replayRun, type ReplayReport } from "../../src/runs/replay/index.ts";
import { isTerminal } from "../../src/runs/index.ts";
import type { RunPlan } from "../../src/runs/record/index.ts";
import { type LanguageModel, type ModelPart } from "../../src/models/port/language-model.ts";
import { ToolCatalogues } from "../../src/tools/catalogue/index.ts";
import { done, type Engine, FakeTools, type FakeTool, freshEngine, models, testPlan } from "../helpers/engine.ts";
import { settled } from "../helpers/manual-clock.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("run.replay");

const call = (name: string, text = "") => ({ name: `fake__${name}`, arguments: { text } });
const rules = (given: Partial<RuleSet>, more: Partial<Permissions> = {}): Pick<RunPlan, "permissions"> => ({
  permissions: { ...PERMIT_ALL, ...more, server: { ...NO_RULES, ...given } },
});
const ADMIN = { name: "ada", roles: ["admin"] };
const approve = { type: "approve", edit: undefined, note: "", remember: false } as const;
const echo: FakeTool = { name: "pay", run: ({ arguments: { text } }) => done(`paid ${JSON.stringify(text)}`) };

const untilTrue = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
};
const ended = ({ journal }: Engine, id: RunId) => untilTrue(() => isTerminal(journal.summary(id)?.state ?? "queued"));
const rested = ({ runs }: Engine, id: RunId) => untilTrue(() => runs.view(id).resting && runs.load().executing === 0);

/** A model of which only the name exists: each call fails. */
const silent = (id: string): LanguageModel => ({
  id,
  limits: undefined,
  stream: () => {
    throw new Error(`${id} was called`);
  },
});

type Server = {
  readonly tools?: readonly FakeTool[];
  readonly plan?: Partial<RunPlan>;
  readonly model?: string;
  readonly backups?: readonly string[];
};

/** Plays a run on a server of which nothing may be called. */
async function replayed(made: Engine, id: RunId, server: Server): Promise<ReplayReport> {
  const runner = new FakeTools(server.tools ?? []);
  const backups = Object.fromEntries((server.backups ?? []).map((name) => [name, silent(name)]));
  const report = await replayRun(
    {
      entries: made.journal.read(id, 0),
      artifacts: made.artifacts.ofRun(id),
      read: (artifact) => made.artifacts.read(artifact),
    },
    {
      plans: { admit: async () => {}, plan: async () => testPlan(server.plan) },
      models: models(silent(server.model ?? "scripted/inline"), backups),
      tools: new ToolCatalogues(() => runner),
      clock: systemClock,
    },
  );
  expect(runner.calls).toEqual([]);
  return report;
}

const SAME = { same: true, divergences: [], stopped: null };

test("a replay reproduces approvals: given, changed, refused, expired, one after the other and while others ran", async () => {
  const slow = Promise.withResolvers<void>();
  const tools: readonly FakeTool[] = [
    echo,
    { name: "slow", run: async () => (await slow.promise, done("slow")) },
    { name: "send", run: () => done("sent") },
  ];
  const plan = rules({ ask: ["fake.pay", "fake.send"] }, { expiresMs: 7 * 60_000 });
  await using made = freshEngine({
    model: scripted([
      { toolCalls: [call("pay", "1"), call("slow"), call("pay", "2"), call("send")] },
      { toolCalls: [call("pay", "3"), call("send")] },
      { text: "finished" },
    ]),
    tools,
    plan,
  });
  const open = (id: RunId) => made.runs.view(id).approvals.filter(({ state }) => state === "open");
  const { id } = await made.begin("go");
  await untilTrue(() => open(id).length === 3);
  const [first, second, third] = open(id);
  // Said while a call of the same turn is still running, and the last one first.
  await made.approvals.answer({ workspace: "default", id: third?.id ?? "" }, { type: "deny", note: "not\nyet" }, ADMIN);
  slow.resolve();
  await rested(made, id);
  await made.approvals.answer(
    { workspace: "default", id: first?.id ?? "" },
    { ...approve, edit: { text: "0" }, note: "less" },
    ADMIN,
  );
  await rested(made, id);
  await made.approvals.answer(
    { workspace: "default", id: second?.id ?? "" },
    { ...approve, note: "fine", remember: true },
    ADMIN,
  );
  await rested(made, id);
  const [left] = open(id);
  await made.runs.update(id, () =>
    left
      ? [
          {
            type: "approval-answer",
            callId: left.callId,
            approvalId: left.id,
            reply: "expired",
            by: null,
            note: "",
            remember: false,
            content: { arguments: null },
          },
          { type: "run-resume" },
        ]
      : [],
  );
  await ended(made, id);
  expect(made.runs.view(id).approvals.map(({ state }) => state)).toEqual(["approved", "approved", "denied", "expired"]);
  expect(await replayed(made, id, { tools, plan })).toMatchObject(SAME);
  const others = rules({ ask: ["fake.*"] }, { expiresMs: 7 * 60_000 });
  const { divergences } = await replayed(made, id, { tools, plan: others });
  expect(divergences[0]).toMatchObject({ event: "approval-ask", field: "rule", reason: "another rule asks for it" });
});

test("a run without an answer, or that was cancelled while it waited, is replayed up to there", async () => {
  const plan = rules({ ask: ["fake.pay"] });
  await using made = freshEngine({
    model: scripted([{ toolCalls: [call("pay", "1")] }, { text: "x" }]),
    tools: [echo],
    plan,
  });
  const { id } = await made.run("go");
  const waiting = { same: true, divergences: [], stopped: expect.stringContaining("has no answer") };
  expect(await replayed(made, id, { plan, tools: [echo] })).toMatchObject(waiting);
  await made.runs.cancel(id, "no");
  expect(await replayed(made, id, { plan, tools: [echo] })).toMatchObject(waiting);
});

test("a replay reproduces questions of tools", async () => {
  const asking: FakeTool = {
    name: "pay",
    run: async ({ context }, signal) => {
      const reply = await context?.ask?.(
        { server: "fake", message: "Which?", schema: { type: "object" }, url: undefined },
        signal,
      );
      return done(`it is ${JSON.stringify(reply)}`);
    },
  };
  await using made = freshEngine({
    model: scripted([{ toolCalls: [call("pay", "1"), call("pay", "2")] }, { text: "finished" }]),
    tools: [asking],
  });
  const { id } = await made.begin("go");
  await untilTrue(() => made.runs.view(id).questions.length === 2);
  for (const [at, question] of made.runs.view(id).questions.entries())
    await made.runs.answer(id, question.id, at === 0 ? { action: "accept", content: { n: 1 } } : { action: "decline" });
  await ended(made, id);
  expect(await replayed(made, id, { tools: [asking] })).toMatchObject(SAME);
});

const words = (count: number, word: string): string => Array.from({ length: count }, () => word).join(" ");
const look: FakeTool = {
  name: "look",
  run: ({ arguments: { text } }) => done(words(700, `seen-${JSON.stringify(text)}`)),
};
const lookingFor = (turns: number) => [
  ...Array.from({ length: turns }, (_, at) => ({ toolCalls: [call("look", `${at}`)] })),
  { text: "The end." },
];

/** A model that also writes summaries; undefined stands for one that fails. */
function summarizing(turns: number, texts: readonly (string | undefined)[]): LanguageModel {
  const model = scripted(lookingFor(turns));
  let made = 0;
  return {
    id: model.id,
    limits: undefined,
    async *stream(request, signal): AsyncGenerator<ModelPart> {
      const [first] = request.messages;
      if (first?.role !== "user" || !first.text.startsWith(SUMMARY_REQUEST))
        return yield* model.stream(request, signal);
      const text = texts[made++ % texts.length];
      const failure = { class: "overloaded", message: "too busy", status: 503, retryAfterMs: undefined } as const;
      if (text === undefined) return yield { type: "error", failure };
      yield { type: "text-delta", text };
      const usage = {
        inputTokens: 500,
        outputTokens: 20,
        cachedInputTokens: 0,
        cacheWriteTokens: 0,
        reasoningTokens: 0,
      };
      yield { type: "finish", reason: "stop", usage };
    },
  };
}

test("summaries are not written again: those of models, empty ones and excerpts are unchanged", async () => {
  const plan = { stepsMax: 60, context: { ...DEFAULT_CONTEXT, windowTokens: 6_000, summaryTokensMax: 300 } };
  const model = summarizing(40, ["Notes: fine.", words(2_000, "long"), undefined, ""]);
  await using made = freshEngine({ model, tools: [look], plan });
  const { id, view } = await made.run("Look.");
  expect(view.state).toBe("completed");
  expect(new Set(view.summaries.map(({ degraded }) => degraded)).size).toBe(3);
  expect(await replayed(made, id, { tools: [look], plan })).toMatchObject(SAME);
  const other = { ...plan, context: { ...plan.context, windowTokens: 9_000 } };
  const { divergences } = await replayed(made, id, { tools: [look], plan: other });
  expect(divergences[0]).toMatchObject({ event: "model-start", field: "content.context" });
});

test("a replay reproduces backups, also a missing one and an unused one", async () => {
  const down = scripted([{ error: { class: "overloaded", message: "down", retryAfterMs: 1 } }], { id: "a/one" });
  const gone = scripted([{ error: { class: "invalid_request", message: "gone", status: 404 } }], { id: "b/gone" });
  const tight: LanguageModel = {
    ...silent("b/tight"),
    limits: { contextTokens: 40, outputTokens: 10 },
  };
  const last = scripted([{ toolCalls: [call("pay", "1")] }, { text: "the end" }], { id: "c/last" });
  const plan = { fallback: ["x/none", "b/gone", "b/tight", "c/last"] };
  await using made = freshEngine({
    model: down,
    backups: { "b/gone": gone, "b/tight": tight, "c/last": last },
    tools: [echo],
    plan,
  });
  const { id, view } = await made.run(words(60, "please"));
  expect(view).toMatchObject({ state: "completed", modelInUse: "c/last" });
  const there = { plan, model: "a/one", backups: ["b/gone", "c/last"], tools: [echo] };
  const report = await replayRun(
    { entries: made.journal.read(id, 0), artifacts: [], read: async () => new Uint8Array() },
    {
      plans: { admit: async () => {}, plan: async () => testPlan(plan) },
      models: models(silent("a/one"), { "b/gone": silent("b/gone"), "b/tight": tight, "c/last": silent("c/last") }),
      tools: new ToolCatalogues(() => new FakeTools([echo])),
      clock: systemClock,
    },
  );
  expect(report).toMatchObject(SAME);
  const fewer = await replayed(made, id, { ...there, plan: { fallback: ["x/none", "c/last"] } });
  expect(fewer.divergences.find(({ field }) => field === "next")).toMatchObject({
    reason: "the definition's backups have changed",
  });
});

test("a run that was suspended until the choice of another model, or until too late, is replayed unchanged", async () => {
  const down = scripted([{ error: { class: "auth", message: "no key" } }], { id: "a/one" });
  const other = scripted([{ text: "b answers" }], { id: "b/two" });
  await using made = freshEngine({ model: down, backups: { "b/two": other } });
  const server = { model: "a/one", backups: ["b/two"] };
  const first = await made.run("go", { attended: true });
  await made.runs.choose(first.id, { choice: "retry" });
  while (made.runs.view(first.id).choice === null) await settled();
  await made.runs.choose(first.id, { choice: "use", model: "b/two" });
  await ended(made, first.id);
  expect(made.runs.view(first.id).output).toBe("b answers");
  expect(await replayed(made, first.id, server)).toMatchObject(SAME);
  const second = await made.run("go", { attended: true });
  const failure = { code: "CHOICE_EXPIRED", message: "no choice was made", hint: "" };
  await made.runs.update(second.id, () => [{ type: "run-fail", failure }]);
  expect(await replayed(made, second.id, server)).toMatchObject(SAME);
});

test("an answer that was asked for once more is asked for once more", async () => {
  const outputSchema = { type: "object", properties: { score: { type: "integer" } }, required: ["score"] };
  await using made = freshEngine({
    model: scripted([{ text: "seven" }, { text: '{"score": 7}' }]),
    plan: { outputSchema },
  });
  const { id, view } = await made.run("rate it");
  expect(view).toMatchObject({ state: "completed", outputJson: { score: 7 } });
  expect(await replayed(made, id, { plan: { outputSchema } })).toMatchObject(SAME);
  const { divergences } = await replayed(made, id, { plan: {} });
  expect(divergences.map(({ event }) => event)).toContain("output-reject");
});
