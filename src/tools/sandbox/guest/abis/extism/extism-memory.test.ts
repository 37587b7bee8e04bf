import { expect, test } from "vitest";
import { ExtismMemory } from "./extism-memory.ts";

const ARENA = 64 * 1024;

test("nothing that a plug-in wrote, in its blocks or past them, is there for the next call of any plug-in", () => {
  const first = new ExtismMemory(1024 * 1024);
  first.put("a secret");
  for (const offset of [200, 30_000, ARENA - 1]) expect(first.setByte(offset, 0xff)).toBe(true);
  expect(first.setWord(ARENA - 8, 0xffff_ffff_ffff_ffffn)).toBe(true);
  expect(first.setByte(ARENA, 1)).toBe(false);
  first.clear();
  const second = new ExtismMemory(1024 * 1024);
  // The arena that the first gave back.
  expect(second.allocate(8)).toBeDefined();
  expect(second.slice(0, ARENA)?.every((byte) => byte === 0)).toBe(true);
  second.setByte(40, 1);
  second.clear();
  expect(second.allocate(8)).toBeDefined();
  expect(second.slice(0, ARENA)?.every((byte) => byte === 0)).toBe(true);
});

// guest.extism-memory.M2
test("a plug-in has so many bytes and so many blocks at once, and those it frees again", () => {
  const small = new ExtismMemory(1024);
  expect(small.allocate(1025)).toBeUndefined();
  const first = small.allocate(1008);
  expect(first).toBeDefined();
  expect(small.allocate(512)).toBeUndefined();
  const large = new ExtismMemory(1024 * 1024 * 1024);
  expect(large.allocate(64 * 1024 * 1024 + 1)).toBeUndefined();
  for (let block = 0; block < 65_536; block += 1)
    if (large.allocate(1) === undefined) throw new Error(`block ${block}`);
  expect(large.allocate(1)).toBeUndefined();
  large.clear();
  expect(large.allocate(1)).toBeDefined();
});
