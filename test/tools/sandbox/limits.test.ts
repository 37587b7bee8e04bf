import { expect, test } from "vitest";
import { assemble, hostile, Room, textOf } from "./room.ts";
import { GO, smallServer } from "./small.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.limits");

test.each([
  ["loop_forever", {}, "fuel", /loop_forever used all 100,000,000 fuel.*fuel_per_call/],
  ["allocate_endlessly", {}, "memory", /allocate_endlessly needed more than its 64 MiB.*memory_mib/],
  ["recurse", {}, "trap", /recurse failed inside/],
  ["trap", {}, "trap", /trap failed inside.*fault of the tool/],
  ["exit", {}, "trap", /exit code/],
  ["garbage", {}, "bad-output", /not JSON/],
  ["wrong_id", {}, "bad-output", /request that was not made/],
  ["huge", {}, "bad-output", /larger than 1048576 bytes.*result_bytes/],
  ["deep_json", {}, "bad-output", /nested deeper than 64/],
  ["bad_utf8", {}, "bad-output", /not UTF-8/],
])("a tool that does %s is stopped, and the message says why and what helps", async (tool, given, reason, words) => {
  await using room = new Room();
  await room.deploy(hostile(), "h");
  const result = await room.call(`h.${tool}`, given);
  expect(result).toMatchObject({ type: "failed", reason, message: expect.stringMatching(words) });
  expect(await room.text("h.echo", { text: "still here" })).toBe("still here");
});

test("a tool that never answers ends at its deadline or when it waits for more", async () => {
  await using room = new Room();
  await room.deploy(hostile(), "h", { limits: { deadlineMs: 300 } });
  expect(textOf(await room.call("h.never_answer"))).toMatch(/^(bad-output|deadline)$/);
});

test("a tool that sleeps is woken at its deadline and ended", async () => {
  await using room = new Room();
  await room.deploy(await assemble("probe.wat"), "p", { limits: { deadlineMs: 200 } });
  const result = await room.call("p.sleep");
  expect(result).toMatchObject({ reason: "deadline", message: expect.stringMatching(/p\.sleep .*200 ms.*deadline/) });
  expect(result.usage.durationMs).toBeGreaterThanOrEqual(200);
  expect(await room.text("p.answer")).toBe("ok");
});

test("a tool that waits for input and time at once continues with time", async () => {
  await using room = new Room();
  await room.deploy(await assemble("probe.wat"), "p", { limits: { deadlineMs: 150 } });
  expect(await room.text("p.both")).toBe("deadline");
});

test("calling into the host costs fuel too", async () => {
  await using room = new Room();
  await room.deploy(await assemble("probe.wat"), "p", { limits: { fuelPerCall: 10_000_000 } });
  const result = await room.call("p.host");
  expect(result).toMatchObject({ reason: "fuel", usage: { fuel: 10_000_000 } });
});

test("a tool that works on after its answer is stopped like any other", async () => {
  await using room = new Room();
  await room.deploy(await assemble("probe.wat"), "p", { limits: { fuelPerCall: 1_000_000 } });
  expect(await room.text("p.more")).toBe("fuel");
});

test("a tool that answers twice breaks the protocol", async () => {
  await using room = new Room();
  await room.deploy(await assemble("probe.wat"), "p");
  expect(await room.text("p.twice")).toBe("bad-output");
});

test("a tool that ends itself after its answer has answered, and the next call of the run works", async () => {
  await using room = new Room();
  await room.deploy(await assemble("probe.wat"), "p");
  expect(await room.text("p.exit", {}, { session: "one" })).toBe("ok");
  expect(await room.text("p.answer", {}, { session: "one" })).toBe("ok");
});

test("the same work uses the same fuel, more work uses more", async () => {
  await using room = new Room();
  await room.deploy(hostile(), "h", { limits: { fuelPerCall: 1_000_000_000 } });
  const fuel = async (n: number): Promise<number> => (await room.call("h.slow_fuel", { n })).usage.fuel;
  const [once, again, twice] = [await fuel(1_000_000), await fuel(1_000_000), await fuel(2_000_000)];
  expect(again).toBe(once);
  expect(twice).toBeGreaterThan(1.8 * once);
});

