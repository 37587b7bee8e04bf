import { afterAll, beforeAll, expect, test } from "vitest";
import type { Room } from "../tools/sandbox/room.ts";
import { type Attack, arena, attacker, attackIn } from "./attacker.ts";

/** One child for all: what one guest leaves behind, the next would find. */
let room: Room;
beforeAll(async () => {
  room = await arena();
});
afterAll(() => room[Symbol.asyncDispose]());

const SLEEP = `(import "caxton" "sleep_micros" (func $sleep (param i64)))`;

/** What a guest tries, what it gets, and in which words. */
const ATTACKS: readonly (readonly [string, Attack, string, RegExp])[] = [
  ["loops", { call: "(loop $on (br $on))" }, "fuel", /all 100,000,000 fuel.*fuel_per_call/],
  [
    "calls itself without end",
    { parts: "(func $deep (param i64) (call $deep (local.get 0)))", call: "(call $deep (i64.const 1))" },
    "trap",
    /stack is full/,
  ],
  [
    "calls itself without end, and catches the overflow",
    {
      parts: `(func $deep (call $deep))
        (func $stubborn (try (do (call $deep)) (catch_all (call $stubborn))))`,
      call: "(call $stubborn)",
    },
    "trap",
    /stack is full/,
  ],
  ["traps", { call: "unreachable" }, "trap", /attacker\.attack failed inside/],
  ["throws an exception that is never caught", { parts: "(tag $bad)", call: "(throw $bad)" }, "trap", /failed inside/],
  [
    "divides by nothing",
    { call: "(drop (i32.div_u (i32.const 1) (i32.load (i32.const 131072))))" },
    "trap",
    /divide by zero/,
  ],
  [
    "calls through an empty table",
    { parts: "(table 4 funcref)", call: "(call_indirect (i32.const 2))" },
    "trap",
    /failed inside/,
  ],
  [
    "fills memory in one instruction after another",
    { pages: 100, call: "(loop $on (memory.fill (i32.const 131072) (i32.const 1) (i32.const 4000000)) (br $on))" },
    "fuel",
    /used all/,
  ],
  [
    "sleeps for six hundred thousand years, again whenever it is woken",
    {
      imports: SLEEP,
      call: "(loop $on (try (do (call $sleep (i64.const -1))) (catch_all)) (br $on))",
    },
    "deadline",
    /400 ms/,
  ],
];

test.each(ATTACKS)("a guest that %s is stopped alone", async (_what, attack, reason, words) => {
  await room.deploy(await attacker(attack), "attacker", { limits: { deadlineMs: 400 } });
  for (let round = 0; round < 2; round += 1) {
    const { result, child } = await attackIn(room);
    expect(result).toMatchObject({ type: "failed", reason, message: expect.stringMatching(words) });
    expect(child).toBe("alive");
  }
});

test("a guest that throws and catches without end uses its fuel up", async () => {
  const thrower = await attacker({
    parts: "(tag $bad)",
    call: "(loop $on (try (do (throw $bad)) (catch_all)) (br $on))",
  });
  await room.deploy(thrower, "attacker", { limits: { fuelPerCall: 1_000_000 } });
  const { result, child } = await attackIn(room);
  expect(result).toMatchObject({ reason: "fuel", usage: { fuel: 1_000_000 } });
  expect(child).toBe("alive");
});

// guest.instance.I3
test("a guest that catches the end of its call is stopped, and the next call gets a new instance", async () => {
  const stubborn = await attacker({
    imports: SLEEP,
    parts: `(global $calls (mut i32) (i32.const 0))`,
    // The first call of an instance never ends; a second one, were there any, would answer.
    call: `(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      (if (i32.eq (global.get $calls) (i32.const 1))
        (then (loop $on (try (do (call $sleep (i64.const -1))) (catch_all)) (br $on))))`,
  });
  await room.deploy(stubborn, "attacker", { limits: { deadlineMs: 100 } });
  const texts: string[] = [];
  for (let round = 0; round < 3; round += 1) {
    texts.push(await room.text("attacker.attack", {}, { session: "one" }));
  }
  expect(texts).toEqual(["deadline", "deadline", "deadline"]);
});
