import { expect, test } from "vitest";
import { mint, RunId, ToolCallId } from "../kernel/ids.ts";
import { journalEvent } from "./journal-events.ts";

const runId = mint(RunId);
const callId = mint(ToolCallId);
const eventOf = (body: object) =>
  journalEvent({
    seq: 1,
    runId,
    atMs: 0,
    workspace: "red",
    agent: "clerk",
    revision: 2,
    thread: undefined,
    body: JSON.stringify(body),
  });
const RUN = { run: runId, agent: "clerk", revision: 2, thread: null };

test("a failed run has its code without the message, and no entry has content", () => {
  const failure = { code: "BUDGET_EXCEEDED", message: "the budget is used up", hint: "x" };
  const event = eventOf({ type: "run-fail", failure, content: { secret: "x" } });
  expect(event).toMatchObject({ type: "run.failed", entry: { runId, seq: 1 } });
  expect(event?.data).toEqual({ ...RUN, state: "failed", code: failure.code });
});

test("a run that was handed off names the one that continues, without the reason", () => {
  const handedTo = { run: callId, agent: "billing", reason: "money" };
  const { data } = eventOf({ type: "run-complete", handedTo, content: { output: "" } }) ?? {};
  expect(data).toEqual({ ...RUN, state: "completed", handed_to: callId, handed_to_agent: "billing" });
});

test("a call that waits for a person is an input, and one that waits for a message is not", () => {
  const wait = { type: "reply-wait", callId, deadlineMs: 86_400_000, conversationId: "", to: "user" };
  expect(eventOf({ ...wait, replyWith: callId })).toMatchObject({
    type: "input.requested",
    data: { ...RUN, question: callId, expires_at: "1970-01-02T00:00:00.000Z" },
  });
  expect(eventOf({ ...wait, replyWith: "other" })).toBeUndefined();
  const end = { type: "reply-end", callId, outcome: "expired", messageId: null, from: "" };
  expect(eventOf({ ...end, replyWith: callId })).toMatchObject({ type: "input.answered", data: { reply: "expired" } });
  expect(eventOf({ ...end, replyWith: "other" })).toBeUndefined();
});

test("an entry of another type is no event", () => {
  expect(eventOf({ type: "model-start", step: 1, model: "m", attempt: 1 })).toBeUndefined();
});
