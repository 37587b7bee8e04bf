import { describe, expect, test } from "vitest";
import { body, list, moduleOf, moduleWithCode, section, text, u32 } from "./test-kits/binary.kit.ts";
import { PREPAID_FUEL_MAX, surveyCallees } from "./callees.ts";
import { Guest } from "./test-kits/guest.kit.ts";
import { meter, METER_LIMITS, ModuleRefusedError, type Refusal } from "./index.ts";
import { planBody } from "./plan.ts";
import { Reader } from "./binary/reader.ts";
import { survey } from "./survey.ts";
import { assemble } from "./test-kits/wat.kit.ts";

type Bytes = readonly number[];

function refusal(bytes: Uint8Array<ArrayBuffer>): Refusal {
  try {
    meter(bytes);
  } catch (error) {
    if (error instanceof ModuleRefusedError) return error.details;
    throw error;
  }
  throw new Error("the module was not refused");
}

const repeated = (count: number, code: Bytes): number[] => Array.from({ length: count }, () => code).flat();

const TYPE = section(1, list([[0x60, 0, 0]]));
const FUNCTION = section(3, list([[0]]));
const CODE = section(10, list([body([])]));

/** A number of that many bytes, more than it needs; with six it is longer than a number may be. */
const OVER_LONG = (value: number, width: number): number[] => u32(value, width);
const OVERFLOWING = [0xff, 0xff, 0xff, 0xff, 0x1f];

describe("numbers", () => {
  /** A module with that number in place of 0 or 1, in many places. */
  const places: readonly (readonly [string, number, (number: Bytes) => Uint8Array<ArrayBuffer>])[] = [
    ["the length of a section", 1, (number) => moduleOf([1, ...number, 0])],
    ["the count of types", 0, (number) => moduleOf(section(1, number))],
    ["the count of parameters", 0, (number) => moduleOf(section(1, [1, 0x60, ...number, 0]))],
    ["the length of a name", 1, (number) => moduleOf(TYPE, section(2, [1, ...number, 0x61, 0, 0, 0]))],
    ["a function's type", 0, (number) => moduleOf(TYPE, section(3, list([number])), CODE)],
    ["the pages of a memory", 1, (number) => moduleOf(section(5, list([[0, ...number]])))],
    ["the slots of a table", 1, (number) => moduleOf(section(4, list([[0x70, 0, ...number]])))],
    [
      "the function of an export",
      0,
      (number) => moduleOf(TYPE, FUNCTION, section(7, [1, 1, 0x61, 0, ...number]), CODE),
    ],
    ["the start", 0, (number) => moduleOf(TYPE, FUNCTION, section(8, number), CODE)],
    ["the length of a body", 2, (number) => moduleOf(TYPE, FUNCTION, section(10, [1, ...number, 0, 0x0b]))],
    [
      "the groups of locals",
      0,
      (number) => {
        const content = [...number, 0x0b];
        return moduleOf(TYPE, FUNCTION, section(10, [1, ...u32(content.length), ...content]));
      },
    ],
    ["a branch", 0, (number) => moduleOf(TYPE, FUNCTION, section(10, list([body([0x0c, ...number])])))],
    ["a call", 0, (number) => moduleOf(TYPE, FUNCTION, section(10, list([body([0x10, ...number])])))],
    [
      "the count of a branch table",
      1,
      (number) => moduleOf(TYPE, FUNCTION, section(10, list([body([0x41, 0, 0x0e, ...number, 0, 0])]))),
    ],
    [
      "an opcode behind a prefix",
      0,
      (number) => moduleOf(TYPE, FUNCTION, section(10, list([body([0x00, 0xfc, ...number, 0x1a])]))),
    ],
    ["the length of data", 1, (number) => moduleOf(section(11, [1, 1, ...number, 0x61]))],
  ];

  test.each(places)("may be written longer than need be, up to five bytes: %s", (_where, value, around) => {
    for (const width of [1, 2, 5]) {
      const bytes = around(OVER_LONG(value, width));
      expect(WebAssembly.validate(bytes)).toBe(true);
      const metered = meter(bytes).bytes;
      expect(WebAssembly.validate(metered)).toBe(true);
    }
  });

  test.each(places)("of six bytes, of 33 bits, or without an end are refused: %s", (_where, value, around) => {
    for (const number of [OVER_LONG(value, 6), OVERFLOWING, repeated(12, [0x80]), repeated(300, [0xff])]) {
      const bytes = around(number);
      expect(WebAssembly.validate(bytes)).toBe(false);
      expect(["malformed", "limit", "feature", "invalid"]).toContain(refusal(bytes).reason);
    }
  });

  test.each(places)("of four thousand million are refused: %s", (_where, _value, around) => {
    const bytes = around(OVER_LONG(0xffffffff, 5));
    expect(WebAssembly.validate(bytes)).toBe(false);
    expect(["malformed", "limit", "invalid"]).toContain(refusal(bytes).reason);
  });

  test("that count more than there is are refused before anything is held for it", () => {
    const counted: readonly (readonly [number, Bytes])[] = [
      [1, u32(1_000)],
      [2, u32(1_000)],
      [3, u32(50_000)],
      [6, u32(10_000)],
      [7, u32(4_000)],
      [9, u32(100_000)],
      [11, u32(100_000)],
    ];
    for (const [id, content] of counted)
      expect(refusal(moduleOf(section(id, content)))).toMatchObject({ reason: "malformed", what: "it ends too soon" });
    expect(refusal(moduleOf(section(10, u32(0xffffffff))))).toMatchObject({ reason: "malformed" });
    expect(refusal(moduleOf(TYPE, FUNCTION, section(10, [1, 4, ...u32(0xffffffff, 5).slice(0, 4)])))).toMatchObject({
      reason: "malformed",
    });
  });
});

