import { Readable, Writable } from "node:stream";
import * as fc from "fast-check";
import { expect, test, vi } from "vitest";
import type { RunDetail, Step } from "../../api/contract/index.ts";
import { renderRun } from "./detail.ts";
import { RunView } from "./view.ts";
import { Terminal } from "../terminal/index.ts";

function screen() {
  const written: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk, _encoding, done) => {
      written.push(String(chunk));
      done();
    },
  });
  const output = Object.assign(stream, { isTTY: true, columns: 80 });
  const terminal = new Terminal({ input: Readable.from([]), output, error: output }, { colour: false, quiet: false });
  // What is left on a screen: the status line is always cleared before something else is written.
  // oxlint-disable-next-line no-control-regex
  const shown = () => written.join("").replaceAll(/\r?\u001B\[2K(?:[⠀-⣿] [^\r\n]*)?/g, "");
  return { terminal, shown };
}

const at = "2026-11-21T10:00:00.000Z";
const modelStep = (more: Partial<Extract<Step, { kind: "model" }>>): Step => ({
  kind: "model",
  index: 1,
  turn: 1,
  state: "done",
  started_at: at,
  resumed_at: at,
  duration_ms: 5,
  model: "mock",
  text: "",
  reasoning: "",
  tool_calls: [],
  finish: "stop",
  first_part_ms: 1,
  input_tokens: 1,
  cost: null,
  limited: null,
  offered_tools: null,
  offered_tools_tokens: null,
  output_tokens: 1,
  attempts: [],
  queued_ms: 0,
  waits_for: null,
  output_problems: [],
  context: null,
  ...more,
});
const toolStep: Step = {
  kind: "tool",
  index: 2,
  turn: 1,
  state: "done",
  started_at: at,
  duration_ms: 12,
  call_id: "call",
  tool: "csv_parser.group",
  arguments: {},
  waits_for: null,
  outcome: "done",
  text: "3 rows",
  structured: null,
  fuel: 1,
  memory_bytes: 1,
  artifacts: [],
};
const ended = (output: string): RunDetail => ({
  id: "run",
  workspace: "default",
  agent: "greeter",
  revision: 1,
  model: "mock",
  state: "completed",
  resting: false,
  input_preview: "",
  output_preview: "",
  created_at: at,
  started_at: at,
  ended_at: at,
  duration_ms: 1,
  steps: 1,
  tool_calls: 0,
  input_tokens: 1,
  output_tokens: 1,
  failure: null,
  input: "",
  output,
  output_json: null,
  choice: null,
  system_prompt: "",
  messages: [],
  side_effects: "allow",
  recalled: "",
  handoffs: { from: null, to: null },
  variables: {},
  prompt: "",
  files: [],
  client_message_id: null,
  inputs: [],
  attempt: 1,
  isolation: "context",
  acts_as: "agent_greeter",
  caller: { id: "key_1", name: "ci", role: "worker", lacks: ["memory:write"] },
  waiting_for: null,
  origin: null,
  message: null,
  made_from_it: [],
  remembered: null,
  waiting_calls: [],
  hint: "",
  thread: null,
  tags: [],
  parent: null,
  handed_from: null,
  handed_to: null,
  notices: [],
  notice_list: [],
  summaries: [],
  step_list: [],
  artifacts: [],
  questions: [],
  client_calls: [],
  approvals: [],
  replies: [],
  cost: { usd: 0, unpriced_calls: 0, estimated_calls: 0 },
  spent: { tokens: 0, usd: 0, tool_calls: 0, seconds: 0, fuel: 0 },
  last_event_id: "re1",
});

const live = { live: true, verbose: false };

// run.view.V2
test("text appears as it comes, tool calls between it, each once", () => {
  const { terminal, shown } = screen();
  const view = new RunView(terminal, live);
  view.show({ type: "text-delta", turn: 1, offset: 0, text: "Let me " });
  view.show({ type: "text-delta", turn: 1, offset: 7, text: "look." });
  view.show({
    type: "step",
    step: modelStep({ text: "Let me look.", tool_calls: [{ id: "1", name: "x", arguments: "" }] }),
  });
  view.show({ type: "step", step: toolStep });
  view.show({ type: "step", step: toolStep });
  view.show({ type: "text-delta", turn: 2, offset: 0, text: "Here it is." });
  view.show({ type: "step", step: modelStep({ index: 3, turn: 2, text: "Here it is." }) });
  view.show({ type: "end", run: ended("Here it is.") });
  expect(shown()).toBe("Let me look.\n● csv_parser.group  12 ms\nHere it is.\n");
});

