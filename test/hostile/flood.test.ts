import { expect, test } from "vitest";
import type { Room } from "../tools/sandbox/room.ts";
import { arena, attacker, attackIn, heldBytes, inText, speaker, unharmed } from "./attacker.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("tool.neighbors");

const MIB = 1024 ** 2;
/** Far less than what any of these floods pours out, far more than the noise of a quiet process. */
const GROWTH_MAX = 192 * MIB;
const ROUNDS = 12;
const FLOOD = { deadlineMs: 20_000, fuelPerCall: 20_000_000 };

/** Whether the server's process holds what the flood poured out. */
async function growthOver(rounds: () => Promise<unknown>): Promise<number> {
  await rounds();
  const before = heldBytes();
  for (let round = 1; round < ROUNDS; round += 1) await rounds();
  return heldBytes() - before;
}

const said = (text: string): string => `(data (i32.const 131072) "${inText(text)}")`;
const sayFor = (text: string, times: string): string =>
  `(local.set $at ${times}) (loop $on (call $say (i32.const 131072) (i32.const ${text.length}))
    (br_if $on (local.tee $at (i32.sub (local.get $at) (i32.const 1)))))`;
const ENDLESSLY = "(i32.const 2000000000)";

const NOTE = `{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"${"x".repeat(1_000)}"}}\n`;
const ASKED = `{"jsonrpc":"2.0","id":7,"method":"sampling/createMessage","params":{}}\n`;

test.each([
  ["notes", NOTE, "bad-output", /more than 1000 messages in one call/],
  ["requests of its own", ASKED, "bad-output", /more than 1000 messages in one call/],
  ["empty lines", "\n", "fuel", /used all/],
  ["one line without end", "[".repeat(4_000), "bad-output", /larger than 1048576 bytes/],
])("a guest that floods its output with %s is stopped, and the server holds nothing of it", async (...given) => {
  const [, text, reason, words] = given;
  await using room = await arena();
  const flood = await speaker({ parts: said(text), call: sayFor(text, ENDLESSLY) });
  await room.deploy(flood, "attacker", { limits: FLOOD });
  const { result, child } = await attackIn(room);
  expect(result).toMatchObject({ type: "failed", reason, message: expect.stringMatching(words) });
  expect(child).toBe("alive");
  expect(await growthOver(() => forgiven(room, flood))).toBeLessThan(GROWTH_MAX);
  await unharmed(room, room.pids());
});

/** One call of a server that is deployed again, so that it is not in quarantine. */
async function forgiven(room: Room, module: Uint8Array): Promise<string> {
  await room.deploy(module, "attacker", { limits: FLOOD });
  return await room.text("attacker.attack");
}

test("a guest that logs without end is cut at 64 KiB a call, and the server keeps its last 200 lines", async () => {
  await using room = await arena();
  const flood = await attacker({
    imports: `(import "caxton" "console_log" (func $log (param i32 i32)))`,
    parts: `(data (i32.const 131072) "${inText(`${"\u001b[31m" + "y".repeat(90)}\n`)}")`,
    call: "(loop $on (call $log (i32.const 131072) (i32.const 60000)) (br $on))",
  });
  await room.deploy(flood, "attacker", { limits: FLOOD });
  expect((await attackIn(room)).text).toBe("fuel");
  expect(await growthOver(() => forgiven(room, flood))).toBeLessThan(GROWTH_MAX);
  const lines = room.sandbox.logs("attacker");
  expect(lines.length).toBeLessThanOrEqual(201);
  expect(lines.every(({ text }) => text.length <= 2_000 && !text.includes("\u001b"))).toBe(true);
});

test("answers as large as allowed, from many runs at once, are not kept", async () => {
  await using room = await arena();
  const size = 1_000_000;
  const large = await attacker({
    pages: 40,
    call: `(memory.fill (i32.const 1048576) (i32.const 97) (i32.const ${size}))
      (i32.store8 (i32.const 1048576) (i32.const 34))
      (i32.store8 (i32.const ${1_048_576 + size - 1}) (i32.const 34))
      (global.set $at (i32.const 1048576)) (global.set $length (i32.const ${size}))`,
  });
  await room.deploy(large, "attacker");
  const round = async (): Promise<void> => {
    const results = await Promise.all(Array.from({ length: 30 }, () => room.text("attacker.attack")));
    expect(results.every((text) => text.length === size - 2)).toBe(true);
  };
  expect(await growthOver(round)).toBeLessThan(GROWTH_MAX);
  await unharmed(room, room.pids());
});

test("a guest that answers a request that is yet to come, or gives its answer to another's, is stopped", async () => {
  await using room = await arena();
  const ahead = "(call $answer (global.get $id)) (call $answer (i32.add (global.get $id) (i32.const 1)))";
  for (const [name, call] of [
    ["ahead", ahead],
    ["behind", "(call $answer (i32.const 1))"],
    ["none", "(call $answer (i32.const 999))"],
  ] as const) {
    await room.deploy(await speaker({ call }), name);
    const { result, child } = await attackIn(room, `${name}.attack`);
    expect(result).toMatchObject({ reason: "bad-output", message: expect.stringContaining("that was not made") });
    expect(child).toBe("alive");
  }
});

test("a guest that floods many runs at once leaves a neighbour its turn", async () => {
  await using room = await arena();
  await room.deploy(await speaker({ parts: said("\n"), call: sayFor("\n", ENDLESSLY) }), "attacker", { limits: FLOOD });
  const before = room.pids();
  const flood = Array.from({ length: 8 }, () => room.text("attacker.attack"));
  expect(await unharmed(room, before)).toBe("alive");
  expect(new Set(await Promise.all(flood))).toEqual(new Set(["fuel"]));
});
