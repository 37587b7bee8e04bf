import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { moduleWithCode, PREAMBLE, u32 } from "./test-kits/binary.kit.ts";
import { Guest } from "./test-kits/guest.kit.ts";
import { ComponentFoundError, meter, METER_LIMITS, ModuleRefusedError, scan } from "./index.ts";
import { program } from "./test-kits/program.kit.ts";
import { assemble } from "./test-kits/wat.kit.ts";

// verifies("tool.hostile-module")

const metered = (wat: string) => meter(assemble(wat)).bytes;

/** Scans and meters; says how it ended, and throws only if it ended in a way it must not. */
function attempt(bytes: Uint8Array<ArrayBuffer>): "refused" | "metered" | "invalid output" {
  try {
    scan(bytes);
    return WebAssembly.validate(meter(bytes).bytes) ? "metered" : "invalid output";
  } catch (error) {
    if (error instanceof ModuleRefusedError || error instanceof ComponentFoundError) return "refused";
    throw error;
  }
}

const repeated = (count: number, code: readonly number[]): number[] => Array.from({ length: count }, () => code).flat();

describe("bytes that were tampered with", () => {
  const everything = assemble(
    `(module
    (import "h" "f" (func $in (param i32 i64) (result i32))) (import "h" "m" (memory 1 5)) (import "h" "g" (global i32))
    (type $t (func (param i32) (result i32)))
    (table $t 2 10 funcref) (table 1 externref) (tag $e (param i32))
    (global $x (mut i32) (i32.const -5)) (global v128 (v128.const i64x2 1 2)) (global f64 (f64.const 1.5))
    (func $a (export "a") (param i32) (result i32) (local f32 v128)
      (local.set 2 (i32x4.replace_lane 1 (v128.load offset=16 (i32.const 0)) (local.get 0)))
      (memory.fill (i32.const 0) (i32.const 1) (i32.const 20)) (drop (memory.grow (i32.const 1)))
      (block $one (block $two (br_table $one $two (local.get 0))) (drop (call $in (i32.const 1) (i64.const 2))))
      (loop $l (br_if $l (i32.eqz (local.get 0))) (if (local.get 0) (then (nop)) (else (return (i32.const 2)))))
      (call_indirect (type $t) (i32.const 3) (i32.trunc_sat_f32_s (local.get 1))))
    (func $b (type $t) (try (result i32) (do (throw $e (i32.const 3))) (catch $e) (catch_all (rethrow 0))))
    (func (export "c") (result i32) (return_call $a (i32.const 1)))
    (elem (table 0) (i32.const 0) func $a $b) (elem declare func $b) (elem funcref (ref.null func) (ref.func $a))
    (data (i32.const 8) "hello") (data "passive"))`,
  );

  const edit = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    what: fc.constantFrom("flip", "set", "insert", "remove", "repeat", "cut"),
    byte: fc.oneof(fc.constantFrom(0, 1, 0x0b, 0x40, 0x7f, 0x80, 0xff), fc.nat({ max: 255 })),
    length: fc.integer({ min: 1, max: 12 }),
  });
  type Edit = { readonly at: number; readonly what: string; readonly byte: number; readonly length: number };

  function edited(bytes: Uint8Array, { at, what, byte, length }: Edit): Uint8Array<ArrayBuffer> {
    const place = Math.min(bytes.length - 1, 8 + Math.floor(at * (bytes.length - 8)));
    const [before, after] = [bytes.subarray(0, place), bytes.subarray(place)];
    switch (what) {
      case "flip":
        return Uint8Array.from(bytes).with(place, (bytes[place] ?? 0) ^ (1 << (byte % 8)));
      case "set":
        return Uint8Array.from(bytes).with(place, byte);
      case "insert":
        return Uint8Array.from([...before, byte, ...after]);
      case "remove":
        return Uint8Array.from([...before, ...after.subarray(length)]);
      case "repeat":
        return Uint8Array.from([...before, ...after.subarray(0, length), ...after]);
      default:
        return Uint8Array.from(before);
    }
  }

  test("are refused, or metered to something valid", { timeout: 30_000 }, () => {
    expect(attempt(everything)).toBe("metered");
    const outcomes = { refused: 0, metered: 0, "invalid output": 0 };
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        const outcome = attempt(edits.reduce(edited, everything));
        outcomes[outcome] += 1;
        expect(outcome).not.toBe("invalid output");
      }),
      { numRuns: 5000 },
    );
    // The property says something only if both happen often.
    expect(outcomes.refused).toBeGreaterThan(500);
    expect(outcomes.metered).toBeGreaterThan(100);
  });

  test("inside random programs are refused, or metered to something valid", { timeout: 30_000 }, () => {
    fc.assert(
      fc.property(program, fc.array(edit, { minLength: 20, maxLength: 20 }), ({ wat }, edits) => {
        const bytes = assemble(wat);
        for (const each of edits) expect(attempt(edited(bytes, each))).not.toBe("invalid output");
      }),
      { numRuns: 40 },
    );
  });

  test("behind a module's first eight are refused whatever they are, or metered", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (noise) => {
        expect(attempt(Uint8Array.from([...PREAMBLE, ...noise]))).not.toBe("invalid output");
      }),
      { numRuns: 1000 },
    );
  });
});

