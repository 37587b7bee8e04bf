import { expect, test } from "vitest";
import type { Clock } from "../../../kernel/clock.ts";
import { TokenBucket } from "./token-bucket.ts";

const never = new AbortController().signal;

/** A clock that advances only by waiting. */
function fakeClock() {
  let nowMs = 0;
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: async (ms) => void (nowMs += ms),
  };
  return { clock, pass: (ms: number) => void (nowMs += ms), now: () => nowMs };
}

test("the first turns come at once, each further one after its time, and rest brings them back", async () => {
  const { clock, pass, now } = fakeClock();
  const pace = new TokenBucket(clock, { burst: 3, everyMs: 5_000 });
  const times: number[] = [];
  const take = async (count: number) => {
    for (let each = 0; each < count; each += 1) {
      await pace.turn(never);
      times.push(now());
    }
  };
  await take(5);
  pass(60_000);
  await take(4);
  expect(times).toEqual([0, 0, 0, 5_000, 10_000, 70_000, 70_000, 70_000, 75_000]);
});
