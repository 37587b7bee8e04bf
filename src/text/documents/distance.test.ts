import { setTimeout } from "node:timers/promises";
import * as fc from "fast-check";
import { expect, test, vi } from "vitest";
import { distance, nearest } from "./distance.ts";

const word = fc.string({ unit: fc.constantFrom("a", "b", "c", "é"), maxLength: 7 });

test("a swap of neighbours counts once, and so does each insertion, deletion and replacement", () => {
  expect(distance("temprature", "temperature")).toBe(1);
  expect(distance("naem", "name")).toBe(1);
  expect(distance("tols", "tools")).toBe(1);
  expect(distance("kitten", "sitting")).toBe(3);
  expect(distance("ca", "abc")).toBe(2);
  expect(distance("", "abc")).toBe(3);
});

test("distance is a metric", () => {
  fc.assert(
    fc.property(word, word, word, (a, b, c) => {
      expect(distance(a, b)).toBe(distance(b, a));
      expect(distance(a, b) === 0).toBe(a === b);
      expect(distance(a, c)).toBeLessThanOrEqual(distance(a, b) + distance(b, c));
    }),
  );
});

test("one edit never moves a word further than one", () => {
  fc.assert(
    fc.property(word, fc.nat(), fc.constantFrom("x", "a"), (text, at, letter) => {
      const index = at % (text.length + 1);
      expect(distance(text, text.slice(0, index) + letter + text.slice(index))).toBe(1);
    }),
  );
});

test("the nearest candidates come first and strangers not at all", () => {
  const keys = ["name", "version", "tools", "temperature", "system_prompt", "requires"];
  expect(nearest("temprature", keys)).toEqual(["temperature"]);
  expect(nearest("systemPrompt", keys)).toEqual(["system_prompt"]);
  expect(nearest("system-prompt", keys)).toEqual(["system_prompt"]);
  expect(nearest("temp", keys)).toEqual(["temperature"]);
  expect(nearest("banana", keys)).toEqual([]);
  expect(nearest("toolss", ["tool", "tools"])).toEqual(["tools", "tool"]);
});

test("suggestions for thousands of words take no longer than the process may spend on them", async () => {
  const names = Array.from({ length: 13_000 }, (_, index) => `participant-${"x".repeat(40)}${index}`);
  // All within one window of time, however long this machine takes.
  const nowMs = performance.now();
  const clock = vi.spyOn(performance, "now").mockReturnValue(nowMs);
  const before = process.threadCpuUsage();
  for (let index = 0; index < 1_000; index += 1) nearest(`particpant-${"x".repeat(40)}${index}`, names);
  const { user, system } = process.threadCpuUsage(before);
  clock.mockRestore();
  expect(user + system).toBeLessThan(500_000);
  // Other tests have something to spend again.
  await setTimeout(100);
});