describe("a guest without end", () => {
  const ENDLESS: readonly (readonly [string, string])[] = [
    ["an empty loop", `(func (export "f") (loop (br 0)))`],
    ["a loop by br_if", `(func (export "f") (loop (br_if 0 (i32.const 1))))`],
    ["a loop by br_table", `(func (export "f") (loop (br_table 0 0 0 (i32.const 1))))`],
    ["a loop by exceptions", `(tag $e) (func (export "f") (loop $l (try_table (catch_all $l) (throw $e))))`],
    ["a loop around a handler", `(tag $e) (func (export "f") (loop (try (do (throw $e)) (catch_all (br 1)))))`],
    ["a loop that calls", `(func $g) (func (export "f") (loop (call $g) (br 0)))`],
    ["a tail call to itself", `(func $f (export "f") (return_call $f))`],
    [
      "tail calls through a table",
      `(type $t (func)) (table 1 funcref) (elem (i32.const 0) $f)
      (func $f (export "f") (return_call_indirect (type $t) (i32.const 0)))`,
    ],
    [
      "a tree of calls",
      `(func $f (export "f") (param i32)
      (if (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1))) (call $f (i32.sub (local.get 0) (i32.const 1))))))`,
    ],
    [
      "a handler of everything around a loop",
      `(func $g (loop (br 0)))
      (func (export "f") (loop (try (do (call $g)) (catch_all)) (br 0)))`,
    ],
    [
      "a memory that fills",
      `(memory 1) (func (export "f")
      (loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536)) (br 0)))`,
    ],
    [
      "a table that fills",
      `(table 10000 funcref) (func (export "f")
      (loop (table.fill 0 (i32.const 0) (ref.null func) (i32.const 10000)) (br 0)))`,
    ],
  ];

  test.each(ENDLESS)("is stopped at the same place each time: %s", (_what, wat) => {
    const bytes = metered(`(module ${wat})`);
    const [first, second] = [new Guest(bytes), new Guest(bytes)].map((guest) => {
      guest.fuel = 1_000_000n;
      return { ending: guest.call("f", 60), left: guest.fuel };
    });
    expect(first).toEqual(second);
    expect(first?.ending).toEqual({ type: "trap", text: "unreachable" });
    expect(Number(first?.left)).toBeLessThan(0);
  });

  test("that calls itself too deeply overflows its stack, and cannot catch that", () => {
    const guest = new Guest(
      metered(`(module (func $deep (result i32) (i32.add (i32.const 1) (call $deep)))
        (func (export "f") (result i32) (try (result i32) (do (call $deep)) (catch_all (i32.const 1)))))`),
    );
    expect(guest.spend("f").ending.type).toBe("stack");
  });
});

