import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { body, list, moduleOf, PREAMBLE, section, text, u32 } from "./test-kits/binary.kit.ts";
import {
  ComponentFoundError,
  kindOf,
  METER_LIMITS,
  type MeterLimits,
  ModuleRefusedError,
  type Refusal,
  scan,
} from "./index.ts";
import { assemble } from "./test-kits/wat.kit.ts";

function refusal(bytes: Uint8Array, limits: MeterLimits = METER_LIMITS): Refusal {
  try {
    scan(bytes, limits);
  } catch (error) {
    if (error instanceof ModuleRefusedError) return error.details;
    throw error;
  }
  throw new Error("the module was not refused");
}

const imported = (...kind: number[]) => moduleOf(section(2, list([[...text("a"), ...text("b"), ...kind]])));

const TYPE = section(1, list([[0x60, 0, 0]]));
const FUNCTION = section(3, list([[0]]));
const CODE = section(10, list([body([])]));

describe("a module's shape", () => {
  test("reports imports, exports, memory, start and counts", () => {
    const bytes = assemble(`(module
      (import "wasi" "write" (func $write (param i32 i64) (result i32)))
      (import "env" "table" (table 2 funcref))
      (import "env" "base" (global i32))
      (memory (export "memory") 2 5000)
      (table 3 externref) (tag $e (param i32)) (export "tag" (tag $e))
      (global (mut i64) (i64.const 5)) (export "count" (global 1))
      (func $run (export "run") (param f64) (local i32 i32 i64))
      (func $begin) (start $begin) (export "again" (func $write))
      (elem (i32.const 0) $run $begin) (elem declare func $run)
      (data (i32.const 0) "abc") (data "def"))`);
    const shape = scan(bytes);
    expect(shape.imports).toEqual([
      { module: "wasi", name: "write", kind: "function", type: { params: ["i32", "i64"], results: ["i32"] } },
      { module: "env", name: "table", kind: "table" },
      { module: "env", name: "base", kind: "global" },
    ]);
    expect(shape.exports).toEqual([
      { name: "memory", kind: "memory" },
      { name: "tag", kind: "tag" },
      { name: "count", kind: "global" },
      { name: "run", kind: "function", type: { params: ["f64"], results: [] } },
      { name: "again", kind: "function", type: { params: ["i32", "i64"], results: ["i32"] } },
    ]);
    expect(shape.memory).toEqual({ imported: false, pagesMin: 2, pagesMax: METER_LIMITS.memoryPagesMax });
    expect(shape.hasStart).toBe(true);
    expect(shape.counts).toMatchObject({ functions: 2, tables: 2, globals: 2, tags: 1, localsLargest: 3 });
    expect(shape.counts).toMatchObject({ elementSegments: 2, elementEntries: 3, dataSegments: 2, bodyBytesLargest: 6 });
    expect(shape.bytes).toBe(bytes.length);
  });

  test("of the empty module is empty", () => {
    expect(scan(Uint8Array.from(PREAMBLE))).toMatchObject({ imports: [], exports: [], memory: null, hasStart: false });
  });

  test("says when the memory is imported, and with which bounds", () => {
    const bytes = assemble(`(module (import "env" "memory" (memory 1 7)))`);
    expect(scan(bytes).memory).toEqual({ imported: true, pagesMin: 1, pagesMax: 7 });
  });
});

describe("the first bytes", () => {
  const component = Uint8Array.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]);

  test("distinguishes a component from a module", () => {
    expect(kindOf(component)).toBe("component");
    expect(kindOf(Uint8Array.from(PREAMBLE))).toBe("module");
    expect(() => scan(component)).toThrow(ComponentFoundError);
  });

  test.each([
    [[]],
    [[0, 0x61, 0x73, 0x6d]],
    [[0x7f, 0x45, 0x4c, 0x46, 1, 0, 0, 0]],
    [[0, 0x61, 0x73, 0x6d, 2, 0, 0, 0]],
  ])("that are neither are refused: %j", (bytes) => {
    expect(kindOf(Uint8Array.from(bytes))).toBe("other");
    expect(refusal(Uint8Array.from(bytes))).toMatchObject({ reason: "malformed", offset: 0 });
  });
});

