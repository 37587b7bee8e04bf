import { expect, test } from "vitest";
import type { Clock } from "../../../kernel/clock.ts";
import { Backoff } from "./backoff.ts";

/** A clock that sleeps at once, and keeps how long it was asked to. */
function clock(): Clock & { readonly slept: number[]; nowIsMs: number } {
  const slept: number[] = [];
  const made = {
    slept,
    nowIsMs: 0,
    nowMs: () => made.nowIsMs,
    monotonicMs: () => made.nowIsMs,
    sleep: (ms: number) => {
      slept.push(ms);
      return Promise.resolve();
    },
  };
  return made;
}

test("a child that ends at once is waited with for longer each time, and no longer once one has lived", async () => {
  const time = clock();
  const backoff = new Backoff(time);
  const life = async (ms: number): Promise<void> => {
    backoff.started();
    time.nowIsMs += ms;
    backoff.ended();
    await backoff.wait();
  };
  for (let count = 0; count < 6; count += 1) await life(1);
  expect(time.slept).toEqual([100, 500, 2_000, 5_000, 5_000]);
  await life(60_000);
  await life(1);
  expect(time.slept).toHaveLength(5);
});

test("isWaiting is true until the wait has ended or is stopped", async () => {
  const forever: Clock = {
    ...clock(),
    sleep: (_ms, signal) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener("abort", () => reject(new Error("stopped")), { once: true });
      }),
  };
  const backoff = new Backoff(forever);
  backoff.started();
  backoff.ended();
  backoff.ended();
  const waiting = backoff.wait();
  expect(backoff.isWaiting).toBe(true);
  backoff.stop();
  await waiting;
  expect(backoff.isWaiting).toBe(false);
});