describe("fuel cannot be won", () => {
  const bulk = metered(`(module (memory (export "memory") 1) (table 1 funcref) (elem $e func) (data $d "abc")
      (func (export "memory.fill") (param i32) (memory.fill (i32.const 0) (i32.const 1) (local.get 0)))
      (func (export "memory.copy") (param i32) (memory.copy (i32.const 0) (i32.const 1) (local.get 0)))
      (func (export "memory.init") (param i32) (memory.init $d (i32.const 0) (i32.const 0) (local.get 0)))
      (func (export "table.fill") (param i32) (table.fill 0 (i32.const 0) (ref.null func) (local.get 0)))
      (func (export "table.copy") (param i32) (table.copy (i32.const 0) (i32.const 0) (local.get 0)))
      (func (export "table.init") (param i32) (table.init $e (i32.const 0) (i32.const 0) (local.get 0)))
      (func (export "table.grow") (param i32) (drop (table.grow 0 (ref.null func) (local.get 0)))))`);
  const sizes = fc.oneof(fc.constantFrom(0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff), fc.nat({ max: 0xffffffff }));

  test("by sizes that look negative", () => {
    const guest = new Guest(bulk);
    fc.assert(
      fc.property(sizes, (size) => {
        for (const name of ["memory.fill", "memory.copy", "memory.init"])
          expect(guest.spend(name, size).used).toBe(1n + 4n + BigInt(Math.floor(size / 16)));
        for (const name of ["table.fill", "table.copy", "table.init"])
          expect(guest.spend(name, size).used).toBe(1n + 4n + BigInt(size));
        const grown = guest.spend("table.grow", size).used - (1n + 4n);
        expect(grown).toBe(size > METER_LIMITS.tableSlotsMax ? 0n : BigInt(size));
      }),
    );
  });

  test("and what cannot be paid is not done", () => {
    const guest = new Guest(bulk);
    guest.fuel = 1000n;
    expect(guest.call("memory.fill", 65536)).toEqual({ type: "trap", text: "unreachable" });
    expect(guest.memory().every((byte) => byte === 0)).toBe(true);
    expect(guest.fuel).toBeLessThan(0n);
  });

  test("on the way back from a deep stack", () => {
    // Each call has work behind it that is paid for only when it is reached; the fuel ends at the bottom.
    const work = "(drop (i32.const 1))".repeat(500);
    const bytes = metered(`(module (global $done (export "done") (mut i32) (i32.const 0))
      (func $f (export "f") (param i32)
        (if (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1)))))
        (if (i32.const 1) (then ${work} (global.set $done (i32.add (global.get $done) (i32.const 1)))))))`);
    const whole = new Guest(bytes);
    const { used } = whole.spend("f", 1000);
    expect(whole.global("done").value).toBe(1001);
    const downwards = 1001n * 10n;
    for (const given of [downwards, downwards + 700n, used / 2n, used - 1n]) {
      const guest = new Guest(bytes);
      guest.fuel = given;
      guest.call("f", 1000);
      // A thousand for the work of one function, and a little.
      expect(guest.fuel).toBeGreaterThan(-1100n);
      expect(Number(guest.global("done").value)).toBeLessThanOrEqual(Number(given / 1000n) + 1);
    }
  });

  const AFTER_A_CALL: readonly (readonly [string, string])[] = [
    ["in an arm", `(if (call $f) (then (drop (call $f))))`],
    ["in the other arm", `(if (i32.eqz (call $f)) (then) (else (drop (call $f))))`],
    [
      "behind an arm that did not call",
      `(block $b (br_if $b (i32.const 0)) (drop (call $f)) (br_if $b (i32.const 0)))`,
    ],
    [
      "behind an if that was passed over",
      `(block $out (block $b (br_if $b (i32.eqz (call $f)))) (if (i32.const 0)
      (then (br $out))) (br_if $out (i32.const 0)) (drop (call $f)))`,
    ],
    [
      "behind a branch",
      `(block $out (block $b (drop (call $f)) (br_if $out (i32.const 0)) (br $b)) (br_if $out (i32.const 0)))`,
    ],
    [
      "behind an if that was skipped",
      `(drop (call $f)) (if (i32.const 0) (then (nop))) (if (i32.const 1) (then (drop (call $f))))`,
    ],
    [
      "behind a branch that was taken",
      `(block $b (drop (call $f)) (br_if $b (i32.const 1)) (nop)) (if (i32.const 1)
      (then (drop (call $f))))`,
    ],
    [
      "behind a branch table",
      `(block $b (block $a (drop (call $f)) (br_table $a $b $a (i32.const 1)))) (if (i32.const 1)
      (then (drop (call $f))))`,
    ],
    [
      "behind the first of two arms",
      `(if (i32.const 1) (then (drop (call $f))) (else (nop))) (if (i32.const 1)
      (then (drop (call $f))))`,
    ],
    [
      "in a handler",
      `(try (do (drop (call $f))) (catch_all (drop (call $f)) (try (do (drop (call $f))) (catch_all))))`,
    ],
    ["behind a handler", `(try (do (drop (call $f))) (catch_all (nop)))`],
  ];

  test.each(AFTER_A_CALL)("from the host, once it has set the fuel below zero: %s", (_where, code) => {
    for (const throws of [false, true]) {
      let callsAfter = 0;
      const bytes = metered(`(module (import "h" "f" (func $f (result i32))) (func (export "f") ${code.repeat(10)}))`);
      const stop = () => {
        if (guest.fuel < 0n) callsAfter += 1;
        guest.fuel = -1n;
        if (throws) throw new Error("stop");
        return 1;
      };
      const guest = new Guest(bytes, { h: { f: stop } });
      guest.spend("f");
      expect(callsAfter).toBe(0);
    }
  });

  test("by leaving through the end of a block that handles exceptions", () => {
    let callsAfter = 0;
    const code = `(block $h (try_table (catch_all $h) (call $f)))`;
    const bytes = metered(`(module (import "h" "f" (func $f)) (func (export "f") ${code.repeat(10)}))`);
    const stop = () => {
      if (guest.fuel < 0n) callsAfter += 1;
      guest.fuel = -1n;
      throw new Error("stop");
    };
    const guest = new Guest(bytes, { h: { f: stop } });
    expect(guest.spend("f").ending).toEqual({ type: "trap", text: "unreachable" });
    expect(callsAfter).toBe(0);
  });
});