test("a run that has ended already is shown whole", () => {
  const { terminal, shown } = screen();
  const view = new RunView(terminal, live);
  view.show({
    type: "step",
    step: modelStep({ text: "Let me look.", tool_calls: [{ id: "1", name: "x", arguments: "" }] }),
  });
  view.show({ type: "step", step: toolStep });
  view.show({ type: "step", step: modelStep({ index: 3, turn: 2, text: "Here it is." }) });
  view.show({ type: "end", run: ended("Here it is.") });
  expect(shown()).toBe("Let me look.\n● csv_parser.group  12 ms\nHere it is.\n");
});

test("reports a failed attempt when the model answers", () => {
  const { terminal, shown } = screen();
  const view = new RunView(terminal, live);
  const attempts = [
    { model: "mock", class: "overloaded", message: "try later", retry_in_ms: 10, next: null, cost: null },
  ];
  view.show({ type: "step", step: modelStep({ text: "Yes.", attempts }) });
  view.show({ type: "end", run: ended("Yes.") });
  expect(shown()).toBe("! mock: try later\nYes.\n");
});

test("reasoning is one line beside the text, and cannot control the terminal", () => {
  const { terminal, shown } = screen();
  const view = new RunView(terminal, live);
  const reasoning = "I should\n\u001B[2Jlook.";
  view.show({ type: "step", step: modelStep({ text: "One.", reasoning, tool_calls: [] }) });
  view.show({ type: "text-delta", turn: 2, offset: 0, text: "Tw" });
  view.show({ type: "step", step: modelStep({ index: 3, turn: 2, text: "Two.", reasoning: "Count." }) });
  view.show({ type: "end", run: ended("Two.") });
  expect(shown()).toBe("· I should look.\nTwo.\n· Count.\n");
});

test("reasoning is in the line of the status while it is written, and above its text", () => {
  const { terminal, shown } = screen();
  const status = vi.spyOn(terminal, "status");
  const view = new RunView(terminal, live);
  view.show({ type: "reasoning-delta", turn: 1, offset: 0, text: "I should " });
  view.show({ type: "reasoning-delta", turn: 1, offset: 9, text: "count\u001B[2J." });
  expect(status).toHaveBeenLastCalledWith("· I should count.");
  view.show({ type: "text-delta", turn: 1, offset: 0, text: "Tw" });
  view.show({ type: "step", step: modelStep({ text: "Two.", reasoning: "I should count." }) });
  view.show({ type: "end", run: ended("Two.") });
  expect(shown()).toBe("· I should count.\nTwo.\n");
});

test("a message that joins the turn is printed with its author", () => {
  const { terminal, shown } = screen();
  const view = new RunView(terminal, live);
  view.show({ type: "text-delta", turn: 1, offset: 0, text: "One" });
  view.show({
    type: "input",
    input: { turn: 2, text: "and\u001B[2J shorter", author: "ann", client_message_id: null, at },
  });
  expect(shown()).toBe("One\n↳ ann: and shorter\n");
});

test("a call of a tool of a client is printed while it waits", () => {
  const { terminal, shown } = screen();
  const view = new RunView(terminal, live);
  const call = { id: "1", call_id: "1", name: "pick", arguments: {}, asked_at: at, expires_at: at, by: "" };
  view.show({ type: "client-call", call: { ...call, state: "open" } });
  view.show({ type: "client-call", call: { ...call, state: "accepted", by: "ann" } });
  expect(shown()).toBe("waits for pick of the client that offers it\n");
});

