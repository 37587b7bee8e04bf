import { expect, test } from "vitest";
import { CallLimiter } from "./call-limiter.ts";

const never = new AbortController().signal;

test("who waits longest comes in next, and who no longer wants to leaves the queue", async () => {
  const gate = new CallLimiter({ concurrentMax: 1, callsPerMinuteMax: 100 }, () => 0);
  const order: string[] = [];
  const first = await gate.enter(never);
  const impatient = new AbortController();
  const gone = gate.enter(impatient.signal).catch(() => order.push("gone"));
  const second = gate.enter(never).then((entry) => order.push("second") && entry);
  impatient.abort();
  await gone;
  if (first.type === "open") first.release();
  expect(await second).toMatchObject({ type: "open" });
  expect(order).toEqual(["gone", "second"]);
});

test("past the queue calls are refused", async () => {
  const gate = new CallLimiter({ concurrentMax: 1, callsPerMinuteMax: 100 }, () => 0);
  await gate.enter(never);
  for (let waiting = 0; waiting < 4; waiting += 1) void gate.enter(never);
  expect(await gate.enter(never)).toMatchObject({
    type: "refused",
    reason: expect.stringContaining("concurrent_calls is 1"),
  });
});

test("a minute after a call there is room for another", async () => {
  let nowMs = 1_000;
  const gate = new CallLimiter({ concurrentMax: 10, callsPerMinuteMax: 2 }, () => nowMs);
  await gate.enter(never);
  nowMs += 20_000;
  await gate.enter(never);
  expect(await gate.enter(never)).toMatchObject({
    type: "refused",
    reason: expect.stringContaining("try again in 40 s"),
  });
  nowMs += 40_001;
  expect(await gate.enter(never)).toMatchObject({ type: "open" });
});