describe("time to meter grows with the file alone", { timeout: 20_000 }, () => {
  const blocks = 80_000;

  test("for branches out of a deep nest", () => {
    const branches = repeated(40_000, [0x41, 0, 0x0d, ...u32(blocks - 1)]);
    const code = [...repeated(blocks, [0x02, 0x40]), ...branches, ...repeated(blocks, [0x0b])];
    const guest = new Guest(meter(moduleWithCode(Uint8Array.from(code))).bytes);
    expect(guest.spend("f")).toEqual({ ending: { type: "value", text: "undefined" }, used: 1n + 80_000n });
  });

  test("for a branch table of all the blocks around it", () => {
    const targets = Array.from({ length: 60_000 }, (_, depth) => u32(depth)).flat();
    const table = [0x41, 5, 0x0e, ...u32(59_999), ...targets];
    const code = [...repeated(60_000, [0x02, 0x40]), ...table, ...repeated(60_000, [0x0b])];
    const guest = new Guest(meter(moduleWithCode(Uint8Array.from(code))).bytes);
    expect(guest.spend("f").used).toBe(3n);
  });

  test("for handlers that all lead to the outermost block", () => {
    const depth = 10_000;
    const tries = Array.from({ length: depth }, (_, at) => [0x1f, 0x40, 1, 0x02, ...u32(at)]).flat();
    const code = [0x02, 0x40, ...tries, ...repeated(depth, [0x0b]), 0x0b];
    const guest = new Guest(meter(moduleWithCode(Uint8Array.from(code))).bytes);
    expect(guest.spend("f").used).toBe(1n);
  });
});