/** A module for each limit that has two of what the limit counts. */
const TWO: { readonly [Limit in Exclude<keyof MeterLimits, "moduleBytesMax" | "meteredBodyBytesMax">]: Uint8Array } = {
  typesMax: moduleOf(
    section(
      1,
      list([
        [0x60, 0, 0],
        [0x60, 0, 0],
      ]),
    ),
  ),
  signatureValuesMax: moduleOf(section(1, list([[0x60, 2, 0x7f, 0x7f, 0]]))),
  importsMax: assemble(`(module (import "" "" (func)) (import "" "" (func)))`),
  exportsMax: assemble(`(module (func (export "a") (export "b")))`),
  nameBytesMax: assemble(`(module (func (export "ab")))`),
  functionsMax: assemble(`(module (func) (func))`),
  bodyBytesMax: moduleOf(TYPE, FUNCTION, CODE),
  localsMax: moduleOf(
    TYPE,
    FUNCTION,
    section(
      10,
      list([
        body(
          [],
          [
            [1, 0x7f],
            [1, 0x7e],
          ],
        ),
      ]),
    ),
  ),
  tablesMax: assemble(`(module (import "" "" (table 0 funcref)) (table 0 funcref))`),
  tableSlotsMax: assemble(`(module (table 2 funcref))`),
  memoryPagesMax: assemble(`(module (memory 2))`),
  globalsMax: assemble(`(module (import "" "" (global i32)) (global i32 (i32.const 0)))`),
  tagsMax: assemble(`(module (import "" "" (tag)) (tag))`),
  constantBytesMax: assemble(`(module (global i32 (i32.const 0)))`),
  elementSegmentsMax: assemble(`(module (func) (elem func 0) (elem func 0))`),
  elementEntriesMax: assemble(`(module (func) (elem func 0) (elem func 0))`),
  dataSegmentsMax: assemble(`(module (memory 1) (data "") (data ""))`),
};

describe("a limit", () => {
  test.each(Object.entries(TWO))("is refused by its name when passed, and may be reached: %s", (name, bytes) => {
    const generous = { ...METER_LIMITS, nameBytesMax: 10 };
    expect(refusal(bytes, { ...generous, [name]: 1 })).toMatchObject({ reason: "limit", what: name, limit: 1 });
    expect(() => scan(bytes, { ...generous, [name]: name === "constantBytesMax" ? 3 : 2 })).not.toThrow();
  });

  test("on imported things counts them", () => {
    const bytes = assemble(`(module (import "" "a" (global i32)) (import "" "b" (global i32)) (import "" "c" (tag)))`);
    expect(refusal(bytes, { ...METER_LIMITS, globalsMax: 1 })).toMatchObject({ what: "globalsMax", found: 2 });
    expect(refusal(bytes, { ...METER_LIMITS, tagsMax: 0 })).toMatchObject({ what: "tagsMax", found: 1 });
  });

  test("on the file is looked at before anything else", () => {
    expect(refusal(new Uint8Array(5), { ...METER_LIMITS, moduleBytesMax: 4 })).toMatchObject({
      what: "moduleBytesMax",
    });
  });

  test("is looked at before anything is held for what a count announces", () => {
    const announced = [...u32(0xffffffff)];
    for (const [id, what] of [
      [1, "typesMax"],
      [2, "importsMax"],
      [3, "functionsMax"],
      [4, "tablesMax"],
      [13, "tagsMax"],
      [6, "globalsMax"],
      [7, "exportsMax"],
      [9, "elementSegmentsMax"],
      [12, "dataSegmentsMax"],
      [11, "dataSegmentsMax"],
    ] as const)
      expect(refusal(moduleOf(section(id, announced)))).toMatchObject({ what, found: 0xffffffff });
  });

  test("says what to do", () => {
    const bytes = assemble(`(module (memory 5000))`);
    expect(() => scan(bytes)).toThrow("5000 pages of memory at the start (byte 11), more than the 1024 allowed");
  });
});

