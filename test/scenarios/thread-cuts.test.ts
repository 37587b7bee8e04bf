import { type Arbitrary, array, assert, asyncProperty, boolean, constantFrom, nat, record } from "fast-check";
import { expect, test } from "vitest";
import { mint, RunId, ThreadId, ToolCallId } from "../../src/kernel/ids.ts";
import { layOut } from "../../src/runs/context/index.ts";
import type { JournalEntry, RunEvent } from "../../src/runs/index.ts";
import { foldRun, historyOf, messagesOf, PastRun, pastRunOf } from "../../src/runs/record/index.ts";
import type { ModelMessage } from "../../src/models/port/language-model.ts";
import { withCallIds } from "../../src/models/port/index.ts";
import { WIRE_RULES, wireFaults, wireRequest } from "../helpers/wire-rules.ts";

const MODEL = { id: "test/model", limits: undefined };
const thread = mint(ThreadId);
const NO_USAGE = {};

/** Ids as servers and gateways give them. */
const IDS = ["call_0", "call_0_2", "", "functions.describe:0", "abcdefgh1", `call_${"long".repeat(20)}`];

/** One model turn of a run: its text, its calls with ids of the model, and whether the user said something during it. */
const Turn = record({
  text: constantFrom("", "words", "\n"),
  calls: array(constantFrom(...IDS), { maxLength: 3 }),
  arguments: constantFrom("{}", "", '{"path": "exa', "[1]"),
  input: boolean(),
  model: constantFrom(MODEL.id, "other/model"),
  rejected: boolean(),
  /** Its calls wait for answers of the user. */
  asks: boolean(),
});
const Course = record({ turns: array(Turn, { minLength: 1, maxLength: 4 }), summary: boolean() });
type Course = typeof Course extends Arbitrary<infer Value> ? Value : never;

/** The events of a run with one turn of the model after the other, each call with its result. */
function eventsOf({ turns, summary }: Course, parent: RunId | null, before: number): readonly RunEvent[] {
  const events: RunEvent[] = [
    {
      type: "run-queue",
      workspace: "default",
      agent: "tester",
      revision: 1,
      model: null,
      files: [],
      thread: { id: thread, parent, author: "" },
      content: { input: "ask", system: "Be a test.", prompt: "ask" },
    },
    { type: "run-start", attempt: 1 },
  ];
  turns.forEach(({ text, calls, arguments: written, input, model, rejected, asks }, index) => {
    const step = index + 1;
    events.push({ type: "model-start", step, model, attempt: 1 });
    if (input) events.push(inputEvent());
    const toolCalls = calls.map((id) => ({ id, name: "look", arguments: written }));
    const content = { text, toolCalls, providerMetadata: { signature: `${step}` } };
    events.push({
      type: "model-end",
      step,
      model,
      finish: "stop",
      durationMs: 1,
      firstPartMs: 1,
      usage: NO_USAGE,
      content,
    });
    if (calls.length === 0 && rejected) events.push({ type: "output-reject", step, problems: ["not JSON"] });
    const started = toolCalls.map(({ id }) => ({ callId: mint(ToolCallId), id }));
    for (const { callId, id } of started) {
      const call = { modelCallId: id, name: "look", server: "fake", tool: "look", repeatable: true };
      events.push({ type: "tool-start", step, callId, ...call, content: { arguments: {} } });
    }
    if (asks) {
      for (const { callId } of started) {
        const form = { kind: "client-tool", name: "look", arguments: {} } as const;
        const wait = { conversationId: "", replyWith: callId, deadlineMs: 1, to: "the caller" };
        events.push({ type: "reply-wait", step, callId, ...wait, content: form }, { type: "tool-rest", step, callId });
      }
      events.push({ type: "run-suspend", state: "awaiting-input" });
      for (const { callId } of started) {
        const given = {
          outcome: "answered",
          messageId: null,
          from: "ann",
          content: { text: "seen", structured: null },
        };
        events.push(
          { type: "reply-end", callId, replyWith: callId, ...given, outcome: "answered" },
          { type: "run-resume" },
        );
      }
    }
    for (const { callId } of started) {
      const end = { fuel: 0, memoryBytes: 0, durationMs: 1, artifacts: [] };
      events.push({
        type: "tool-end",
        step,
        callId,
        outcome: "done",
        ...end,
        content: { text: "seen", structured: null },
      });
    }
    if (summary && index === 0) {
      const made = { model: "", degraded: "", usage: NO_USAGE, durationMs: 1, content: { text: "notes" } };
      events.push({ type: "context-summary", step, coversThroughTurn: before + step, ...made });
    }
  });
  return events;
}