describe("names", () => {
  test.each(["__caxton_fuel", "__caxton_start", "__caxton", "__caxtonish"])(
    "of the meter are not a guest's: %s",
    (name) => {
      const bytes = moduleOf(TYPE, FUNCTION, section(7, list([[...text(name), 0, 0]])), CODE);
      expect(refusal(bytes)).toMatchObject({ reason: "reserved-name", what: name });
    },
  );

  test("of the meter may be imported: that gives nothing", () => {
    const wat = `(module (import "__caxton" "__caxton_fuel" (global $given (mut i64)))
      (func (export "f") (global.set $given (i64.const 1000000))))`;
    const given = new WebAssembly.Global({ value: "i64", mutable: true }, 0n);
    const guest = new Guest(meter(assemble(wat)).bytes, { __caxton: { __caxton_fuel: given } });
    expect(guest.call("f")).toEqual({ type: "trap", text: "unreachable" });
    expect(guest.spend("f").used).toBe(3n);
    expect(given.value).toBe(1_000_000n);
  });
});

const withCode = (code: Bytes, global: Bytes) =>
  moduleOf(
    TYPE,
    FUNCTION,
    section(6, list([[0x7e, 1, 0x42, 0, 0x0b]])),
    section(10, list([body([...code, ...global])])),
  );

describe("the fuel's own global", () => {
  test.each([
    ["written", [0x42, 0x7f, 0x24], []],
    ["read", [0x23], [0x1a]],
  ])("cannot be %s, however its number is written", (_how, code, after) => {
    for (const width of [1, 2, 5]) {
      expect(() => meter(withCode([...code, ...u32(0, width)], after))).not.toThrow();
      expect(refusal(withCode([...code, ...u32(1, width)], after))).toMatchObject({ reason: "invalid" });
    }
  });

  test("cannot be exported or used for a constant", () => {
    expect(refusal(moduleOf(section(7, list([[...text("x"), 3, 0]]))))).toMatchObject({ reason: "invalid" });
    expect(refusal(moduleOf(section(6, list([[0x7e, 0, 0x23, 1, 0x0b]]))))).toMatchObject({ reason: "invalid" });
  });
});

const exporting = (code: Bytes, exported: Bytes) =>
  moduleOf(TYPE, FUNCTION, section(7, list([[...text("f"), 0, ...exported]])), section(10, list([body(code)])));

const referring = (declared: readonly Bytes[]) =>
  moduleOf(
    TYPE,
    section(3, list([[0], [0]])),
    section(9, list([...declared])),
    section(10, list([body([0xd2, 1, 0x1a]), body([])])),
  );

/** An exported function that calls itself once. */
const recursive = (name: string) =>
  `(func $${name} (export "${name}") (param i32) (if (local.get 0) (then (call $${name} (i32.const 0)))))`;

