import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { AbortWatch } from "./abort-watch.ts";

test("a signal has one listener while calls share it, and none afterwards", () => {
  const reported: AbortSignal[] = [];
  const watch = new AbortWatch((signal) => reported.push(signal));
  const { signal } = new AbortController();
  for (let count = 0; count < 3; count += 1) watch.add(signal);
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  for (let count = 0; count < 3; count += 1) watch.remove(signal);
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
  watch.remove(signal);
  expect(reported).toEqual([]);
});

test("an aborted signal is reported once", () => {
  const reported: AbortSignal[] = [];
  const watch = new AbortWatch((signal) => reported.push(signal));
  const controller = new AbortController();
  watch.add(controller.signal);
  watch.add(controller.signal);
  controller.abort();
  expect(reported).toEqual([controller.signal]);
});
