import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { KeyedMutex } from "./keyed-mutex.ts";

test("work on one key runs in arrival order, also after a failure, and beside work on other keys", async () => {
  const mutex = new KeyedMutex<string>();
  const seen: string[] = [];
  const held = Promise.withResolvers<void>();
  const first = mutex.run("a", async () => {
    await held.promise;
    seen.push("first");
    throw new Error("no");
  });
  const second = mutex.run("a", async () => seen.push("second"));
  await mutex.run("b", async () => seen.push("other"));
  await setImmediate();
  expect([seen, mutex.has("a"), mutex.size]).toEqual([["other"], true, 1]);
  held.resolve();
  await expect(first).rejects.toThrow("no");
  expect(await second).toBe(3);
  await mutex.settled();
  expect([seen, mutex.has("a"), mutex.size]).toEqual([["other", "first", "second"], false, 0]);
});