describe("functions that are added", () => {
  test("cannot be called, exported or referred to by a guest", () => {
    // Function 0 is exported and calls itself, so it gets a gate: function 1, which does not exist before.
    expect(() => meter(exporting([0x10, 0], [0]))).not.toThrow();
    expect(meter(exporting([0x10, 0], [0])).bytes.length).toBeGreaterThan(0);
    expect(refusal(exporting([0x10, 1], [0]))).toMatchObject({ reason: "invalid" });
    expect(refusal(exporting([0x12, 1], [0]))).toMatchObject({ reason: "invalid" });
    expect(refusal(exporting([0xd2, 1, 0x1a], [0]))).toMatchObject({ reason: "invalid" });
    expect(refusal(exporting([0x10, 0], [1]))).toMatchObject({ reason: "malformed" });
  });

  test("V8 refuses references to functions that are not declared, which is what makes callers pay surely", () => {
    expect(refusal(referring([]))).toMatchObject({ reason: "invalid" });
    expect(() => meter(referring([[3, 0, 1, 1]]))).not.toThrow();
  });

  test("are never more than the limit on functions leaves room for, and change no price", () => {
    const bytes = assemble(`(module ${recursive("f")} ${recursive("g")} ${recursive("h")})`);
    const functionsOf = (functionsMax: number) => {
      const { gates } = surveyCallees(survey(bytes, { ...METER_LIMITS, functionsMax }));
      const guest = new Guest(meter(bytes, { ...METER_LIMITS, functionsMax }).bytes);
      return { gates: gates.length, used: ["f", "g", "h"].map((name) => guest.spend(name, 1).used) };
    };
    const used = [9n, 9n, 9n];
    expect([3, 4, 6, 7].map(functionsOf)).toEqual([0, 1, 3, 3].map((gates) => ({ gates, used })));
  });

  // meter.callees.C1
  test("let an export be called as before, with many values and by several names", () => {
    const wat = `(module (func $f (export "f") (export "g") (param i32 i64 f32 f64 externref) (result f64 i64 i32)
      (if (local.get 0) (then (return_call $f (i32.const 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4))))
      (local.get 3) (local.get 1) (local.get 0)))`;
    const guest = new Guest(meter(assemble(wat)).bytes);
    for (const name of ["f", "g"])
      expect(guest.spend(name, 1, 5n, 0.5, -2.5, null)).toEqual({
        ending: { type: "value", text: "-2.5 5n 0" },
        // Twice the entry with what both arms have in common, then the tail call, then the results.
        used: 3n + 7n + 3n + 3n,
      });
  });
});

describe("a guest without end, all inside", () => {
  test.each([
    ["two functions by turns", `(func $a (call $b)) (func $b (call $a))`],
    ["tail calls by turns", `(func $a (return_call $b)) (func $b (return_call $a))`],
    ["a loop of small functions", `(func $a (loop (call $b) (br 0))) (func $b nop)`],
    [
      "a tree of calls without loops",
      Array.from({ length: 40 }, (_, depth) => {
        const next = depth === 39 ? "nop" : `(call $t${depth + 1}) (call $t${depth + 1})`;
        return `(func ${depth === 0 ? "$a" : `$t${depth}`} ${next})`;
      }).join("\n"),
    ],
  ])("is stopped at the same place each time: %s", (_what, functions) => {
    const bytes = meter(assemble(`(module (func (export "f") (call $a)) ${functions})`)).bytes;
    const [first, second] = [new Guest(bytes), new Guest(bytes)].map((guest) => {
      // Less than a stack holds of calls.
      guest.fuel = 9_000n;
      return { ending: guest.call("f"), left: guest.fuel };
    });
    expect(first).toEqual(second);
    expect(first?.ending).toEqual({ type: "trap", text: "unreachable" });
    expect(first?.left).toBeLessThan(0n);
    expect(first?.left).toBeGreaterThan(-1000n);
  });

  // meter.callees.C2
  test("pays no more ahead for one call than is documented", () => {
    const long = `(func $long ${"(drop (i32.const 1))".repeat(1000)})`;
    const guest = new Guest(meter(assemble(`(module ${long} (func (export "f") (call $long)))`)).bytes);
    expect(guest.spend("f").used).toBe(1n + 2n + 1n + 2000n);
    guest.fuel = 2n + BigInt(PREPAID_FUEL_MAX) - 1n;
    expect(guest.call("f").type).toBe("trap");
    expect(guest.fuel).toBeGreaterThanOrEqual(-BigInt(PREPAID_FUEL_MAX));
  });
});

/** Work of the meter as it can be counted: bytes it reads one by one, and points it plans. */
function workOf(bytes: Uint8Array<ArrayBuffer>): { readonly reads: number; readonly points: number } {
  const surveyed = survey(bytes, METER_LIMITS);
  const callees = surveyCallees(surveyed);
  let reads = 0;
  let points = 0;
  class Counting extends Reader {
    override byte(): number {
      reads += 1;
      return super.byte();
    }
  }
  for (const each of surveyed.draft.bodies) {
    const reader = new Counting(bytes, each.codeAt, each.end);
    points += planBody(reader, { body: each, paid: 0, isSmall: false }, callees).points.length;
  }
  return { reads, points };
}