// run.view.V1
test("whatever deltas a broken stream loses, the answer is on the screen once and whole", () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,6}$/), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(words, fc.nat(8), fc.nat(8), (pieces, from, count) => {
      const { terminal, shown } = screen();
      const view = new RunView(terminal, live);
      const lost = { first: Math.min(from, pieces.length), after: Math.min(from + count, pieces.length) };
      let offset = 0;
      for (const [index, text] of pieces.entries()) {
        if (index < lost.first || index >= lost.after) view.show({ type: "text-delta", turn: 1, offset, text });
        offset += text.length;
      }
      const answer = pieces.join("");
      view.show({ type: "step", step: modelStep({ text: answer }) });
      view.show({ type: "end", run: ended(answer) });
      expect(shown()).toBe(`${answer}\n`);
    }),
  );
});

// run.view.V1
test("a stream that begins the turn's text again, from anywhere in it, writes nothing twice", () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,6}$/), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(words, fc.nat(8), fc.nat(40), (pieces, cut, known) => {
      const { terminal, shown } = screen();
      const view = new RunView(terminal, live);
      const answer = pieces.join("");
      let offset = 0;
      for (const text of pieces.slice(0, cut)) {
        view.show({ type: "text-delta", turn: 1, offset, text });
        offset += text.length;
      }
      // Another connection: the text so far at once, then the rest.
      view.show({ type: "text-delta", turn: 1, offset: 0, text: answer.slice(0, known) });
      view.show({ type: "text-delta", turn: 1, offset: Math.min(known, answer.length), text: answer.slice(known) });
      view.show({ type: "step", step: modelStep({ text: answer }) });
      view.show({ type: "end", run: ended(answer) });
      expect(shown()).toBe(`${answer}\n`);
    }),
  );
});

test("a model that says something else when it is asked again is shown from its beginning", () => {
  const { terminal, shown } = screen();
  const view = new RunView(terminal, live);
  view.show({ type: "text-delta", turn: 1, offset: 0, text: "The first" });
  view.show({ type: "text-delta", turn: 1, offset: 0, text: "The " });
  view.show({ type: "text-delta", turn: 1, offset: 4, text: "second." });
  view.show({ type: "step", step: modelStep({ text: "The second." }) });
  view.show({ type: "end", run: ended("The second.") });
  expect(shown()).toBe("The first\nThe second.\n");
});

test("where output is not a screen nothing but the answer is written, at the end", () => {
  const { terminal, shown } = screen();
  const view = new RunView(terminal, { live: false, verbose: false });
  view.show({ type: "text-delta", turn: 1, offset: 0, text: "Good" });
  view.show({ type: "step", step: modelStep({ text: "Good day." }) });
  expect(shown()).toBe("");
  view.show({ type: "end", run: ended("Good day.") });
  expect(shown()).toBe("Good day.\n");
});

const detailText = (recalled: string, verbose: boolean) => detailOf({ ...ended("Ada."), recalled }, verbose);

const detailOf = (run: RunDetail, verbose = false) =>
  renderRun(run, {
    look: { style: (_tone, said) => said, columns: undefined },
    verbose,
    artifacts: [],
  });

test("reasoning that a provider returned is shown with --verbose", () => {
  const run = { ...ended("9"), step_list: [modelStep({ text: "9", reasoning: "Three by three." })] };
  expect(detailOf(run, true)).toContain("reasoning Three by three.\n");
  expect(detailOf(run)).not.toContain("Three by three.");
});

test("a call that waits for a budget says so", () => {
  const waiting: Step = {
    ...toolStep,
    state: "queued",
    duration_ms: null,
    outcome: null,
    text: "",
    waits_for: "budget",
  };
  expect(detailOf({ ...ended(""), state: "running", step_list: [waiting] })).toContain(
    "csv_parser.group  queued  waits for room in a budget",
  );
});

test("the details of a run list the recalled facts, if there are any", () => {
  const recalled = "- Ada (person): leads\n- Bo (person): rows";
  expect(detailText(recalled, false)).toContain("Recalled  - Ada (person): leads - Bo (person): rows\n");
  expect(detailText(recalled, true)).toMatch(/Recalled +- Ada \(person\): leads\n +- Bo \(person\): rows\n/);
  expect(detailText("", false)).not.toContain("Recalled");
});

test("the details of a run name its caller and the permissions that it lacks", () => {
  expect(detailText("", false)).toMatch(/Caller +ci \(worker\), without memory:write\n/);
});
