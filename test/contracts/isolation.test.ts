import { describe, expect, test, vi } from "vitest";
import { scripted } from "../../src/models/vendors/index.ts";
import { canonicalJson } from "../../src/kernel/json.ts";
import { LOCAL_APPROVER, NO_RULES, PERMIT_ALL } from "../../src/agents/permissions/index.ts";
import type { ModelRequest } from "../../src/models/port/language-model.ts";
import type { RunStep } from "../../src/runs/record/index.ts";
import type { RunView } from "../../src/runs/index.ts";
import { done, type Engine, engine, type EngineOptions, type FakeTool, freshEngine } from "../helpers/engine.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { workerProgram } from "../helpers/worker-program.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("run.isolation", "run.worker-failure", "run.worker-confined", "run.cancel", "run.deadline");

/** The outcome of a run does not depend on where it is executed. */
const PROGRAM = await workerProgram("src/runs/workers/worker-entry.ts");
const MODES = [
  ["context", {}],
  ["worker", { workers: { warm: 1, max: 4, program: PROGRAM } }],
] as const satisfies readonly (readonly [string, Partial<EngineOptions>])[];

const call = (name: string, args: Record<string, string | number> = {}) => ({ name: `fake__${name}`, arguments: args });
const LOOK: FakeTool = { name: "look", run: ({ arguments: { text } }) => done(`saw ${JSON.stringify(text)}`) };
const lookThenSay = () => scripted([{ toolCalls: [call("look", { text: "x" })] }, { text: "It is blue." }]);
const texts = (steps: readonly RunStep[]) =>
  steps.flatMap((step) => (step.kind === "tool" && "text" in step.end ? [step.end.text] : []));
const ended = (made: Engine, id: RunView["id"], state: string) =>
  vi.waitFor(() => expect(made.journal.summary(id)?.state).toBe(state), { timeout: 20_000, interval: 5 });

