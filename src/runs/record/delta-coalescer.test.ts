import * as fc from "fast-check";
import { expect, test } from "vitest";
import { mint, RunId, ToolCallId } from "../../kernel/ids.ts";
import { RunHub } from "./run-hub.ts";
import type { RunListener, RunNews } from "./run-news.ts";

const runId = mint(RunId);
const TOOL_CALL = mint(ToolCallId);
const delta = (offset: number, text: string, step = 1): RunNews => ({ type: "text-delta", runId, step, offset, text });
const progress = (done: number): RunNews => ({
  type: "tool-log",
  runId,
  step: 1,
  callId: TOOL_CALL,
  lines: [{ atMs: done, text: "line" }],
});

/** A listener that records what it receives. */
function follower(hub: RunHub) {
  const heard: RunNews[] = [];
  const listener: RunListener = (news) => void heard.push(news);
  return { heard, following: hub.follow(runId, listener) };
}
const textOf = (heard: readonly RunNews[]): string =>
  heard.map((news) => (news.type === "text-delta" ? news.text : "|")).join("");

test("delivers the first text immediately, and text shortly after it as one piece, the same object to all", async () => {
  const hub = new RunHub();
  const [one, other] = [follower(hub), follower(hub)];
  using stack = new DisposableStack();
  stack.use(one.following);
  stack.use(other.following);
  for (let at = 0; at < 100; at += 1) hub.publish(runId, delta(at, "x"));
  expect(one.heard).toEqual([delta(0, "x")]);
  await expect.poll(() => one.heard.length).toBe(2);
  expect(one.heard[1]).toEqual(delta(1, "x".repeat(99)));
  expect(other.heard).toHaveLength(2);
  expect(other.heard[1]).toBe(one.heard[1]);
});

test("who comes while text waits hears only what its draft does not have", () => {
  const hub = new RunHub();
  const early = follower(hub);
  using stack = new DisposableStack();
  stack.use(early.following);
  hub.publish(runId, delta(0, "one "));
  hub.publish(runId, delta(4, "two "));
  const late = follower(hub);
  stack.use(late.following);
  expect(hub.drafts(runId)).toEqual([delta(0, "one two ")]);
  hub.publish(runId, delta(8, "three"));
  hub.publish(runId, progress(1));
  expect([textOf(early.heard), textOf(late.heard)]).toEqual(["one two three|", "three|"]);
});

test("reasoning is a draft of its own, before the text", () => {
  const hub = new RunHub();
  const thought = (offset: number, text: string): RunNews => ({
    type: "reasoning-delta",
    runId,
    step: 1,
    offset,
    text,
  });
  hub.publish(runId, thought(0, "I should "));
  hub.publish(runId, thought(9, "count."));
  hub.publish(runId, delta(0, "Two"));
  expect(hub.drafts(runId)).toEqual([thought(0, "I should count."), delta(0, "Two")]);
  hub.publish(runId, thought(99, "lost"));
  expect(hub.drafts(runId)).toEqual([delta(0, "Two")]);
});

// record.delta-coalescer.J1
test("whatever comes in whatever order, followers hear the same as those who watch, in fewer pieces", () => {
  const piece = fc.oneof(fc.constant("text" as const), fc.constant("other" as const), fc.constant("step" as const));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (course) => {
      const hub = new RunHub();
      const plain: RunNews[] = [];
      hub.watch(runId, (news) => void plain.push(news));
      const { heard, following } = follower(hub);
      let [offset, step] = [0, 1];
      for (const [index, what] of course.entries()) {
        if (what === "other") hub.publish(runId, progress(index));
        else {
          if (what === "step") [offset, step] = [0, step + 1];
          const text = `${step}.${index} `;
          hub.publish(runId, delta(offset, text, step));
          offset += text.length;
        }
      }
      hub.publish(runId, progress(-1));
      following[Symbol.dispose]();
      expect(textOf(heard)).toBe(textOf(plain));
      expect(heard.length).toBeLessThanOrEqual(plain.length);
    }),
    { numRuns: 50 },
  );
});
