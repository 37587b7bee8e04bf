import { afterAll, beforeAll, expect, test } from "vitest";
import type { Room } from "../tools/sandbox/room.ts";
import { arena, attacker, attackIn, inText } from "./attacker.ts";

/** One child for all: what one guest leaves behind, the next would find. */
let room: Room;
beforeAll(async () => {
  room = await arena();
});
afterAll(() => room[Symbol.asyncDispose]());

const LOG = `(import "caxton" "log" (func $log (param i32 i32 i32)))`;
const LOAD = `(import "caxton" "load_data" (func $load (param i32 i32 i32 i32) (result i32)))`;
const STORE = `(import "caxton" "store_data" (func $store (param i32 i32 i32 i32) (result i32)))`;
const ABORT = `(import "env" "abort" (func $abort (param i32 i32 i32 i32)))`;

/** What a guest gives the host, and what it gets for it. */
test.each([
  ["a text that ends outside of its memory", LOG, "(call $log (i32.const 1) (i32.const 65500) (i32.const 10000000))"],
  ["a text at minus one", LOG, "(call $log (i32.const 1) (i32.const -1) (i32.const 1))"],
  [
    "a text whose end comes round to its beginning",
    LOG,
    "(call $log (i32.const 1) (i32.const 65536) (i32.const -65536))",
  ],
  [
    "a key outside of its memory",
    LOAD,
    "(drop (call $load (i32.const -16) (i32.const 32) (i32.const 0) (i32.const 0)))",
  ],
  ["a value of four gigabytes", STORE, "(drop (call $store (i32.const 0) (i32.const 1) (i32.const 0) (i32.const -1)))"],
])("a guest that gives the host %s is stopped there", async (_what, imports, call) => {
  await room.deploy(await attacker({ imports, call }), "attacker", { grants: { state: true } });
  const { result, child } = await attackIn(room);
  expect(result).toMatchObject({ reason: "trap", message: expect.stringContaining("outside of its memory") });
  expect(child).toBe("alive");
});

test("a guest that aborts at an invalid address is reported without a text", async () => {
  const call = "(call $abort (i32.const -4) (i32.const 2147483647) (i32.const -1) (i32.const -1))";
  await room.deploy(await attacker({ imports: ABORT, call }), "attacker");
  expect((await attackIn(room)).result).toMatchObject({
    reason: "trap",
    message: expect.stringContaining("it gave up: no reason"),
  });
});

test.each([
  [
    "in its memory's last byte and beyond",
    "(global.set $at (i32.const 65535)) (global.set $length (i32.const 100000000))",
  ],
  ["at minus one", "(global.set $at (i32.const -1))"],
  ["of minus one bytes", "(global.set $length (i32.const -1))"],
])("a guest whose answer is %s has given none", async (_what, call) => {
  await room.deploy(await attacker({ call }), "attacker");
  const { text, child } = await attackIn(room);
  expect([text, child]).toEqual(["bad-output", "alive"]);
});

test("memory and tables grow to what is allowed, and no instruction takes them further", async () => {
  const digits = `(func $digits (param $value i32) (param $to i32)
    (loop $next
      (local.set $to (i32.sub (local.get $to) (i32.const 1)))
      (i32.store8 (local.get $to) (i32.add (i32.const 48) (i32.rem_u (local.get $value) (i32.const 10))))
      (br_if $next (local.tee $value (i32.div_u (local.get $value) (i32.const 10))))))`;
  const grower = await attacker({
    parts: `(table $slots 1 funcref)
      ${digits}
      (data (i32.const 131072) "${inText('"0000000 0000000"')}")`,
    call: `(loop $on (br_if $on (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
      (loop $on (br_if $on (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
      (loop $on (br_if $on (i32.ne (table.grow $slots (ref.null func) (i32.const 1000)) (i32.const -1))))
      (call $digits (memory.size) (i32.const 131080))
      (call $digits (table.size $slots) (i32.const 131088))
      (global.set $at (i32.const 131072)) (global.set $length (i32.const 17))`,
  });
  await room.deploy(grower, "attacker", { limits: { memoryBytesMax: 4 * 1024 ** 2 } });
  const { result, text, child } = await attackIn(room);
  const [pages = 0, slots = 0] = text.split(" ").map(Number);
  expect(pages).toBe(64);
  expect(slots).toBeGreaterThan(90_000);
  expect(slots).toBeLessThanOrEqual(100_000);
  expect(result.usage.memoryBytes).toBe(4 * 1024 ** 2);
  expect(child).toBe("alive");
});

test("an export called then is not run by anybody who waits for the guest", async () => {
  const trap = await attacker({
    imports: `(import "caxton" "console_log" (func $log (param i32 i32)))`,
    parts: `(func (export "then") (param i32 i32) (call $log (i32.const 512) (i32.const 4)) unreachable)
      (func (export "catch") (param i32) unreachable) (func (export "toJSON") unreachable)`,
  });
  await room.deploy(trap, "attacker");
  expect((await attackIn(room)).text).toBe("ok");
  expect(room.sandbox.logs("attacker")).toEqual([]);
});
