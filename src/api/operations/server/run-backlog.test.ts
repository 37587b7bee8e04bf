import * as fc from "fast-check";
import { expect, test } from "vitest";
import { mint, RunId } from "../../../kernel/ids.ts";
import type { JournalEntry } from "../../../runs/index.ts";
import { RunBacklog } from "./run-backlog.ts";

const ids = Array.from({ length: 4 }, () => mint(RunId));
const entry = (seq: number, run: number): JournalEntry => ({
  seq,
  runId: ids[run] ?? mint(RunId),
  atMs: 0,
  event: { type: "run-start", attempt: 1 },
});

// operations.server-events.S1
test("a client that reconnects with any received id misses no entry", () => {
  const steps = fc.array(fc.oneof(fc.nat(3), fc.constant("take" as const)), { maxLength: 40 });
  fc.assert(
    fc.property(steps, (script) => {
      const backlog = new RunBacklog(100);
      // Newest entry of each run when it was last sent.
      const newest = new Map<RunId, number>();
      const sent = new Map<RunId, number>();
      let position = 0;
      let seq = 0;
      let isKept = true;
      for (const step of script) {
        if (step === "take") {
          for (const { runId } of backlog.take(1)) {
            sent.set(runId, newest.get(runId) ?? 0);
            position = backlog.sentUpTo(position);
          }
        } else {
          seq += 1;
          const made = entry(seq, step);
          newest.set(made.runId, seq);
          backlog.add(made);
        }
        // The run of each entry up to the position was sent since.
        for (const [runId, last] of newest) isKept &&= last > position || sent.get(runId) === last;
      }
      expect(isKept).toBe(true);
    }),
  );
});

test("what waits is bounded", () => {
  const backlog = new RunBacklog(2);
  for (const [index, run] of [0, 1, 0, 1].entries()) backlog.add(entry(index + 1, run));
  expect([backlog.size, backlog.hasOverflown]).toEqual([2, false]);
  backlog.add(entry(5, 2));
  expect(backlog.hasOverflown).toBe(true);
  backlog.clear();
  expect([backlog.size, backlog.hasOverflown]).toEqual([0, false]);
});
