import { expect, test } from "vitest";
import { scripted, type ScriptedTurnInput } from "../../src/models/vendors/index.ts";
import { type ContextSettings, DEFAULT_CONTEXT } from "../../src/agents/definitions/tables/context-settings.ts";
import { SUMMARY_REQUEST } from "../../src/runs/context/index.ts";
import { type LanguageModel, type ModelRequest } from "../../src/models/port/language-model.ts";
import { RUN_FAILURE_CODES } from "../../src/runs/record/index.ts";
import { done, engine, freshEngine } from "../helpers/engine.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("run.linear-history", "run.context-budget", "run.context-shown", "run.offloaded-results");

const call = (at: number) => ({ name: "fake__look", arguments: { text: `${at}` } });
const words = (count: number, word: string): string =>
  Array.from({ length: count }, (_, at) => `${word} ${at}`).join(" ");

/** Turns that each look at something new, and an answer. */
const lookingFor = (turns: number): readonly ScriptedTurnInput[] => [
  ...Array.from({ length: turns }, (_, at) => ({ toolCalls: [call(at + 1)] })),
  { text: "All seen." },
];
const look = (length: number) => ({
  name: "look",
  run: ({ arguments: { text } }: { arguments: { readonly [key: string]: unknown } }) =>
    done(words(length, `seen-${String(text)}`)),
});

const isSummary = ({ messages: [first] }: ModelRequest): boolean =>
  first?.role === "user" && first.text.startsWith(SUMMARY_REQUEST);