describe.each(MODES)("in a %s", (mode, options) => {
  test("a run asks its model, runs tools side by side, and answers; the model gets its headers", async () => {
    const requests: ModelRequest[] = [];
    const model = scripted([
      { toolCalls: [call("look", { text: "x" }), call("nothing"), call("look", { colour: 1 })] },
      { text: "It is blue." },
    ]);
    const spied: typeof model = {
      id: model.id,
      limits: undefined,
      stream: (request, signal) => {
        requests.push(request);
        return model.stream(request, signal);
      },
    };
    const headers = { authorization: "Bearer secret" };
    await using made = freshEngine({
      ...options,
      model: spied,
      tools: [LOOK],
      plan: { settings: { temperature: undefined, outputTokensMax: 500, headers, timeoutMs: 5_000 } },
    });
    const { outcome, view, id } = await made.run("What colour?");
    expect({ outcome, output: view.output, isolation: view.isolation }).toEqual({
      outcome: { state: "completed" },
      output: "It is blue.",
      isolation: mode,
    });
    expect(texts(view.steps)[0]).toBe('saw "x"');
    expect(view.steps.flatMap((step) => ("outcome" in step.end ? [step.end.outcome] : []))).toEqual([
      "done",
      "unknown-tool",
      "invalid-arguments",
    ]);
    expect(made.tools.calls).toMatchObject([{ context: { session: id, agent: "tester" } }]);
    expect(made.tools.ended).toEqual([id]);
    expect(requests.map(({ settings }) => settings.headers)).toEqual([headers, headers]);
  });

  test("a call that needs approval suspends the run, and its approval resumes it", async () => {
    const rules = { ...PERMIT_ALL, definition: { ...NO_RULES, ask: ["fake.look"] } };
    await using made = freshEngine({ ...options, model: lookThenSay(), tools: [LOOK], plan: { permissions: rules } });
    const { id, outcome } = await made.run("go");
    expect(outcome.state).toBe("awaiting-approval");
    expect(made.tools.calls).toEqual([]);
    const approval = made.runs.view(id).approvals[0]?.id ?? "";
    await made.approvals.answer(
      { workspace: "default", id: approval },
      { type: "approve", note: "", edit: undefined, remember: false },
      LOCAL_APPROVER,
    );
    await ended(made, id, "completed");
    expect(texts(made.runs.view(id).steps)).toEqual(['saw "x"']);
  });

  test("a tool receives a person's answer to its question, and its log lines are reported", async () => {
    const asking: FakeTool = {
      name: "ask",
      run: async ({ context }, signal) => {
        context.onLog?.([{ atMs: 0, text: "asking" }]);
        const question = { server: "fake", message: "Which?", schema: undefined, url: undefined };
        const reply = await context.ask?.(question, signal);
        return done(`they ${reply?.type}`);
      },
    };
    await using made = freshEngine({
      ...options,
      model: scripted([{ toolCalls: [call("ask")] }, { text: "thanks" }]),
      tools: [asking],
    });
    const lines: string[] = [];
    made.runs.hub.watchAll((news) => {
      if (news.type === "tool-log") lines.push(...news.lines.map(({ text }) => text));
    });
    const { id, ended: over } = await made.begin("go");
    await ended(made, id, "awaiting-input");
    await made.runs.answer(id, made.runs.view(id).questions[0]?.id ?? "", { action: "accept", content: {} });
    expect((await over).state).toBe("completed");
    expect([texts(made.runs.view(id).steps), lines]).toEqual([["they accepted"], ["asking"]]);
  });

  test("the whole text is streamed in order as the model writes it", async () => {
    const text = "All of this, piece by piece. ".repeat(40);
    await using made = freshEngine({ ...options, model: scripted([{ text, chunkChars: 3 }]) });
    let streamed = "";
    made.runs.hub.watchAll((news) => {
      if (news.type !== "text-delta") return;
      expect(news.offset).toBe(streamed.length);
      streamed += news.text;
    });
    expect((await made.run("go")).view.output).toBe(text);
    expect(streamed).toBe(text);
  });

  test("a budget stops the run before the call that it has no room for", async () => {
    const usage = { inputTokens: 1_000, outputTokens: 50 };
    await using made = freshEngine({
      ...options,
      model: scripted(
        [
          { toolCalls: [call("look"), call("look")], usage },
          { text: "done", usage },
        ],
        {
          id: "paid/model",
        },
      ),
      tools: [LOOK],
      budgets: { prices: { models: { "paid/*": { input: 1, output: 10 } } } },
      plan: {
        budget: { run: { tool_calls: { max: 1, key: "budget.tool_calls", file: "t.toml", per: "run" } }, agent: {} },
      },
    });
    const { view, id } = await made.run("go");
    expect(view.failure).toMatchObject({ code: "BUDGET_EXCEEDED" });
    expect(made.tools.calls).toEqual([]);
    expect(made.journal.summary(id)?.spent).toMatchObject({ usd: 1_500, tokens: 1_050 });
  });

  test("a turn that a model fails goes to the backup, and an answer that does not fit is asked for again", async () => {
    const failing = scripted([{ error: { class: "rate_limited", message: "no", retryAfterMs: 60_000 } }], {
      id: "a/b",
    });
    const backup = scripted([{ text: "blue" }, { text: '{"colour": "blue"}' }], { id: "c/d" });
    const outputSchema = { type: "object", properties: { colour: { type: "string" } }, required: ["colour"] };
    await using made = freshEngine({
      ...options,
      model: failing,
      backups: { "c/d": backup },
      plan: { fallback: ["c/d"], outputSchema },
    });
    const { view } = await made.run("go");
    expect(view).toMatchObject({ state: "completed", outputJson: { colour: "blue" }, modelInUse: "c/d" });
  });

  test("a long result is kept as a file of the run, which the model reads on in", async () => {
    const read = { name: "caxton__read_result", arguments: { name: "fake__long-result.txt", offset: 39_000 } };
    await using made = freshEngine({
      ...options,
      model: scripted([{ toolCalls: [call("long")] }, { toolCalls: [read] }, { text: "read" }]),
      tools: [{ name: "long", run: () => done("word ".repeat(8_000)) }],
    });
    const { view, id } = await made.run("go");
    expect(view).toMatchObject({ state: "completed", output: "read" });
    expect(texts(view.steps)[1]).toContain("(characters 39000 to 40000 of 40000; this is its end)");
    expect(made.artifacts.ofRun(id)).toHaveLength(1);
  });

  test("a cancelled run stops its tool, and is cancelled on disk when cancel returns", async () => {
    const begun = Promise.withResolvers<void>();
    const slow: FakeTool = {
      name: "slow",
      run: async (_call, signal) => {
        begun.resolve();
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        return { type: "failed", reason: "cancelled", message: "", usage: { fuel: 0, durationMs: 0, memoryBytes: 0 } };
      },
    };
    await using made = freshEngine({ ...options, model: scripted([{ toolCalls: [call("slow")] }]), tools: [slow] });
    const { id, ended: over } = await made.begin("go");
    await begun.promise;
    await made.runs.cancel(id, "enough");
    expect(made.journal.summary(id)?.state).toBe("cancelled");
    expect((await over).state).toBe("cancelled");
  });

  test("a run that takes too long fails by name", async () => {
    const model = scripted([{ text: "late", delayMs: 20_000 }]);
    await using made = freshEngine({ ...options, model, plan: { timeoutMs: 30 } });
    expect((await made.run("go")).view.failure).toMatchObject({ code: "RUN_TIMEOUT" });
  });

  test("a run interrupted by a stop of the server resumes at the next start and repeats no finished step", async () => {
    using directory = tempDirectory();
    const begun = Promise.withResolvers<void>();
    const wait: FakeTool = {
      name: "wait",
      run: async (_call, signal) => {
        begun.resolve();
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        return { type: "failed", reason: "cancelled", message: "", usage: { fuel: 0, durationMs: 0, memoryBytes: 0 } };
      },
    };
    const turns = [{ toolCalls: [call("look", { text: "x" })] }, { toolCalls: [call("wait")] }, { text: "done" }];
    const common = { ...options, directory: directory.path };
    const first = engine({ ...common, model: scripted(turns), tools: [LOOK, wait] });
    const { id, ended: over } = await first.begin("go");
    await begun.promise;
    await first[Symbol.asyncDispose]();
    expect((await over).state).toBe("left");
    await using second = engine({
      ...common,
      model: scripted(turns),
      tools: [LOOK, { name: "wait", run: () => done("waited") }],
    });
    expect(second.runs.resumeUnfinished()).toBe(1);
    await ended(second, id, "completed");
    expect(second.tools.calls.map(({ tool }) => tool)).toEqual(["wait"]);
    expect(second.runs.view(id)).toMatchObject({ attempt: 2, output: "done" });
  });
});

