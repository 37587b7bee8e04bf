import { expect, test } from "vitest";
import { mint, RunId, ThreadId } from "../../../kernel/ids.ts";
import type { RunState } from "../../record/index.ts";
import { TurnQueue } from "./turn-queue.ts";

const [first, next] = [mint(RunId), mint(RunId)];
const dialogue = { thread: { id: mint(ThreadId), parent: first }, startedAtMs: null, message: null };
const letter = { ...dialogue, message: {} };

/** Whether a turn is held whose predecessor has a state. */
const isHeld = (state: RunState, turn: typeof dialogue | typeof letter): boolean => {
  const run = { id: first, state, thread: null, startedAtMs: 1, message: null };
  return new TurnQueue({ summary: (id) => (id === first ? run : undefined) }).hold(next, turn);
};

// runs.turn-queue.U1, runs.turn-queue.U2
test("a turn waits for the one that it continues, and only a message passes one that waits for a reply", () => {
  for (const state of ["queued", "running", "awaiting-approval", "needs-decision"] as const)
    expect([isHeld(state, dialogue), isHeld(state, letter)], state).toEqual([true, true]);
  expect([isHeld("awaiting-reply", dialogue), isHeld("awaiting-reply", letter)]).toEqual([true, false]);
  for (const state of ["completed", "failed", "cancelled"] as const) expect(isHeld(state, dialogue), state).toBe(false);
});
