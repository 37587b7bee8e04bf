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
