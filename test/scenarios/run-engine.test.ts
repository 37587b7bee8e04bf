import { expect, test } from "vitest";
import { scripted } from "../../src/models/vendors/index.ts";
import { isTerminal } from "../../src/runs/index.ts";
import type { RunStep } from "../../src/runs/record/index.ts";
import { done, engine, type FakeTool, freshEngine } from "../helpers/engine.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies(
  "run.loop",
  "run.parallel-calls",
  "run.max-steps",
  "run.journal-first",
  "run.resume",
  "run.needs-decision",
  "run.cancel",
  "run.queue-full",
  "run.deadline",
  "model.retry-once",
);

const call = (name: string, args: Record<string, string | number> = {}) => ({ name: `fake__${name}`, arguments: args });
const outcomes = (steps: readonly RunStep[]) =>
  steps.flatMap((step) => (step.kind === "tool" && "outcome" in step.end ? step.end.outcome : []));

test("a run asks the model, runs the tool, and answers from its result", async () => {
  await using made = freshEngine({
    model: scripted([{ toolCalls: [call("look", { text: "x" })] }, { text: "It is blue." }]),
    tools: [{ name: "look", run: ({ arguments: { text } }) => done(`saw ${JSON.stringify(text)}`) }],
  });
  const { outcome, view } = await made.run("What colour?");
  expect(outcome.state).toBe("completed");
  expect(view.output).toBe("It is blue.");
  expect(view.steps.map(({ kind }) => kind)).toEqual(["model", "tool", "model"]);
  expect(view.steps[1]).toMatchObject({ end: { state: "done", text: 'saw "x"' } });
  expect(made.tools.ended).toEqual([view.id]);
});

test("several calls of one turn run at the same time", async () => {
  const both = Promise.withResolvers<void>();
  let running = 0;
  const meet = async () => {
    running += 1;
    if (running === 2) both.resolve();
    await both.promise;
    return done("met");
  };
  await using made = freshEngine({
    model: scripted([{ toolCalls: [call("a"), call("b")] }, { text: "done" }]),
    tools: [
      { name: "a", run: meet },
      { name: "b", run: meet },
    ],
  });
  expect((await made.run("go")).outcome.state).toBe("completed");
});

test("a call of an unknown tool and one with broken arguments are reported to the model, and the run continues", async () => {
  await using made = freshEngine({
    model: scripted([
      { toolCalls: [call("nothing"), { name: "fake__look", arguments: '{"text": "Par' }, call("look", { colour: 1 })] },
      { text: "sorry" },
    ]),
    tools: [{ name: "look", run: () => done("never") }],
  });
  const { view, outcome } = await made.run("go");
  expect(outcome.state).toBe("completed");
  expect(outcomes(view.steps)).toEqual(["unknown-tool", "invalid-arguments", "invalid-arguments"]);
  expect(made.tools.calls).toHaveLength(0);
});

test("a model that never stops calling tools is stopped at max_steps, by name", async () => {
  const forever = Array.from({ length: 10 }, () => ({ toolCalls: [call("look")] }));
  await using made = freshEngine({
    model: scripted(forever),
    tools: [{ name: "look", run: () => done("again") }],
    plan: { stepsMax: 3 },
  });
  const { view } = await made.run("go");
  expect(view).toMatchObject({ state: "failed", failure: { code: "STEPS_MAX_REACHED" } });
  expect(made.tools.calls).toHaveLength(3);
});

test("a failing model is tried once more, and then the run fails with the class of its failure", async () => {
  await using made = freshEngine({
    model: scripted([{ error: { class: "rate_limited", message: "slow down", retryAfterMs: 5 } }]),
  });
  const { view } = await made.run("go");
  expect(view).toMatchObject({ state: "failed", failure: { code: "MODEL_RATE_LIMITED" } });
  expect(view.steps[0]).toMatchObject({ attempts: [{ retryInMs: 5 }, { retryInMs: null }] });
});

test("a failing model that recovers leaves one turn with its failed attempt shown", async () => {
  await using made = freshEngine({
    model: scripted([{ text: "fine", error: { class: "overloaded", message: "busy", retryAfterMs: 1, times: 1 } }]),
  });
  const { view } = await made.run("go");
  expect(view).toMatchObject({ state: "completed", output: "fine" });
  expect(view.steps).toHaveLength(1);
  expect(view.steps[0]).toMatchObject({ attempts: [{ class: "overloaded" }] });
});

test("a provider that asks for a longer wait than the budget is not waited for", async () => {
  await using made = freshEngine({
    model: scripted([{ error: { class: "rate_limited", message: "later", retryAfterMs: 60_000 } }]),
  });
  const { view } = await made.run("go");
  expect(view.steps[0]).toMatchObject({ attempts: [{ retryInMs: null }] });
});

test("an answer cut at the token limit is a failure, not a success", async () => {
  await using made = freshEngine({ model: scripted([{ text: "half an ans", finish: "length" }]) });
  expect((await made.run("go")).view).toMatchObject({ state: "failed", failure: { code: "OUTPUT_CUT" } });
});

