import { expect, test } from "vitest";
import { mint, RunId } from "../../../kernel/ids.ts";
import { NO_HISTORY, type PastRun } from "../../record/index.ts";
import { RecentPasts } from "./recent-pasts.ts";

const past = (): PastRun => ({
  parent: null,
  from: NO_HISTORY.position,
  to: NO_HISTORY.position,
  turns: [],
  points: NO_HISTORY.points,
  summary: null,
  files: [],
});
const [one, two, three, four] = [mint(RunId), mint(RunId), mint(RunId), mint(RunId)];

test("the least recently used entries are evicted once all together are too long", () => {
  const recent = new RecentPasts(10);
  const kept = past();
  recent.set(one, kept, 4);
  recent.set(two, past(), 4);
  expect(recent.get(one)).toBe(kept);
  recent.set(three, past(), 4);
  expect(recent.get(two)).toBeUndefined();
  expect(recent.get(one)).toBe(kept);
  // One that is set again counts once.
  recent.set(one, kept, 6);
  expect(recent.get(three)).toBeDefined();
  recent.set(four, past(), 11);
  expect([one, two, three, four].map((run) => recent.get(run))).toEqual([undefined, undefined, undefined, undefined]);
});