/** A model that keeps what it is asked; summaries are answered beside the script. */
function watched(model: LanguageModel, summary: (request: ModelRequest) => string | undefined = () => "Notes: fine.") {
  const requests: ModelRequest[] = [];
  const summaries: ModelRequest[] = [];
  const watching: LanguageModel = {
    id: model.id,
    limits: undefined,
    async *stream(request, signal) {
      if (!isSummary(request)) {
        requests.push(request);
        yield* model.stream(request, signal);
        return;
      }
      summaries.push(request);
      const text = summary(request);
      if (text === undefined) {
        const failure = { class: "overloaded", message: "too busy", status: 503, retryAfterMs: undefined } as const;
        yield { type: "error", failure };
        return;
      }
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
  return { model: watching, requests, summaries };
}

const small = (over: Partial<ContextSettings> = {}): ContextSettings => ({
  ...DEFAULT_CONTEXT,
  windowTokens: 6_000,
  summaryTokensMax: 300,
  ...over,
});

const messagesOf = (requests: readonly ModelRequest[]) => requests.map(({ messages }) => messages);

/** What every provider insists on: user first, calls answered at once and by their ids, no other results. */
function expectValid({ messages }: ModelRequest): void {
  expect(messages[0]?.role).toBe("user");
  const answered = messages.map((message, at) => {
    const next = messages[at + 1];
    return message.role === "assistant" && next?.role === "tool" ? next.results.map(({ id }) => id) : [];
  });
  const asked = messages.map((message) => (message.role === "assistant" ? message.toolCalls.map(({ id }) => id) : []));
  expect(answered).toEqual(asked);
  const before = (role: string) =>
    messages.flatMap((message, at) => (message.role === role ? [messages[at - 1]?.role] : []));
  expect(before("tool").filter((role) => role !== "assistant")).toEqual([]);
  expect(before("assistant").filter((role) => role === "assistant")).toEqual([]);
}

test("a long run stays within its window: task and newest turns complete, older ones in summaries that are made once", async () => {
  const { model, requests, summaries } = watched(scripted(lookingFor(60)));
  await using made = freshEngine({ model, tools: [look(150)], plan: { context: small(), stepsMax: 100 } });
  const { view } = await made.run("Look at everything, please.");
  expect(view).toMatchObject({ state: "completed", output: "All seen." });
  expect(view.steps).toHaveLength(121);
  for (const request of requests) {
    expectValid(request);
    expect(request.system).toBe("Be a test.");
    expect(request.messages[0]).toMatchObject({ text: expect.stringContaining("Look at everything, please.") });
  }
  const reports = view.steps.flatMap((step) => (step.kind === "model" && step.context ? [step.context] : []));
  expect(reports).toHaveLength(61);
  for (const { estimate, window, reserve } of reports) expect(estimate).toBeLessThanOrEqual(window - reserve);
  expect(view.summaries.length).toBeGreaterThan(1);
  expect(view.summaries).toHaveLength(summaries.length);
  const through = view.summaries.map(({ coversThrough }) => coversThrough);
  expect(through).toEqual([...new Set(through)].toSorted((one, other) => one - other));
  expect(summaries.at(-1)?.messages[0]).toMatchObject({ text: expect.stringContaining("Notes: fine.") });
  const last = requests.at(-1);
  expect(last?.messages[0]).toMatchObject({ text: expect.stringContaining("Notes: fine.") });
  expect(last?.messages.at(-1)).toMatchObject({ results: [{ text: words(150, "seen-60") }] });
  expect(last?.turnsLeftOut).toBe(through.at(-1));
});

test("500 turns cost as much a turn at their end as at their begin, on disk and in the report", async () => {
  const { model, requests } = watched(scripted(lookingFor(500)));
  await using made = freshEngine({
    model,
    tools: [look(100)],
    plan: { context: small(), stepsMax: 600, timeoutMs: 300_000 },
  });
  const { id, view } = await made.run("Look.");
  expect(view.state).toBe("completed");
  const sizes = made.journal.read(id, 0).map(({ event }) => JSON.stringify(event).length);
  const part = (from: number) => sizes.slice(from, from + 300).reduce((sum, size) => sum + size, 0);
  expect(part(sizes.length - 400)).toBeLessThan(1.5 * part(100));
  const asked = requests.map((request) => JSON.stringify(request.messages).length);
  expect(Math.max(...asked)).toBeLessThan(40_000);
  const reports = view.steps.flatMap((step) => (step.kind === "model" ? [JSON.stringify(step.context).length] : []));
  expect(Math.max(...reports)).toBeLessThan(1_500);
}, 120_000);

// turn.turn-context.C1, turn.turn-context.C2
test("a run that is stopped during its summary resumes with the same request; summaries on disk are used", async () => {
  using directory = tempDirectory();
  const plan = { context: small(), stepsMax: 100 };
  const unbroken = watched(scripted(lookingFor(30)));
  await using whole = freshEngine({ model: unbroken.model, tools: [look(150)], plan });
  const expected = (await whole.run("Look.")).view;
  const stop = Promise.withResolvers<void>();
  const first = watched(scripted(lookingFor(30)));
  const hanging: LanguageModel = {
    ...first.model,
    async *stream(request, signal) {
      if (!isSummary(request)) return yield* first.model.stream(request, signal);
      stop.resolve();
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      const failure = { class: "cancelled", message: "stopped", status: undefined, retryAfterMs: undefined } as const;
      yield { type: "error", failure };
    },
  };
  const before = engine({ directory: directory.path, model: hanging, tools: [look(150)], plan });
  const { id } = await before.begin("Look.");
  await stop.promise;
  await before[Symbol.asyncDispose]();
  const second = watched(scripted(lookingFor(30)));
  await using after = engine({ directory: directory.path, model: second.model, tools: [look(150)], plan });
  expect(after.runs.view(id).summaries).toEqual([]);
  after.runs.resumeUnfinished();
  await expect.poll(() => after.runs.view(id).state).toBe("completed");
  const view = after.runs.view(id);
  expect(view.summaries.map(({ coversThrough, text }) => [coversThrough, text])).toEqual(
    expected.summaries.map(({ coversThrough, text }) => [coversThrough, text]),
  );
  expect(messagesOf(second.requests)).toEqual(messagesOf(unbroken.requests).slice(-second.requests.length));
});

test("where no model can summarize, excerpts stand for the notes, and the run says so", async () => {
  const { model } = watched(scripted(lookingFor(30)), () => undefined);
  await using made = freshEngine({ model, tools: [look(150)], plan: { context: small(), stepsMax: 100 } });
  const { view } = await made.run("Look.");
  expect(view.state).toBe("completed");
  expect(view.summaries[0]).toMatchObject({ model: "", degraded: expect.stringContaining("too busy") });
  expect(view.summaries[0]?.text).toContain("call 1, fake__look");
});

test("with the strategy sliding old turns are left out, and the model is informed", async () => {
  const { model, requests, summaries } = watched(scripted(lookingFor(30)));
  const context = small({ strategy: "sliding" });
  await using made = freshEngine({ model, tools: [look(150)], plan: { context, stepsMax: 100 } });
  expect((await made.run("Look.")).view).toMatchObject({ state: "completed", summaries: [] });
  expect(summaries).toEqual([]);
  expect(requests.at(-1)?.messages[0]).toMatchObject({ text: expect.stringMatching(/Turns 1 to \d+ .* are left out/) });
});

test("what was shortened the model can read on, by the number of its call", async () => {
  const turns: readonly ScriptedTurnInput[] = [
    ...Array.from({ length: 5 }, (_, at) => ({ toolCalls: [call(at + 1)] })),
    { toolCalls: [{ name: "caxton__read_result", arguments: { call: 1, offset: 0, length: 20 } }] },
    { text: "read" },
  ];
  const { model, requests } = watched(scripted(turns));
  await using made = freshEngine({ model, tools: [look(500)], plan: { context: small({ keepTurns: 1 }) } });
  const { view } = await made.run("Look.");
  expect(view.state).toBe("completed");
  const asked = requests.findIndex(({ messages }) => JSON.stringify(messages).includes("characters left out here"));
  expect(requests[asked]?.tools.map(({ name }) => name)).toContain("caxton__read_result");
  expect(view.steps.findLast(({ kind }) => kind === "tool")).toMatchObject({
    end: { outcome: "done", text: expect.stringContaining("seen-1 0 seen-1 1") },
  });
});

test("a request that does not fit is not sent, and the failure names what takes the space", async () => {
  const { model, requests } = watched(scripted([{ text: "never" }]));
  await using made = freshEngine({ model, plan: { context: small() } });
  const { view } = await made.run(words(4_000, "long"));
  expect(requests).toEqual([]);
  expect(view).toMatchObject({ state: "failed", failure: { code: RUN_FAILURE_CODES.contextTooLong } });
  expect(view.failure?.message).toMatch(
    /nothing was sent.*task \d+.*window of 6000 \(as the agent's definition says\)/,
  );
});

test("what its provider thinks too long is made smaller and sent once more, and the run stays smaller", async () => {
  const inner = scripted(lookingFor(12));
  let refused = 0;
  const { model, requests } = watched({
    id: inner.id,
    limits: undefined,
    async *stream(request, signal) {
      if (JSON.stringify(request.messages).length < 9_000) return yield* inner.stream(request, signal);
      refused += 1;
      const failure = {
        class: "context_too_long",
        message: "maximum context length",
        status: 400,
        retryAfterMs: undefined,
      } as const;
      yield { type: "error", failure };
    },
  });
  await using made = freshEngine({ model, tools: [look(150)], plan: { context: small({ strategy: "sliding" }) } });
  const { view } = await made.run("Look.");
  expect(view).toMatchObject({ state: "completed" });
  expect(refused).toBe(1);
  expect(requests).toHaveLength(14);
  const reports = view.steps.flatMap((step) => (step.kind === "model" && step.context ? [step.context] : []));
  expect(reports.at(-1)).toMatchObject({ windowFrom: "refused" });
});

test("what was recalled is left out of a request that would not fit with it, and of one that has room for it is not", async () => {
  const recalled = words(600, "remembered");
  const plan = {
    recall: async () => ({ text: recalled, notices: [] }),
    render: ({ input, recalled: text }: { readonly input: string; readonly recalled?: string | undefined }) => ({
      system: "Be a test.",
      prompt: `${input}\n${text ?? ""}`,
    }),
  };
  for (const [windowTokens, action] of [
    [1_000, "dropped"],
    [6_000, "included"],
  ] as const) {
    const { model, requests } = watched(scripted([{ text: "Well." }]));
    await using made = freshEngine({ model, plan: { ...plan, context: small({ windowTokens, reserveTokens: 100 }) } });
    const { view } = await made.run("Who is it?");
    expect(view.state).toBe("completed");
    expect(view.prompt).toContain(recalled);
    const [step] = view.steps;
    const report = step?.kind === "model" ? step.context : undefined;
    expect(report?.parts.find(({ what }) => what === "recalled memory")).toMatchObject({ action });
    expect(report?.estimate).toBeLessThanOrEqual(windowTokens - 100);
    const [asked] = requests;
    expect(asked?.tools).toEqual([]);
    const text = action === "included" ? `Who is it?\n${recalled}` : "Who is it?\n(left out: it did not fit)";
    expect(asked?.messages[0]).toMatchObject({ role: "user", text });
  }
});