test("a cancelled run stops its tool, and is cancelled on disk when cancel returns", async () => {
  const begun = Promise.withResolvers<void>();
  await using made = freshEngine({
    model: scripted([{ toolCalls: [call("slow")] }]),
    tools: [
      {
        name: "slow",
        run: async (_call, signal) => {
          begun.resolve();
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          return {
            type: "failed",
            reason: "cancelled",
            message: "",
            usage: { fuel: 0, durationMs: 0, memoryBytes: 0 },
          };
        },
      },
    ],
  });
  const { id, ended } = await made.begin("go");
  await begun.promise;
  await made.runs.cancel(id, "enough");
  expect(made.journal.summary(id)?.state).toBe("cancelled");
  expect((await ended).state).toBe("cancelled");
  await expect(made.runs.cancel(id, "again")).rejects.toMatchObject({ code: "RUN_ENDED" });
});

test("a run that takes too long fails by name", async () => {
  await using made = freshEngine({
    model: scripted([{ text: "late", delayMs: 5_000 }]),
    plan: { timeoutMs: 30 },
  });
  expect((await made.run("go")).view).toMatchObject({ state: "failed", failure: { code: "RUN_TIMEOUT" } });
});

// runs.Q2
test("past the limit runs wait in order, and past the queue's limit they are refused", async () => {
  const gate = Promise.withResolvers<void>();
  await using made = freshEngine({
    model: scripted([{ toolCalls: [call("wait")] }, { text: "ok" }]),
    tools: [{ name: "wait", run: async () => (await gate.promise, done("on")) }],
    options: { concurrentMax: 1, queuedMax: 1 },
  });
  const first = await made.begin("1");
  const second = await made.begin("2");
  expect(made.journal.summary(second.id)?.state).toBe("queued");
  await expect(made.begin("3")).rejects.toMatchObject({ code: "RUN_QUEUE_FULL", retryAfterMs: 5_000 });
  gate.resolve();
  expect((await first.ended).state).toBe("completed");
  expect((await second.ended).state).toBe("completed");
});

test("a run cancelled while it waits never begins", async () => {
  const gate = Promise.withResolvers<void>();
  await using made = freshEngine({
    model: scripted([{ toolCalls: [call("wait")] }, { text: "ok" }]),
    tools: [{ name: "wait", run: async () => (await gate.promise, done("on")) }],
    options: { concurrentMax: 1 },
  });
  const first = await made.begin("1");
  const waiting = await made.begin("2");
  await made.runs.cancel(waiting.id, "no longer wanted");
  expect((await waiting.ended).state).toBe("cancelled");
  gate.resolve();
  expect((await first.ended).state).toBe("completed");
  expect(made.runs.view(waiting.id)).toMatchObject({ state: "cancelled", attempt: 0 });
});

test("files of a tool become artifacts, and the model is informed", async () => {
  await using made = freshEngine({
    model: scripted([{ toolCalls: [call("draw"), call("draw")] }, { text: "drawn" }]),
    tools: [
      {
        name: "draw",
        run: () => ({
          type: "done",
          content: [{ type: "file", name: "../../chart.svg", mediaType: "image/svg+xml", text: "<svg/>" }],
          structured: undefined,
          usage: { fuel: 0, durationMs: 0, memoryBytes: 0 },
        }),
      },
    ],
  });
  const { id, view } = await made.run("go");
  const artifacts = made.artifacts.ofRun(id);
  expect(artifacts.map(({ name }) => name).toSorted()).toEqual(["chart-2.svg", "chart.svg"]);
  const [first] = artifacts;
  expect(first && new TextDecoder().decode(await made.artifacts.read(first))).toBe("<svg/>");
  expect(view.steps[1]).toMatchObject({ end: { state: "done", text: expect.stringContaining("chart") } });
});

// record.recorder.R1
test("text is published as it streams, journal entries once they are on disk", async () => {
  await using made = freshEngine({ model: scripted([{ text: "one two three", chunkChars: 4 }]) });
  const heard: string[] = [];
  const onDisk: boolean[] = [];
  using watching = made.runs.hub.watchAll((news) => {
    heard.push(news.type === "entry" ? news.entry.event.type : news.type === "text-delta" ? news.text : news.type);
    if (news.type === "entry") onDisk.push(made.journal.read(news.entry.runId, news.entry.seq - 1).length > 0);
  });
  void watching;
  await made.run("go");
  expect(heard.filter((text) => "one two three".includes(text)).join("")).toBe("one two three");
  expect(heard.at(-1)).toBe("run-complete");
  expect(onDisk).not.toContain(false);
});