/** An input with a text of its own. */
const inputEvent = (id = mint(RunId)): RunEvent => ({
  type: "run-input",
  id,
  author: "ann",
  content: { text: `and this: ${id}` },
});

/** Messages of the user in the events of a run. */
const saidIn = (events: readonly RunEvent[]): readonly string[] =>
  events.flatMap((event) => (event.type === "run-input" ? [event.content.text] : []));

const ENDS: readonly RunEvent[] = [
  { type: "run-complete", content: { output: "words" } },
  { type: "run-fail", failure: { code: "TEST", message: "it failed", hint: "" } },
  { type: "run-cancel", reason: "enough" },
];

const viewOf = (id: RunId, events: readonly RunEvent[]) => {
  const view = foldRun(events.map((event, seq): JournalEntry => ({ seq, runId: id, atMs: seq, event })));
  if (view === undefined) throw new Error("a run has events");
  return view;
};

/** Violations of what every provider insists on. */
function faultsOf(messages: readonly ModelMessage[]): readonly string[] {
  const ids = messages.flatMap((message) =>
    message.role === "assistant" ? message.toolCalls.map(({ id }) => id) : [],
  );
  const faults = messages.map((message, at) => {
    const next = messages[at + 1];
    if (message.role === "user") return next && next.role !== "assistant" ? `${at}: ${next.role} after user` : "";
    if (message.role === "assistant") {
      const calls = message.toolCalls.map(({ id }) => id);
      if (message.text === "" && calls.length === 0) return `${at}: empty`;
      return next?.role === (calls.length > 0 ? "tool" : "user") ? "" : `${at}: ${next?.role} after assistant`;
    }
    const asked = messages[at - 1];
    const calls = asked?.role === "assistant" ? asked.toolCalls.map(({ id }) => id) : [];
    return calls.join() === message.results.map(({ id }) => id).join() ? "" : `${at}: results of other calls`;
  });
  return [
    ...faults,
    messages[0]?.role === "user" ? "" : "it does not begin with the user",
    messages.at(-1)?.role === "assistant" ? "it ends with the assistant" : "",
    new Set(ids).size === ids.length && !ids.includes("") ? "" : "an id occurs twice",
  ].filter((fault) => fault !== "");
}

/** The first request of the run that follows. */
function requestAfter(past: ReadonlyMap<RunId, PastRun>, parent: RunId): readonly ModelMessage[] {
  const history = historyOf(parent, (id) => past.get(id));
  const view = viewOf(mint(RunId), eventsOf({ turns: [], summary: false }, parent, history.position.turns));
  const layout = layOut({
    window: 100_000,
    windowFrom: "default",
    reserve: 0,
    correction: 1,
    fixed: { system: 1, tools: 0, task: 1, recalled: 0 },
    turns: history.turns,
    before: history.points,
    summary: history.summary && { coversThrough: history.summary.coversThrough, tokens: 1 },
    strategy: "summarize",
    keepTurns: 2,
    summaryTokensMax: 100,
    readOn: () => "",
  });
  if (layout.type !== "fits") throw new Error("it fits");
  const through = layout.report.coveredThrough;
  const cover = through === 0 ? undefined : { through, summary: history.summary?.text };
  const parts = { shown: layout.shown, turns: history.turns, before: history.position.turns, model: MODEL };
  return messagesOf(view, parts, cover).messages;
}

