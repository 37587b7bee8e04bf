import type { SessionUpdate } from "@agentclientprotocol/sdk";
import { expect, test } from "vitest";
import type { RunStreamEvent } from "../../api/contract/index.ts";
import { RunUpdates } from "./run-updates.ts";

const delta = (offset: number, text: string, turn = 1): RunStreamEvent => ({ type: "text-delta", turn, offset, text });
const TIMING = { turn: 1, started_at: "2026-01-01T00:00:00Z", duration_ms: 1 } as const;

const turnEnd = (text: string, reasoning = ""): RunStreamEvent => ({
  type: "step",
  step: {
    kind: "model",
    ...TIMING,
    index: 1,
    state: "done",
    resumed_at: TIMING.started_at,
    model: "scripted/one",
    text,
    reasoning,
    tool_calls: [],
    finish: "stop",
    first_part_ms: 1,
    input_tokens: 1,
    output_tokens: 1,
    cost: null,
    limited: null,
    offered_tools: null,
    offered_tools_tokens: null,
    attempts: [],
    queued_ms: null,
    waits_for: null,
    output_problems: [],
    context: null,
  },
});
const toolStep = (state: "running" | "done"): RunStreamEvent => ({
  type: "step",
  step: {
    kind: "tool",
    ...TIMING,
    index: 2,
    state,
    call_id: "call",
    tool: "csv_parser.describe",
    arguments: { file: "a.csv" },
    waits_for: null,
    outcome: state === "done" ? "done" : null,
    text: "3 rows",
    structured: null,
    fuel: 1,
    memory_bytes: 1,
    artifacts: [],
  },
});

/** The texts of the messages, by message. */
function texts(events: readonly RunStreamEvent[]): Record<string, string> {
  const updates = new RunUpdates("run", (path) => path);
  const said: Record<string, string> = {};
  for (const update of events.flatMap((event) => updates.of(event)))
    if (update.sessionUpdate === "agent_message_chunk" && update.content.type === "text")
      said[update.messageId ?? ""] = `${said[update.messageId ?? ""] ?? ""}${update.content.text}`;
  return said;
}

test.each<readonly [string, readonly RunStreamEvent[], Record<string, string>]>([
  ["deltas and the end", [delta(0, "Hel"), delta(3, "lo"), turnEnd("Hello")], { "run.1.1": "Hello" }],
  ["repeated after a reconnection", [delta(0, "Hel"), delta(0, "Hello"), turnEnd("Hello")], { "run.1.1": "Hello" }],
  ["deltas that were missed", [delta(0, "He"), delta(4, "o"), turnEnd("Hello")], { "run.1.1": "Hello" }],
  ["an end that comes twice", [turnEnd("Hello"), turnEnd("Hello")], { "run.1.1": "Hello" }],
  [
    "another beginning after a failed attempt",
    [delta(0, "Well"), delta(0, "Hello"), turnEnd("Hello")],
    { "run.1.1": "Well", "run.1.2": "Hello" },
  ],
])("acp.run-updates.U1: %s", (_name, events, expected) => {
  expect(texts(events)).toEqual(expected);
});

test("acp.run-updates.U2: reasoning once, and a call before its changes", () => {
  const updates = new RunUpdates("run", (path) => path);
  const events = [turnEnd("", "Hm."), turnEnd("", "Hm."), toolStep("running"), toolStep("done")];
  const sent = events.flatMap((event) => updates.of(event));
  expect(sent.map(({ sessionUpdate }) => sessionUpdate)).toEqual([
    "agent_thought_chunk",
    "tool_call",
    "tool_call_update",
    "tool_call_update",
  ] satisfies SessionUpdate["sessionUpdate"][]);
  expect(sent[1]).toMatchObject({ toolCallId: "run.call", kind: "read", rawInput: { file: "a.csv" } });
  expect(sent[3]).toMatchObject({ toolCallId: "run.call", status: "completed" });
});
