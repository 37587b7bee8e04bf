import * as fc from "fast-check";
import { expect, test } from "vitest";
import { mint, RunId, ToolCallId } from "../../../kernel/ids.ts";
import { LIMITS } from "../../../kernel/quantities.ts";
import type { RunNews } from "../../../runs/index.ts";
import { RunInbox } from "./run-inbox.ts";

const runId = mint(RunId);
const callId = mint(ToolCallId);
const delta = (step: number, offset: number, text: string): RunNews => ({
  type: "text-delta",
  runId,
  step,
  offset,
  text,
});
const log = (text: string): RunNews => ({ type: "tool-log", runId, step: 1, callId, lines: [{ atMs: 0, text }] });
const progress = (done: number): RunNews => ({
  type: "tool-progress",
  runId,
  step: 1,
  callId,
  progress: { done, total: 3, message: "" },
});

const inbox = () => new RunInbox(new AbortController().signal);

/** Items queued now, as opposed to later ones. */
async function drain(box: RunInbox): Promise<readonly RunNews[]> {
  box.put(log("the end"));
  const news: RunNews[] = [];
  for (let next = await box.next(); next !== undefined; next = await box.next()) {
    if (next.type === "tool-log" && next.lines[0]?.text === "the end") break;
    news.push(next);
  }
  return news;
}

// operations.run-inbox.I1
test("text that piles up is joined to one piece, whatever its pieces were", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string({ minLength: 1 }), { minLength: 1 }), async (pieces) => {
      const box = inbox();
      let offset = 0;
      for (const piece of pieces) {
        box.put(delta(1, offset, piece));
        offset += piece.length;
      }
      expect(await drain(box)).toEqual([delta(1, 0, pieces.join(""))]);
    }),
  );
});

// operations.run-inbox.I1
test("pieces that do not follow each other stay apart", async () => {
  const box = inbox();
  for (const news of [delta(1, 0, "a"), delta(1, 0, "b"), delta(2, 1, "c")]) box.put(news);
  expect(await drain(box)).toHaveLength(3);
});

// operations.run-inbox.I1
test("of a call's progress only the latest waits, of a flood of log lines only so many", async () => {
  const box = inbox();
  for (const done of [1, 2, 3]) box.put(progress(done));
  expect(await box.next()).toEqual(progress(3));
  for (let line = 0; line < LIMITS.streamLogLinesMax + 100; line += 1) box.put(log(`${line}`));
  expect(box.hasOverflown).toBe(false);
  let lines = 0;
  for (; lines < LIMITS.streamLogLinesMax; lines += 1) expect((await box.next())?.type).toBe("tool-log");
  box.put(log("room again"));
  expect(await box.next()).toEqual(log("room again"));
});

// operations.run-inbox.I2
test("past its limits it says so, once what it had is taken", async () => {
  const box = inbox();
  box.put(delta(1, 0, "x".repeat(LIMITS.streamTextCharsMax)));
  box.put(delta(1, LIMITS.streamTextCharsMax, "y"));
  box.put(delta(2, 0, "after the gap"));
  expect(box.hasOverflown).toBe(true);
  expect(await box.next()).toMatchObject({ offset: 0 });
  expect(await box.next()).toBeUndefined();
});

test("a reader that waits is woken by news and by the end of its signal", async () => {
  const stop = new AbortController();
  const box = new RunInbox(stop.signal);
  const first = box.next();
  box.put(log("one"));
  expect(await first).toEqual(log("one"));
  const second = box.next();
  stop.abort();
  expect(await second).toBeUndefined();
});
