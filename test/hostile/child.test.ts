import { readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { assemble } from "../tools/sandbox/room.ts";
import { arena, attacker, attackIn, toolList, unharmed } from "./attacker.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("tool.neighbors");

const SLEEP = `(import "caxton" "sleep_micros" (func $sleep (param i64)))`;
const ASLEEP = "(call $sleep (i64.const -1))";

test("guests that compute without a pause, all at once, cost their child; the neighbour's calls are made in the next", async () => {
  await using room = await arena();
  // A call is {"id":1,"tool_name":"…"} at 1024.
  const hog = await attacker({
    list: toolList("attack", "calm"),
    call: "(if (i32.eq (i32.load8_u (i32.const 1045)) (i32.const 97)) (then (loop $on (br $on))))",
  });
  await room.deploy(hog, "attacker", { limits: { fuelPerCall: 1_000_000_000_000, deadlineMs: 300 } });
  expect(await room.text("attacker.calm")).toBe("ok");
  const before = room.pids();
  const hogging = Promise.all(Array.from({ length: 4 }, () => room.text("attacker.attack")));
  await vi.waitFor(() => expect(room.sandbox.stats().processes[0]?.calls).toBe(4));
  expect(await unharmed(room, before)).toBe("replaced");
  expect(new Set(await hogging)).toEqual(new Set(["deadline"]));
});

const ENDLESS = "(loop $on (br $on))";
/** An environment that the build child does not give, so that a module can detect where it is started. */
const SIZES = `(import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))`;

test("a guest that computes when it is started ahead of its calls does not keep a neighbour waiting, and is started so no more", async () => {
  await using room = await arena({ startFuel: 1_000_000_000_000 });
  const slow = await attacker({
    imports: SIZES,
    parts: `(func $begin (drop (call $sizes (i32.const 0) (i32.const 4))) (if (i32.load (i32.const 0)) (then ${ENDLESS})))
      (start $begin)`,
  });
  const before = room.pids();
  // The start begins soon after the deployment, when there is no call that could be past its deadline.
  await room.deploy(slow, "attacker", { grants: { environment: ["GREETING"] } });
  while ((await unharmed(room, before)) === "alive");
  // It is there again, and its own call pays for its start.
  const again = room.pids();
  expect(await room.text("attacker.attack")).toBe("deadline");
  expect(await unharmed(room, again)).toBe("replaced");
});

test("a guest with more fuel than time is distinguished from a neighbour that waits in the same child", async () => {
  await using room = await arena();
  const hog = await attacker({ call: ENDLESS });
  await room.deploy(hog, "attacker", { limits: { fuelPerCall: 1_000_000_000_000, deadlineMs: 300 } });
  const stop = new AbortController();
  const waiting = room.text("neighbour.sleep", {}, { signal: stop.signal });
  // The child has heard of the neighbour's call, which has 30 s, before it falls silent.
  expect(await room.text("neighbour.answer")).toBe("ok");
  const startMs = performance.now();
  expect(await room.text("attacker.attack")).toBe("deadline");
  expect(performance.now() - startMs).toBeLessThan(20_000);
  expect(await room.text("neighbour.answer", {}, { session: "neighbour" })).toBe("ok");
  stop.abort();
  expect(await waiting).toBe("cancelled");
});

// guest.instance.I2
test("stacks that guests leave behind them, asleep in the host, are taken down", { timeout: 120_000 }, async () => {
  await using room = await arena();
  await room.deploy(await attacker({ imports: SLEEP, call: ASLEEP }), "attacker", { limits: { deadlineMs: 60_000 } });
  const maps = (): number => readFileSync(`/proc/${room.pids()[0]}/maps`, "utf8").split("\n").length;
  const round = async (): Promise<void> => {
    const stop = new AbortController();
    const calls = Array.from({ length: 60 }, () => room.text("attacker.attack", {}, { signal: stop.signal }));
    expect(await room.text("neighbour.answer")).toBe("ok");
    stop.abort();
    expect(new Set(await Promise.all(calls))).toEqual(new Set(["cancelled"]));
  };
  for (let count = 0; count < 3; count += 1) await round();
  const before = maps();
  for (let count = 0; count < 20; count += 1) await round();
  // 1,200 suspended stacks that were dropped would be some thousands of maps.
  await vi.waitFor(() => expect(maps()).toBeLessThan(before + 600), { timeout: 20_000 });
});

test("a guest that sleeps in every instance it may have does not keep a neighbour from starting its own", async () => {
  await using room = await arena();
  await room.deploy(await attacker({ imports: SLEEP, call: ASLEEP }), "attacker", { limits: { deadlineMs: 3_000 } });
  const sleeping = Array.from({ length: 100 }, () => room.text("attacker.attack"));
  const beside = await Promise.all(Array.from({ length: 20 }, () => room.text("neighbour.answer")));
  expect(new Set(beside)).toEqual(new Set(["ok"]));
  await room.deploy(await assemble("probe.wat"), "late");
  expect(await room.text("late.answer")).toBe("ok");
  expect(new Set(await Promise.all(sleeping))).toEqual(new Set(["deadline"]));
});

test(
  "a child in which modules come and go is replaced once it is worn, and the neighbour answers on",
  { timeout: 120_000 },
  async () => {
    await using room = await arena({ instanceIdleMs: 200 });
    const module = await attacker({});
    const before = room.pids();
    for (let count = 0; count < 1_010; count += 1) {
      await room.deploy(module, "attacker");
      expect(await room.text("attacker.attack")).toBe("ok");
      room.sandbox.remove("attacker");
    }
    await vi.waitFor(() => expect(room.pids()).not.toEqual(before), 10_000);
    await vi.waitFor(() => expect(room.pids()).toHaveLength(1), 10_000);
    expect(await unharmed(room, before)).toBe("replaced");
  },
);

test("a server that attacks repeatedly is put in quarantine, and its neighbour never is", async () => {
  await using room = await arena();
  await room.deploy(await attacker({ call: "unreachable" }), "attacker");
  const texts: string[] = [];
  for (let count = 0; count < 7; count += 1) texts.push((await attackIn(room)).text);
  expect(texts).toEqual(["trap", "trap", "trap", "trap", "trap", "quarantined", "quarantined"]);
  expect(room.sandbox.servers().map(({ name, state }) => [name, state])).toEqual([
    ["neighbour", "running"],
    ["attacker", "quarantined"],
  ]);
});
