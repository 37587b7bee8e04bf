import { expect, test } from "vitest";
import { failedCall, type ToolResult } from "../catalogue/index.ts";
import { type HealthCheck, healthOf } from "./health.ts";
import { UsageMeter } from "./usage.ts";

const usage = { fuel: 10, durationMs: 2, memoryBytes: 65_536 };
const done: ToolResult = { type: "done", content: [], structured: undefined, usage };
const trap = failedCall("trap", "it trapped", usage);

const meterOf = (...results: readonly ToolResult[]): UsageMeter => {
  const meter = new UsageMeter();
  for (const [index, result] of results.entries()) meter.record("x", result, index);
  return meter;
};
const repeat = (result: ToolResult, count: number): ToolResult[] => Array.from({ length: count }, () => result);
const check = (ok: boolean): HealthCheck => ({ atMs: 0, ok, durationMs: 1, note: "it lists other tools" });
const health = (meter: UsageMeter, checked?: HealthCheck) =>
  healthOf({ state: "running" }, meter.totals(), checked).health;

test("the health of a server without calls and checks is unknown; either one decides", () => {
  expect(health(meterOf())).toBe("unknown");
  expect(health(meterOf(), check(true))).toBe("healthy");
  expect(health(meterOf(done))).toBe("healthy");
  expect(health(meterOf(...repeat(done, 20)), check(false))).toBe("unhealthy");
});

test("faults of its own make it degraded, then unhealthy; refusals that are the caller's doing never", () => {
  expect(health(meterOf(...repeat(done, 9), trap))).toBe("degraded");
  expect(health(meterOf(...repeat(done, 2), ...repeat(trap, 2)))).toBe("unhealthy");
  expect(health(meterOf(...repeat(failedCall("invalid-arguments", "no"), 20)))).toBe("healthy");
  expect(health(meterOf(...repeat(trap, 20), ...repeat(done, 20)))).toBe("healthy");
});

test("a server that failed or is in quarantine is unhealthy, with the reason", () => {
  expect(healthOf({ state: "failed", reason: "its module is gone" }, meterOf(done).totals(), undefined)).toEqual({
    health: "unhealthy",
    note: "its module is gone",
  });
});

test("figures: middle and maximum, failures by reason, the last call", () => {
  const meter = new UsageMeter();
  for (const fuel of [1, 9, 5]) meter.record("x", { ...done, usage: { ...usage, fuel } }, 7);
  meter.record("x", failedCall("fuel", "no more", { ...usage, fuel: 100 }), 8);
  expect(meter.figures()).toMatchObject([
    { tool: "x", done: 3, failures: { fuel: 1 }, fuel: { p50: 9, max: 100 }, lastCallAtMs: 8 },
  ]);
  expect(meter.totals()).toMatchObject({ calls: 4, done: 3, failures: { fuel: 1 }, durationMs: 8 });
});

const note = (...results: readonly ToolResult[]) =>
  healthOf({ state: "running" }, meterOf(...results).totals(), undefined).note;

test("what it says of its last calls is a sentence for none, one and many", () => {
  expect(note(done)).toBe("its last call did not end by its own fault");
  expect(note(trap)).toBe("its last call ended by its own fault");
  expect(note(done, done)).toBe("none of its last 2 calls ended by its own fault");
  expect(note(trap, trap)).toBe("2 of its last 2 calls ended by its own fault");
});
