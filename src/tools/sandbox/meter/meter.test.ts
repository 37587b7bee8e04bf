import { describe, expect, test } from "vitest";
import { Guest, PLENTY, trio } from "./test-kits/guest.kit.ts";
import { FUEL_EXPORT, meter, METER_LIMITS, scan, START_EXPORT } from "./index.ts";
import { assemble } from "./test-kits/wat.kit.ts";

const metered = (wat: string, limits = METER_LIMITS) => meter(assemble(wat), limits);

describe("a metered module", () => {
  test("has no fuel until it is given some", () => {
    const guest = new Guest(metered(`(module (func (export "f") (result i32) (i32.const 7)))`).bytes);
    expect(guest.fuel).toBe(0n);
    expect(guest.call("f")).toEqual({ type: "trap", text: "unreachable" });
    expect(guest.spend("f")).toEqual({ ending: { type: "value", text: "7" }, used: 2n });
  });

  test("runs nothing at instantiation; its start function is an export", () => {
    const wat = `(module (global $x (export "x") (mut i32) (i32.const 1)) (func $go (global.set $x (i32.const 2))) (start $go))`;
    const { bytes, shape } = metered(wat);
    const guest = new Guest(bytes);
    expect(shape.hasStart).toBe(true);
    expect(guest.global("x").value).toBe(1);
    expect(guest.spend(START_EXPORT).ending.type).toBe("value");
    expect(guest.global("x").value).toBe(2);
  });

  test("may start with a function of the host", () => {
    let starts = 0;
    const { bytes } = metered(`(module (import "host" "go" (func $go)) (start $go))`);
    new Guest(bytes, { host: { go: () => void (starts += 1) } }).spend(START_EXPORT);
    expect(starts).toBe(1);
  });

  test("exports what it did, and the fuel", () => {
    const wat = `(module (func (export "f")) (memory (export "memory") 1) (global (export "g") i32 (i32.const 1)))`;
    const module = new WebAssembly.Module(metered(wat).bytes);
    expect(WebAssembly.Module.exports(module)).toEqual([
      ...WebAssembly.Module.exports(new WebAssembly.Module(assemble(wat))),
      { name: FUEL_EXPORT, kind: "global" },
    ]);
  });

  test("has no custom sections", () => {
    const plain = assemble(`(module (func (export "f")))`);
    const name = [0, 5, 4, ...Buffer.from("name")];
    const bytes = Uint8Array.from([...plain.subarray(0, 8), ...name, ...plain.subarray(8), ...name]);
    expect(WebAssembly.validate(bytes)).toBe(true);
    expect(meter(bytes).bytes).toEqual(meter(plain).bytes);
  });

  test("cannot be metered again", () => {
    expect(() => meter(metered(`(module)`).bytes)).toThrow(FUEL_EXPORT);
  });

  test("comes out the same each time, and says what was added", () => {
    const wat = `(module (memory 1) (func (loop (br_if 0 (i32.const 0))) (drop (memory.grow (i32.const 1)))))`;
    expect(metered(wat)).toEqual(metered(wat));
    expect(metered(wat).report).toEqual({ points: 1, checks: 3, sized: 1 });
  });

  test("keeps the numbers of what it imports and declares", () => {
    const { plain, guest } = trio(
      `(module (import "h" "g" (global $in i32)) (import "h" "f" (func $in (param i32) (result i32)))
        (global $own (mut i32) (i32.const 30)) (table 1 funcref) (elem (i32.const 0) $in)
        (func (export "f") (result i32)
          (global.set $own (i32.add (global.get $own) (global.get $in)))
          (call_indirect (param i32) (result i32) (global.get $own) (i32.const 0))))`,
      METER_LIMITS,
      () => ({ h: { g: 4, f: (value: unknown) => Number(value) * 2 } }),
    );
    expect(plain.call("f")).toEqual({ type: "value", text: "68" });
    expect(guest.spend("f").ending).toEqual({ type: "value", text: "68" });
  });
});