// execution.E4
test("after a stop in the middle of a repeatable call the run resumes automatically and no finished step is repeated", async () => {
  using directory = tempDirectory();
  const model = scripted([{ toolCalls: [call("first")] }, { toolCalls: [call("second")] }, { text: "all done" }]);
  const counts = { first: 0, second: 0 };
  const stuck = Promise.withResolvers<void>();
  {
    await using before = engine({
      model,
      directory: directory.path,
      tools: [
        { name: "first", run: () => (counts.first++, done("1")) },
        {
          name: "second",
          run: async (_call, signal) => {
            counts.second += 1;
            stuck.resolve();
            await new Promise((resolve) => signal.addEventListener("abort", resolve));
            return {
              type: "failed",
              reason: "cancelled",
              message: "",
              usage: { fuel: 0, durationMs: 0, memoryBytes: 0 },
            };
          },
        },
      ],
    });
    await before.begin("go");
    await stuck.promise;
  }
  await using after = engine({
    model,
    directory: directory.path,
    tools: [
      { name: "first", run: () => (counts.first++, done("1")) },
      { name: "second", run: () => (counts.second++, done("2")) },
    ],
  });
  expect(after.runs.resumeUnfinished()).toBe(1);
  const [run] = after.journal.list({
    workspace: "default",
    agent: undefined,
    state: undefined,
    before: undefined,
    limit: 1,
  });
  if (!run) throw new Error("the run is in the journal");
  await ended(after, run.id);
  expect(after.runs.view(run.id)).toMatchObject({ state: "completed", output: "all done", attempt: 2 });
  expect(counts).toEqual({ first: 1, second: 2 });
});

test("a decision to repeat a call holds for one time: stopped again in the middle of it, the run asks again", async () => {
  using directory = tempDirectory();
  const model = scripted([{ toolCalls: [call("pay")] }, { text: "finished" }]);
  let begun = 0;
  const hanging = (seen: () => void): FakeTool => ({
    name: "pay",
    idempotent: false,
    run: async (_call, signal) => {
      begun += 1;
      seen();
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      return { type: "failed", reason: "cancelled", message: "", usage: { fuel: 0, durationMs: 0, memoryBytes: 0 } };
    },
  });
  for (const round of [1, 2]) {
    const stuck = Promise.withResolvers<void>();
    await using made = engine({ model, directory: directory.path, tools: [hanging(stuck.resolve)] });
    if (round === 1) await made.begin("go");
    const [id] = made.journal.unfinished();
    if (!id) throw new Error("the run is unfinished");
    if (round === 2) {
      made.runs.resumeUnfinished();
      await until(() => made.journal.summary(id)?.state === "needs-decision");
      const [waitingFor] = made.runs.view(id).waitingFor;
      if (!waitingFor) throw new Error("it says which call it waits for");
      await made.runs.decide(id, waitingFor, "retry");
    }
    await stuck.promise;
  }
  await using last = engine({ model, directory: directory.path, tools: [hanging(() => undefined)] });
  const [id] = last.journal.unfinished();
  if (!id) throw new Error("the run is unfinished");
  last.runs.resumeUnfinished();
  await until(() => last.journal.summary(id)?.state === "needs-decision");
  expect(begun).toBe(2);
});

test("after a stop in the middle of a call that may not be repeated the run waits for a decision, and each decision is obeyed", async () => {
  for (const decision of ["retry", "skip", "fail"] as const) {
    using directory = tempDirectory();
    const model = scripted([{ toolCalls: [call("pay")] }, { text: "finished" }]);
    const stuck = Promise.withResolvers<void>();
    let paid = 0;
    {
      await using before = engine({
        model,
        directory: directory.path,
        tools: [
          {
            name: "pay",
            idempotent: false,
            run: async (_call, signal) => {
              stuck.resolve();
              await new Promise((resolve) => signal.addEventListener("abort", resolve));
              return {
                type: "failed",
                reason: "cancelled",
                message: "",
                usage: { fuel: 0, durationMs: 0, memoryBytes: 0 },
              };
            },
          },
        ],
      });
      await before.begin("go");
      await stuck.promise;
    }
    await using after = engine({
      model,
      directory: directory.path,
      tools: [{ name: "pay", idempotent: false, run: () => (paid++, done("paid")) }],
    });
    const [id] = after.journal.unfinished();
    if (!id) throw new Error("the run is unfinished");
    after.runs.resumeUnfinished();
    await until(() => after.journal.summary(id)?.state === "needs-decision");
    expect(paid).toBe(0);
    const [waitingFor] = after.runs.view(id).waitingFor;
    if (!waitingFor) throw new Error("it says which call it waits for");
    await after.runs.decide(id, waitingFor, decision);
    await ended(after, id);
    expect(after.runs.view(id).state).toBe(decision === "fail" ? "failed" : "completed");
    expect(paid).toBe(decision === "retry" ? 1 : 0);
  }
});

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
};

const ended = (made: ReturnType<typeof engine>, id: Parameters<typeof made.journal.summary>[0]): Promise<void> =>
  until(() => isTerminal(made.journal.summary(id)?.state ?? "queued"));