describe("a feature that cannot be bounded", () => {
  test.each([
    ["shared memory (threads)", section(5, [1, 3, 1, 1])],
    ["a 64-bit memory", section(5, [1, 4, 1])],
    ["custom page sizes", section(5, [1, 8, 1, 0])],
    ["a 64-bit table", section(4, [1, 0x70, 4, 1])],
    ["shared table (threads)", section(4, [1, 0x70, 3, 1, 1])],
    ["more than one memory", section(5, [2, 0, 1, 0, 1])],
    ["tables of exceptions", section(4, [1, 0x69, 0, 1])],
    ["tables with an initialiser", section(4, [1, 0x40, 0, 0x70, 0, 1, 0xd0, 0x70, 0x0b])],
    ["typed function references", section(4, [1, 0x63, 0, 0, 1])],
    ["typed function references", section(6, [1, 0x63, 0, 0, 0xd0, 0, 0x0b])],
    ["typed function references", section(6, [1, 0x70, 0, 0xd0, 0, 0x0b])],
    ["garbage-collected types", section(1, [1, 0x5f, 0])],
    ["garbage-collected types", section(1, [1, 0x4e, 1, 0x60, 0, 0])],
    ["garbage-collected types", section(1, [1, 0x60, 1, 0x6e, 0])],
    ["garbage-collected types", section(6, [1, 0x6d, 0, 0xd0, 0x6d, 0x0b])],
    ["garbage-collected types", section(6, [1, 0x7f, 0, 0xfb, 0, 0x0b])],
    ["shared globals (threads)", section(6, [1, 0x7f, 2, 0x41, 0, 0x0b])],
    ["more than one memory", section(11, [1, 2, 1, 0x41, 0, 0x0b, 0])],
  ])("is refused by its name: %s", (what, content) => {
    expect(refusal(moduleOf(content))).toMatchObject({ reason: "feature", what });
  });

  test("is refused in imports too", () => {
    expect(refusal(imported(2, 3, 1, 1))).toMatchObject({ what: "shared memory (threads)" });
    expect(refusal(imported(2, 4, 1))).toMatchObject({ what: "a 64-bit memory" });
    expect(refusal(imported(1, 0x69, 0, 1))).toMatchObject({ what: "tables of exceptions" });
  });
});

test.each(["__caxton_fuel", "__caxton_start", "__caxton"])("an export called %s is refused", (name) => {
  const bytes = assemble(`(module (func (export "${name}")))`);
  expect(refusal(bytes)).toMatchObject({ reason: "reserved-name", what: name });
});

describe("a damaged module", () => {
  test.each([
    ["a repeated section", moduleOf(TYPE, TYPE)],
    ["sections out of order", moduleOf(FUNCTION, TYPE)],
    ["tags behind globals", moduleOf(TYPE, section(6, [0]), section(13, [0]))],
    ["an unknown section", moduleOf(section(14, []))],
    ["bytes after its last section", moduleOf(TYPE, [0xff])],
    ["a section with bytes left over", moduleOf(section(1, [0, 0]))],
    ["a section longer than the file", moduleOf([1, 5, 0])],
    ["a custom section without its name", moduleOf(section(0, [9, 0x61]))],
    ["functions without code", moduleOf(TYPE, FUNCTION)],
    ["code without functions", moduleOf(TYPE, CODE)],
    ["a function of an unknown type", moduleOf(TYPE, section(3, list([[1]])), CODE)],
    ["an export of an unknown function", moduleOf(section(7, list([[...text("a"), 0, 0]])))],
    ["an export of unknown kind", moduleOf(section(7, list([[...text("a"), 9, 0]])))],
    ["a memory that shrinks", moduleOf(section(5, [1, 1, 2, 1]))],
    ["a body longer than its section", moduleOf(TYPE, FUNCTION, section(10, [1, 9, 0, 0x0b]))],
    ["data of another number than announced", moduleOf(section(12, [2]), section(11, [1, 1, 0]))],
    ["an element segment of unknown kind", moduleOf(section(9, [1, 8]))],
    [
      "a global that computes with instructions that are not constant",
      moduleOf(section(6, [1, 0x7f, 0, 0x10, 0, 0x0b])),
    ],
    ["a table of numbers", moduleOf(section(4, [1, 0x7f, 0, 1]))],
    ["an invalid type", moduleOf(section(1, [1, 0x60, 1, 0x01, 0]))],
  ])("is refused: %s", (_what, bytes) => {
    expect(refusal(bytes)).toMatchObject({ reason: "malformed" });
  });

  test("is refused wherever it is cut short", () => {
    const bytes = assemble(`(module (import "a" "b" (func)) (memory 1) (table 1 funcref) (global i32 (i32.const 1))
      (func (export "f") (local i32) (drop (i32.const 4))) (elem (i32.const 0) 0) (data (i32.const 0) "abc"))`);
    const cuts = fc.integer({ min: 0, max: bytes.length - 1 });
    const whole = new Set(sectionEnds(bytes));
    fc.assert(
      fc.property(cuts, (cut) => {
        fc.pre(!whole.has(cut));
        expect(refusal(bytes.slice(0, cut))).toMatchObject({ reason: "malformed" });
      }),
    );
  });
});

/** Where a cut leaves whole sections. */
function sectionEnds(bytes: Uint8Array): number[] {
  const ends: number[] = [8];
  for (let at = 8; at < bytes.length; at = ends.at(-1) ?? bytes.length) ends.push(at + 2 + (bytes[at + 1] ?? 0));
  return ends;
}