describe("memory and tables", () => {
  const grower = `(func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "size") (result i32) (memory.size))`;
  const limits = { ...METER_LIMITS, memoryPagesMax: 10, tableSlotsMax: 20 };

  test.each([
    ["without a maximum", "1"],
    ["with a larger maximum", "1 500"],
  ])("end at the limit: memory %s", (_how, bounds) => {
    const guest = new Guest(metered(`(module (memory ${bounds}) ${grower})`, limits).bytes);
    for (let page = 1; page < 10; page += 1) expect(guest.spend("grow", 1).ending.text).toBe(String(page));
    expect(guest.spend("grow", 1).ending.text).toBe("-1");
    expect(guest.spend("size").ending.text).toBe("10");
  });

  test("keep a maximum below the limit", () => {
    const guest = new Guest(metered(`(module (memory 1 2) ${grower})`, limits).bytes);
    expect(guest.spend("grow", 2).ending.text).toBe("-1");
    expect(guest.spend("grow", 1).ending.text).toBe("1");
  });

  test("end at the limit when they are imported", () => {
    const { bytes, shape } = metered(
      `(module (import "h" "m" (memory 1)) (import "h" "t" (table 1 500 funcref)) ${grower})`,
      limits,
    );
    expect(shape.memory).toEqual({ imported: true, pagesMin: 1, pagesMax: 10 });
    const instance = (pages: number, slots: number) =>
      new Guest(bytes, {
        h: {
          m: new WebAssembly.Memory({ initial: 1, maximum: pages }),
          t: new WebAssembly.Table({ element: "anyfunc", initial: 1, maximum: slots }),
        },
      });
    expect(() => instance(10, 20)).not.toThrow();
    expect(() => instance(11, 20)).toThrow(WebAssembly.LinkError);
    expect(() => instance(10, 21)).toThrow(WebAssembly.LinkError);
  });

  test("end at the limit: each table of several", () => {
    const wat = `(module (table $a 1 funcref) (table $b 2 600 externref)
      (func (export "a") (param i32) (result i32) (table.grow $a (ref.null func) (local.get 0)))
      (func (export "b") (param i32) (result i32) (table.grow $b (ref.null extern) (local.get 0))))`;
    const guest = new Guest(metered(wat, limits).bytes);
    expect(guest.spend("a", 20).ending.text).toBe("-1");
    expect(guest.spend("a", 19).ending.text).toBe("1");
    expect(guest.spend("b", 19).ending.text).toBe("-1");
    expect(guest.spend("b", 18).ending.text).toBe("2");
  });

  test("cost what they grow by, and nothing when they cannot grow that much at all", () => {
    const guest = new Guest(metered(`(module (memory 0) ${grower})`, limits).bytes);
    // Entry, local.get and memory.grow itself.
    const base = 1n + 1n + 64n;
    expect(guest.spend("grow", 0).used).toBe(base);
    expect(guest.spend("grow", 3).used).toBe(base + 3n * 512n);
    expect(guest.spend("grow", 10)).toEqual({ ending: { type: "value", text: "-1" }, used: base + 10n * 512n });
    for (const pages of [11, 0xffff, 0x10000, 0x10001, 0x800000, 0x7fffffff, 0x80000000, 0xffffffff])
      expect(guest.spend("grow", pages)).toEqual({ ending: { type: "value", text: "-1" }, used: base });
  });
});

test("fuel is refused to a module that writes to the number the fuel will have", () => {
  const bytes = assemble(`(module (global $own (mut i64) (i64.const 0)) (func (export "refuel")
    (global.set $own (i64.const 0x7fffffffffffffff))))`);
  // The number of the global is the one operand of the only global.set.
  const at = bytes.findIndex((byte, index) => byte === 0x24 && bytes[index + 1] === 0);
  const hostile = bytes.with(at + 1, 1);
  expect(() => meter(bytes)).not.toThrow();
  expect(() => scan(hostile)).not.toThrow();
  expect(() => meter(hostile)).toThrow(/not valid WebAssembly: .*global index/i);
});

test("a function that grows too long with its accounting is refused by name", () => {
  const wat = `(module (memory 1) (func ${"(drop (memory.grow (i32.const 0)))".repeat(100)}))`;
  const limits = { ...METER_LIMITS, bodyBytesMax: 600, meteredBodyBytesMax: 1000 };
  expect(() => metered(wat, limits)).toThrow("bytes in one function body with its fuel accounting");
  expect(() => metered(wat)).not.toThrow();
});

test("the host stops a guest by setting its fuel below zero", () => {
  let calls = 0;
  const { bytes } = metered(`(module (import "h" "f" (func $f))
    (func (export "f") (loop (try (do (call $f)) (catch_all)) (br 0))))`);
  const guest = new Guest(bytes, {
    h: {
      f: () => {
        calls += 1;
        if (calls < 5) return;
        guest.fuel = -1n;
        throw new Error("stop");
      },
    },
  });
  guest.fuel = PLENTY;
  expect(guest.call("f")).toEqual({ type: "trap", text: "unreachable" });
  expect(calls).toBe(5);
});

test("limits beyond what V8 can do are lowered to what it can", () => {
  const limits = { ...METER_LIMITS, memoryPagesMax: 2 ** 31, tableSlotsMax: 2 ** 31, localsMax: 2 ** 31 };
  const { bytes, shape } = metered(`(module (memory 0) (table 0 funcref))`, limits);
  expect(WebAssembly.validate(bytes)).toBe(true);
  expect(shape.memory).toMatchObject({ pagesMax: 65_536 });
  expect(() => metered(`(module (func (local ${"i32 ".repeat(49_000)})))`, limits)).toThrow("48000 allowed");
});