test("an answer up to the limit passes", async () => {
  await using room = new Room();
  await room.deploy(hostile(), "h", { limits: { resultBytesMax: 200_000 } });
  expect(await room.text("h.big", { bytes: 190_000 })).toHaveLength(190_000);
  expect(await room.text("h.big", { bytes: 200_000 })).toBe("bad-output");
});

test("usage says what was used", async () => {
  await using room = new Room();
  await room.deploy(hostile(), "h");
  const { usage } = await room.call("h.echo", { text: "x" });
  expect(usage.fuel).toBeGreaterThan(1_000);
  expect(usage.fuel).toBeLessThan(1_000_000);
  expect(usage.memoryBytes % 65_536).toBe(0);
  expect(usage.memoryBytes).toBeGreaterThan(0);
  expect(usage.durationMs).toBeGreaterThan(0);
});

test("standard error is kept as lines without escape sequences, and not more than a call may write", async () => {
  await using room = new Room();
  await room.deploy(hostile(), "h", { limits: { fuelPerCall: 1_000_000_000 } });
  expect((await room.call("h.spam_stderr")).type).toBe("done");
  const lines = room.sandbox.logs("h");
  expect(lines.length).toBeGreaterThan(10);
  expect(lines.length).toBeLessThanOrEqual(201);
  expect(lines.every(({ text }) => !text.includes("\u001b"))).toBe(true);
});

test("a run's queue and a server's queue have an end", async () => {
  await using room = new Room();
  await room.deploy(await assemble("probe.wat"), "p", { limits: { deadlineMs: 400 } });
  const one = await Promise.all(Array.from({ length: 20 }, () => room.text("p.sleep", {}, { session: "one" })));
  expect(one.filter((text) => text === "overloaded")).toHaveLength(4);
  await room.deploy(await assemble("probe.wat"), "p", { limits: { deadlineMs: 400 } });
  const many = await Promise.all(Array.from({ length: 300 }, () => room.text("p.sleep")));
  expect(many.filter((text) => text === "overloaded")).toHaveLength(300 - 256);
});

test("a limit for answers of a few bytes leaves room for a server to say what it is", async () => {
  await using room = new Room();
  await room.deploy(hostile(), "h", { limits: { resultBytesMax: 1_024 } });
  expect(await room.text("h.echo", { text: "short" })).toBe("short");
  expect(await room.text("h.big", { bytes: 2_000 })).toBe("bad-output");
});

test("the largest answer, which becomes three times as long on its way, arrives", async () => {
  await using room = new Room();
  const bytes = 16 * 1024 * 1024;
  // {"a":"\"\"…"}: an object is answered as itself and as a text.
  const module = await smallServer({
    call: `(drop (memory.grow (i32.const 260)))
      (i32.store (i32.const 131072) (i32.const 0x3a226122)) (i32.store8 (i32.const 131076) (i32.const 0x22))
      (local.set $i (i32.const 131077))
      (loop $l (i32.store16 (local.get $i) (i32.const 0x225c))
        (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 2))) (i32.const ${131_071 + bytes - 3}))))
      (i32.store8 (i32.const 131071) (i32.const 0x7b))
      (i32.store16 (local.get $i) (i32.const 0x7d22))
      (global.set $at (i32.const 131071))
      (global.set $length (i32.sub (i32.add (local.get $i) (i32.const 2)) (i32.const 131071)))`,
  });
  const limits = {
    resultBytesMax: bytes,
    memoryBytesMax: 64 * 1024 * 1024,
    fuelPerCall: 1_000_000_000,
    deadlineMs: 60_000,
  };
  await room.deploy(module, "s", { tools: GO, limits });
  const result = await room.call("s.go");
  expect(result).toMatchObject({ type: "done" });
  expect(textOf(result).length).toBeGreaterThan(bytes - 10);
});
