import { expect, test } from "vitest";
import { openWorld, runSchedule } from "./crash-world.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("server.kill-safe", "run.resume");

/** `npm run soak` plays others, for a given time. */
const SCHEDULES = 260;
const TOGETHER = 20;

// execution.E1, execution.E2, execution.E3
test("killed between any two writes, any number of times, a run loses nothing, repeats nothing that was finished, and ends", async () => {
  using world = openWorld();
  let [crashes, decided, cancelled] = [0, 0, 0];
  for (let seed = 1; seed <= SCHEDULES; seed += TOGETHER) {
    const seeds = Array.from({ length: TOGETHER }, (_none, index) => seed + index);
    for (const played of await Promise.all(seeds.map((each) => runSchedule(world, each)))) {
      crashes += played.crashes;
      if (played.view.state === "cancelled") cancelled += 1;
      if (played.view.steps.some((step) => step.kind === "tool" && step.end.state === "failed")) decided += 1;
    }
  }
  expect(crashes).toBeGreaterThan(SCHEDULES);
  expect(decided).toBeGreaterThan(10);
  expect(cancelled).toBeGreaterThan(20);
});