/** Ends each run at each of its events in turn, and calls `check` with what the next run of the thread would be asked. */
async function atEveryCut(
  courses: readonly Course[],
  end: number,
  check: (request: readonly ModelMessage[], saidAfter: readonly string[]) => void | Promise<void>,
) {
  const past = new Map<RunId, PastRun>();
  let parent: RunId | null = null;
  for (const course of courses) {
    const before: PastRun | undefined = parent === null ? undefined : past.get(parent);
    const events = eventsOf(course, parent, before?.to.turns ?? 0);
    const id = mint(RunId);
    for (let cut = 2; cut <= events.length; cut += 1) {
      const ended = [...events.slice(0, cut), ENDS[end] ?? ENDS[0]].filter((event) => event !== undefined);
      const kept = pastRunOf(viewOf(id, ended), before);
      expect(PastRun.parse(JSON.parse(JSON.stringify(kept)))).toEqual(kept);
      past.set(id, kept);
      // A summary stands for what was said before its end.
      const isCovered = kept.points.coveredThrough > (before?.to.turns ?? 0);
      await check(requestAfter(past, id), isCovered ? [] : saidIn(ended));
    }
    parent = id;
  }
}

// record.dialogue.D1
test("whatever a run was cut at, the next request of its thread is valid", async () => {
  await assert(
    asyncProperty(array(Course, { minLength: 1, maxLength: 3 }), nat(2), (courses, end) =>
      atEveryCut(courses, end, (request, said) => {
        expect(faultsOf(request)).toEqual([]);
        const text = request.map((message) => (message.role === "user" ? message.text : "")).join("\n");
        expect(said.filter((words) => !text.includes(words))).toEqual([]);
      }),
    ),
    { numRuns: 150 },
  );
});

test.each(WIRE_RULES)("the next request of a cut thread keeps the rules of $type $api $model", async (rules) => {
  await assert(
    asyncProperty(array(Course, { minLength: 1, maxLength: 2 }), nat(2), (courses, end) =>
      atEveryCut(courses, end, async (request) => {
        const body = await wireRequest(rules, request);
        const faults = wireFaults(rules, body);
        expect(faults, JSON.stringify(body)).toEqual([]);
      }),
    ),
    { numRuns: 25 },
  );
});

/** Calls with their results. */
const callsOf = (...ids: readonly string[]): readonly ModelMessage[] => [
  { role: "assistant", text: "", toolCalls: ids.map((id) => ({ id, name: "look", arguments: "{}" })) },
  {
    role: "tool",
    results: ids.map((id) => ({ id, name: "look", text: "seen", structured: undefined, failed: false })),
  },
];

test.each(WIRE_RULES)("$type $api $model reads the same ids in a longer dialogue", async (rules) => {
  const begun: readonly ModelMessage[] = [{ role: "user", text: "ask" }, ...callsOf(...IDS), ...callsOf(...IDS)];
  const [short, long] = [await wireRequest(rules, begun), await wireRequest(rules, [...begun, ...callsOf(...IDS)])];
  const read = rules.read(short);
  expect(rules.read(long).slice(0, read.length)).toEqual(read);
});

test("metadata of a call is sent back although its id was replaced", async () => {
  const [gemini] = WIRE_RULES.filter(({ type }) => type === "google");
  const ids = ["", "call_0"];
  const turn = (signature: string): readonly ModelMessage[] => [
    {
      role: "assistant",
      text: "",
      toolCalls: ids.map((id) => ({ id, name: "look", arguments: "{}" })),
      providerMetadata: {
        vendor: "google",
        reasoning: [],
        calls: Object.fromEntries(ids.map((id) => [id, { thoughtSignature: `${signature}${id}` }])),
      },
    },
    {
      role: "tool",
      results: ids.map((id) => ({ id, name: "look", text: "seen", structured: undefined, failed: false })),
    },
  ];
  const messages = withCallIds([{ role: "user", text: "ask" }, ...turn("a"), ...turn("b")], (id) => id !== "");
  const body = JSON.stringify(gemini && (await wireRequest(gemini, messages)));
  expect(body.match(/"thoughtSignature":"[^"]*"/g)).toEqual(
    ["a", "acall_0", "b", "bcall_0"].map((signature) => `"thoughtSignature":"${signature}"`),
  );
});
