import { afterAll, beforeAll, expect, test } from "vitest";
import { ToolServerRefusedError } from "../../src/tools/sandbox/index.ts";
import type { Room } from "../tools/sandbox/room.ts";
import { type Attack, arena, attacker, unharmed } from "./attacker.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("tool.hostile-module");

/** One child for all: what one bomb leaves behind, the next would find. */
let room: Room;
beforeAll(async () => {
  room = await arena({ startFuel: 50_000_000 });
});
afterAll(() => room[Symbol.asyncDispose]());

const many = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join("\n");

/** A different one for each number: its parameters are the bits of it. */
const type = (index: number): string =>
  `(type (func (param ${(index + 8).toString(2).replaceAll("1", "i64 ").replaceAll("0", "f32 ")})))`;

/** Modules that are small to send and large to have; each is refused before V8 sees it. */
const BOMBS: readonly (readonly [string, Attack, RegExp])[] = [
  ["1,100 function types", { parts: many(1_100, type) }, /function types.*more than the 1024 allowed/],
  [
    "a type of 1,000 parameters",
    { parts: `(type (func (param ${"i32 ".repeat(1_000)})))` },
    /parameters or results in one function type/,
  ],
  ["a table of ten million slots", { parts: "(table 10000000 funcref)" }, /slots in a table at the start/],
  ["a hundred tables", { parts: many(100, () => "(table 1 funcref)") }, /tables/],
  ["four gigabytes of memory", { pages: 65_536 }, /pages of memory at the start/],
  ["a second memory", { parts: "(memory 1)" }, /memor/],
  ["a body of 600 KiB", { parts: `(func ${"nop ".repeat(600 * 1_024)})` }, /bytes in one function body/],
  ["51,000 functions", { parts: many(51_000, () => "(func)") }, /functions/],
  ["20,000 locals", { parts: `(func (local ${"i32 ".repeat(20_000)}))` }, /locals in one function/],
  ["11,000 globals", { parts: many(11_000, () => "(global i32 (i32.const 0))") }, /globals/],
  ["5,000 exports", { parts: `(func $e) ${many(5_000, (index) => `(export "e${index}" (func $e))`)}` }, /exports/],
  ["100 exception tags", { parts: many(100, () => "(tag)") }, /exception tags/],
  [
    "an import of 2,000 letters",
    { imports: `(import "caxton" "${"x".repeat(2_000)}" (func))` },
    /bytes in an import or export name/,
  ],
  [
    "a memory that threads share",
    { parts: "", imports: `(import "env" "memory" (memory 1 1 shared))` },
    /memory|shared|thread/,
  ],
  [
    "an import that starts threads",
    { imports: `(import "wasi" "thread-spawn" (func (param i32) (result i32)))` },
    /thread-spawn/,
  ],
  [
    "an import that runs programs",
    { imports: `(import "env" "process_spawn" (func (param i32) (result i32)))` },
    /process_spawn/,
  ],
];

test.each(BOMBS)("a module with %s is refused, and nothing is left of it", async (_what, attack, words) => {
  const before = room.pids();
  const bomb = await attacker(attack);
  const deploying = room.deploy(bomb, "attacker");
  await expect(deploying).rejects.toBeInstanceOf(ToolServerRefusedError);
  await expect(deploying).rejects.toThrow(words);
  expect(room.sandbox.servers().map(({ name }) => name)).toEqual(["neighbour"]);
  expect(await unharmed(room, before)).toBe("alive");
});

/** Modules that are as they may be, and do their harm when they are started. */
test.each([
  ["data beyond its memory", { parts: `(data (i32.const -1) "x")` }, /data segment|out of bounds/],
  [
    "entries beyond its table",
    { parts: `(table 1 funcref) (func $f) (elem (i32.const 7) $f)` },
    /element|out of bounds|table/,
  ],
  ["a start that traps", { parts: "(func $s unreachable) (start $s)" }, /unreachable/],
  ["a start without end", { parts: "(func $s (loop $on (br $on))) (start $s)" }, /fuel/],
  ["an initialiser without end", { parts: `(func (export "_initialize") (loop $on (br $on)))` }, /fuel/],
  ["a start that calls itself without end", { parts: "(func $s (call $s)) (start $s)" }, /stack is full/],
] satisfies readonly (readonly [string, Attack, RegExp])[])(
  "a module with %s is refused, and nothing is left of it",
  async (_what, attack, words) => {
    const before = room.pids();
    const deploying = room.deploy(await attacker(attack), "attacker");
    await expect(deploying).rejects.toBeInstanceOf(ToolServerRefusedError);
    await expect(deploying).rejects.toThrow(words);
    expect(await unharmed(room, before)).toBe("alive");
  },
);

test("a module whose optimised code would be huge is compiled and called within bounds", async () => {
  // As long a body as may be, all of it calculation that an optimiser has to look at.
  const wide = await attacker({
    parts: `(func $wide (param i64) (result i64) (local.get 0)
      ${"(i64.mul (local.get 0)) (i64.add (i64.const 3)) ".repeat(40_000)})`,
    call: "(drop (call $wide (i64.const 7)))",
  });
  await room.deploy(wide, "attacker", { limits: { deadlineMs: 30_000 } });
  expect(await room.text("attacker.attack")).toBe("ok");
  const [child] = room.sandbox.stats().processes;
  expect(child?.residentBytes ?? 0).toBeLessThan(1.5 * 1024 ** 3);
  expect(await room.text("neighbour.answer")).toBe("ok");
});
