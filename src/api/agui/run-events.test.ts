import { expect, test } from "vitest";
import type { RunStreamEvent } from "../contract/index.ts";
import { RunEvents } from "./run-events.ts";

const AT = "2026-01-01T00:00:00Z";
const delta = (offset: number, text: string): RunStreamEvent => ({ type: "text-delta", turn: 1, offset, text });
const turnEnd = (text: string, reasoning = ""): RunStreamEvent => ({
  type: "step",
  step: {
    kind: "model",
    index: 1,
    turn: 1,
    state: "done",
    started_at: AT,
    resumed_at: AT,
    duration_ms: 1,
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

/** The events that a client gets, each in a few words. */
function sent(events: readonly RunStreamEvent[]): readonly string[] {
  const run = { id: "run", client_calls: [], step_list: [] };
  const translated = new RunEvents({ threadId: "t", runId: "r" }, run, { isContinued: false });
  return events
    .flatMap((event) => [...translated.of(event)])
    .map((event) => {
      const id = "messageId" in event ? ` ${event.messageId}` : "";
      return `${event.type}${id}${"delta" in event ? ` ${event.delta}` : ""}`;
    });
}

test.each<readonly [string, readonly RunStreamEvent[], readonly string[]]>([
  [
    "deltas and the end",
    [delta(0, "Hel"), delta(3, "lo"), turnEnd("Hello")],
    [
      "TEXT_MESSAGE_START run.1.1",
      "TEXT_MESSAGE_CONTENT run.1.1 Hel",
      "TEXT_MESSAGE_CONTENT run.1.1 lo",
      "TEXT_MESSAGE_END run.1.1",
    ],
  ],
  [
    "deltas that were missed, and an end that comes twice",
    [delta(0, "He"), delta(4, "o"), turnEnd("Hello"), turnEnd("Hello")],
    [
      "TEXT_MESSAGE_START run.1.1",
      "TEXT_MESSAGE_CONTENT run.1.1 He",
      "TEXT_MESSAGE_CONTENT run.1.1 llo",
      "TEXT_MESSAGE_END run.1.1",
    ],
  ],
  [
    "another beginning after a failed attempt",
    [delta(0, "Well"), delta(0, "Hello"), turnEnd("Hello")],
    [
      "TEXT_MESSAGE_START run.1.1",
      "TEXT_MESSAGE_CONTENT run.1.1 Well",
      "TEXT_MESSAGE_END run.1.1",
      "TEXT_MESSAGE_START run.1.2",
      "TEXT_MESSAGE_CONTENT run.1.2 Hello",
      "TEXT_MESSAGE_END run.1.2",
    ],
  ],
])("agui.run-events.A1, agui.run-events.A2: %s", (_name, events, expected) => {
  expect(sent(events)).toEqual(expected);
});

test("reasoning is never inside of a message", () => {
  expect(sent([delta(0, "Hello"), turnEnd("Hello", "Hm.")]).slice(2)).toEqual([
    "TEXT_MESSAGE_END run.1.1",
    "REASONING_START run.1.reasoning",
    "REASONING_MESSAGE_START run.1.reasoning",
    "REASONING_MESSAGE_CONTENT run.1.reasoning Hm.",
    "REASONING_MESSAGE_END run.1.reasoning",
    "REASONING_END run.1.reasoning",
  ]);
});