const filled = (bytes: number) => moduleWithCode(new Uint8Array(bytes).fill(0x01));

const withTypes = (count: number) => moduleOf(section(1, list(repeatedTypes(count))));

describe("work grows with the file alone", () => {
  const bodies: readonly (readonly [string, (count: number) => Bytes])[] = [
    ["nested blocks", (count) => [...repeated(count, [0x02, 0x40]), ...repeated(count, [0x0b])]],
    ["nested loops", (count) => [...repeated(count, [0x03, 0x40]), ...repeated(count, [0x0b])]],
    ["nested ifs", (count) => [...repeated(count, [0x41, 0, 0x04, 0x40]), ...repeated(count, [0x05, 0x0b])]],
    ["nested tries", (count) => [...repeated(count, [0x06, 0x40]), ...repeated(count, [0x19, 0x0b])]],
    [
      "branches to the outermost of many blocks",
      (count) => [
        ...repeated(count, [0x02, 0x40]),
        ...repeated(count, [0x41, 0, 0x0d, ...u32(count - 1)]),
        ...repeated(count, [0x0b]),
      ],
    ],
    [
      "a branch table of every depth",
      (count) => [
        ...repeated(count, [0x02, 0x40]),
        0x41,
        0,
        0x0e,
        ...u32(count - 1),
        ...Array.from({ length: count }, (_, depth) => u32(depth)).flat(),
        ...repeated(count, [0x0b]),
      ],
    ],
    ["calls", (count) => repeated(count, [0x10, 0])],
  ];

  test.each(bodies)("for %s", (_what, code) => {
    const [small, large] = [2_000, 20_000].map((count) => moduleWithCode(Uint8Array.from(code(count))));
    if (small === undefined || large === undefined) throw new Error("no modules");
    const [one, ten] = [workOf(small), workOf(large)];
    expect(ten.reads).toBeLessThanOrEqual(large.length);
    expect(ten.points).toBeLessThanOrEqual(large.length);
    const grown = large.length / small.length;
    expect(ten.reads / one.reads).toBeLessThan(grown * 1.1);
    expect(ten.points / Math.max(1, one.points)).toBeLessThan(grown * 1.2);
    expect(meter(large).bytes.length).toBeLessThan(large.length * 8);
  });

  test("for a body that is as long as it may be", () => {
    const longest = METER_LIMITS.bodyBytesMax - 2;
    expect(new Guest(meter(filled(longest)).bytes).spend("f").used).toBe(1n);
    expect(refusal(filled(longest + 1))).toMatchObject({ reason: "limit", what: "bodyBytesMax" });
  });

  test("for calls that all pay ahead", () => {
    const calls = 100_000;
    const called = body(repeated(450, [0x01]).concat(repeated(200, [0x41, 0, 0x1a])));
    const caller = body([0x41, 1, 0x04, 0x40, ...repeated(calls, [0x10, 0]), 0x0b]);
    const bytes = moduleOf(
      TYPE,
      section(3, list([[0], [0]])),
      section(7, list([[...text("f"), 0, 1]])),
      section(10, [...u32(2), ...called, ...caller]),
    );
    const guest = new Guest(meter(bytes).bytes);
    // The price of a call, the entry, and two hundred times two instructions.
    expect(guest.spend("f").used).toBe(3n + BigInt(calls) * (2n + 1n + 400n));
  });

  test("for types: the limit is accepted, one more is not", () => {
    expect(() => meter(withTypes(METER_LIMITS.typesMax))).not.toThrow();
    expect(refusal(withTypes(METER_LIMITS.typesMax + 1))).toMatchObject({ reason: "limit", what: "typesMax" });
    expect(refusal(moduleOf(section(1, [...u32(0xffffffff)])))).toMatchObject({ what: "typesMax" });
    expect(refusal(moduleOf(section(1, list([[0x60, ...u32(0xffffffff)]]))))).toMatchObject({
      what: "signatureValuesMax",
    });
  });
});

/** Distinct function types, which V8 keeps permanently. */
const repeatedTypes = (count: number): Bytes[] =>
  Array.from({ length: count }, (_, index) => [
    0x60,
    ...list(Array.from({ length: 6 }, (_each, place) => [0x7c + (Math.floor(index / 4 ** place) % 4)])),
    0,
  ]);
