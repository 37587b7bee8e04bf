import { expect, test } from "vitest";
import { systemClock } from "../../kernel/clock.ts";
import { RouterCounters, ROUTING_SAMPLED } from "./stats.ts";

test("capabilities make only so many series of routing times; the rest, and what is no plausible name, counts as other", () => {
  const figures = new RouterCounters();
  figures.routed("", 0.001);
  figures.routed("x".repeat(300), 0.001);
  figures.routed("half \ud800", 0.001);
  for (let number = 0; number < 200; number += 1) figures.routed(`skill-${number}`, 0.001);
  figures.routed("skill-0", 0.001);
  const { routing } = figures.now();
  const counts = new Map(
    routing.map(({ capability, took }) => [capability, took.buckets.reduce((sum, count) => sum + count, 0)]),
  );
  // The fifty that came first, and the rest together.
  expect(counts.size).toBeLessThanOrEqual(51);
  expect([counts.get(""), counts.get("skill-0"), counts.has("skill-199")]).toEqual([1, 2, false]);
  expect([...counts.values()].reduce((sum, count) => sum + count, 0)).toBe(204);
  expect(counts.get("other")).toBeGreaterThan(150);
});

test("routing is measured for the first message, and then for one in so many", () => {
  const figures = new RouterCounters();
  const sampled = Array.from({ length: 2 * ROUTING_SAMPLED + 1 }, () => figures.isRoutingSampled());
  expect(sampled.flatMap((is, index) => (is ? [index] : []))).toEqual([0, ROUTING_SAMPLED, 2 * ROUTING_SAMPLED]);
});

test("how long messages waited is counted with a clock that was set back as no time", () => {
  const figures = new RouterCounters();
  const clock = { ...systemClock, nowMs: () => 1_000_000, monotonicMs: () => 50 };
  figures.delivered(1_005_000, 50, clock);
  figures.delivered(998_000, 50, clock);
  expect(figures.now().latency).toMatchObject({ sum: 2 });
  expect(figures.now().latency.buckets[0]).toBe(1);
});