// record.recorder.R2
test("both write the same journal, but for ids, times and what it says of isolation", async () => {
  const journals = [];
  for (const [, options] of MODES) {
    await using made = freshEngine({
      ...options,
      model: scripted([
        { text: "first", toolCalls: [call("look", { text: "x" }), call("look", { text: "y" })] },
        { text: "It is blue." },
      ]),
      tools: [LOOK],
      plan: { concurrentToolsMax: 1 },
    });
    const { id } = await made.run("go");
    const passing = new Set(["callId", "durationMs", "firstPartMs", "isolation"]);
    journals.push(
      made.journal
        .read(id, 0)
        .map(({ event }) =>
          canonicalJson(JSON.parse(JSON.stringify(event, (key, value) => (passing.has(key) ? 0 : value)))),
        ),
    );
  }
  expect(journals[1]?.map((line) => line.replace('"isolation":0,', ""))).toEqual(journals[0]);
});

const FAULTY = await workerProgram("test/fixtures/workers/faulty.ts");
const faulty = (workers: EngineOptions["workers"] = {}, plan: EngineOptions["plan"] = {}): Engine =>
  freshEngine({
    model: lookThenSay(),
    tools: [LOOK],
    workers: { warm: 0, program: FAULTY, ...workers },
    plan,
  });

describe("a thread that goes wrong takes only its own run down", () => {
  // workers.run-worker.T2
  test("one that hangs is ended, and its run fails by name", async () => {
    await using made = faulty({ unresponsiveAfterMs: 1_000 });
    const [{ view }, { outcome }] = await Promise.all([made.run("hang"), made.run("go")]);
    expect(outcome.state).toBe("completed");
    expect(view.failure).toMatchObject({ code: "WORKER_STUCK" });
    expect(texts(view.steps)).toEqual(['saw "x"']);
  });

  // workers.worker-rpc-server.D3
  test("one that hangs is ended also when its run is cancelled or its time is over", async () => {
    await using made = faulty({ unresponsiveAfterMs: 600_000 }, { timeoutMs: 3_000 });
    const [{ id, ended: over }, late] = [await made.begin("hang"), made.run("hang")];
    await vi.waitFor(() => expect(made.tools.calls).toHaveLength(2), { timeout: 20_000, interval: 5 });
    await made.runs.cancel(id, "enough");
    expect((await over).state).toBe("cancelled");
    expect((await late).view.failure).toMatchObject({ code: "RUN_TIMEOUT" });
  });

  test("one that uses up its memory is ended, and its run fails by name", async () => {
    await using made = faulty({ memoryMib: 48 });
    const [{ view }, { outcome }] = await Promise.all([made.run("fill"), made.run("go")]);
    expect(outcome.state).toBe("completed");
    expect(view.failure).toMatchObject({ code: "WORKER_OUT_OF_MEMORY" });
  });

  test("after a crash the run resumes from its journal in another worker, a few times", async () => {
    await using made = faulty();
    const [{ view }, { view: given }] = await Promise.all([made.run("die once"), made.run("die")]);
    expect(view).toMatchObject({ state: "completed", attempt: 2, output: "It is blue." });
    expect(given).toMatchObject({ failure: { code: "WORKER_LOST" }, attempt: 3 });
    expect(made.tools.calls).toHaveLength(2);
  });

  test("what it throws fails the run as a bug", async () => {
    await using made = faulty();
    expect((await made.run("throw")).view.failure).toMatchObject({ code: "BUG" });
  });
});

// workers.worker-rpc-server.D1, workers.run-worker.T1
test("a thread has no environment, no files, no network, and starts nothing", async () => {
  await using made = faulty();
  const { view } = await made.run("look around");
  expect(JSON.parse(view.failure?.message ?? "")).toEqual({ file: "ERR_ACCESS_DENIED", environment: 0, has: [] });
});

// workers.worker-pool.W2
test("no more runs than allowed have threads at once, the others wait, and none is there before the first", async () => {
  let most = 0;
  let now = 0;
  const busy: FakeTool = {
    name: "look",
    run: async () => {
      most = Math.max(most, (now += 1));
      await new Promise((resolve) => setImmediate(resolve));
      now -= 1;
      return done("seen");
    },
  };
  await using made = freshEngine({
    model: lookThenSay(),
    tools: [busy],
    workers: { warm: 1, max: 2, program: PROGRAM },
  });
  const runs = await Promise.all(Array.from({ length: 5 }, () => made.run("go")));
  expect(runs.map(({ outcome }) => outcome.state)).toEqual(Array.from({ length: 5 }, () => "completed"));
  expect(most).toBeLessThanOrEqual(2);
});
