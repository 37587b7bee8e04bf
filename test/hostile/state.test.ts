import { expect, test } from "vitest";
import { STATE_LIMITS } from "../../src/storage/index.ts";
import { mint, ToolCallId } from "../../src/kernel/ids.ts";
import { AskRoom } from "../tools/brokers/asking.ts";
import { manifest, never, textOf } from "../tools/sandbox/room.ts";
import { attacker, heldBytes } from "./attacker.ts";

/** Keeps values under ever new keys of eight letters, until it is refused; `$bytes` each. Its answer is how many it kept. */
const hoarder = (bytes: number) =>
  attacker({
    pages: 40,
    imports: `(import "caxton" "store_data" (func $store (param i32 i32 i32 i32) (result i32)))`,
    parts: `(func $digits (param $value i32) (param $to i32) (local $left i32)
      (local.set $left (i32.const 8))
      (loop $next
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (i32.store8 (i32.add (local.get $to) (local.get $left))
          (i32.add (i32.const 48) (i32.rem_u (local.get $value) (i32.const 10))))
        (local.set $value (i32.div_u (local.get $value) (i32.const 10)))
        (br_if $next (local.get $left))))
      (global $kept (mut i32) (i32.const 10000000))`,
    call: `(loop $on
        (call $digits (global.get $kept) (i32.const 131072))
        (if (i32.eqz (call $store (i32.const 131072) (i32.const 8) (i32.const 1048576) (i32.const ${bytes})))
          (then (global.set $kept (i32.add (global.get $kept) (i32.const 1))) (br $on))))
      (call $digits (global.get $kept) (i32.const 131072))
      (global.set $at (i32.const 131072)) (global.set $length (i32.const 8))`,
  });

test.each([
  ["large values", STATE_LIMITS.valueBytesMax, STATE_LIMITS.bytesMax / STATE_LIMITS.valueBytesMax],
  ["small ones", 1, STATE_LIMITS.keysMax],
])("a guest that keeps %s without end is refused more, and others keep theirs", async (_what, bytes, count) => {
  await using room = new AskRoom();
  await room.deploy({ state: true });
  const limits = { fuelPerCall: 10_000_000_000, deadlineMs: 50_000 };
  const deployed = { manifest: manifest("hoarder", { grants: { state: true }, limits }), module: await hoarder(bytes) };
  await room.sandbox.deploy(deployed, never);
  const before = heldBytes();
  const context = { session: "hoards", workspace: "default", agent: "tester", files: [] };
  const call = { id: mint(ToolCallId), server: "hoarder", tool: "attack", arguments: {}, context };
  const hoarding = room.sandbox.call(call, never);
  expect((await room.ask("state.set", { key: "a" }, "mine")).isGranted).toBe(true);
  expect(textOf(await hoarding)).toBe(String(10_000_000 + count));
  // Once more, from another run: full is full.
  const again = { ...call, id: mint(ToolCallId), context: { ...context, session: "again" } };
  expect(textOf(await room.sandbox.call(again, never))).toBe(String(10_000_000 + count));
  expect((await room.ask("state.set", { key: "b" }, "mine too")).isGranted).toBe(true);
  expect((await room.ask("state.get", { key: "a" })).body.toString()).toBe("mine");
  expect(heldBytes() - before).toBeLessThan(256 * 1024 ** 2);
});
