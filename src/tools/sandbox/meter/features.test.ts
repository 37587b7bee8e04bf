import { expect, test } from "vitest";
import { body, list, moduleOf, section } from "./test-kits/binary.kit.ts";
import { type Feature, FEATURES } from "./features.ts";
import { meter, ModuleRefusedError } from "./index.ts";
import { readOpcode } from "./opcodes/opcodes.ts";
import { Reader } from "./binary/reader.ts";

const withCode = (...code: readonly number[]) =>
  moduleOf(
    section(1, list([[0x60, 0, 0]])),
    section(3, list([[0]])),
    section(5, list([[0, 1]])),
    section(10, list([body([0x00, ...code])])),
  );
const withType = (type: number) => moduleOf(section(1, list([[0x60, 1, type, 0]])));

/** For each feature the smallest modules that have it, with the options that their compiler needs. */
const MODULES: { readonly [Name in Feature]?: readonly [hint: string, ...modules: Uint8Array<ArrayBuffer>[]] } = {
  "garbage-collected types": [
    "--disable-gc",
    withType(0x6e),
    moduleOf(section(1, [1, 0x5f, 0])),
    withCode(0xfb, 28, 0x1a),
    withCode(0xd3, 0x1a),
  ],
  "typed function references": ["--disable-gc", withCode(0x14, 0), withCode(0xd4, 0x1a), withCode(0xd0, 0, 0x1a)],
  "tables with an initialiser": ["--disable-gc", moduleOf(section(4, [1, 0x40, 0, 0x70, 0, 1, 0xd0, 0x70, 0x0b]))],
  "threads (atomic instructions)": ["-pthread", withCode(0xfe, 0x03, 0x00), withCode(0xfe, 0x10, 2, 0, 0x1a)],
  "shared memory (threads)": ["--shared-memory", moduleOf(section(5, [1, 3, 1, 1]))],
  "shared table (threads)": ["-pthread", moduleOf(section(4, [1, 0x70, 3, 1, 1]))],
  "shared globals (threads)": ["-pthread", moduleOf(section(6, [1, 0x7f, 2, 0x41, 0, 0x0b]))],
  "a 64-bit memory": ["wasm32", moduleOf(section(5, [1, 4, 1])), moduleOf(section(5, [1, 5, 1, 2]))],
  "a 64-bit table": ["wasm32", moduleOf(section(4, [1, 0x70, 4, 1]))],
  "more than one memory": [
    "--multi-memory-lowering",
    moduleOf(section(5, [2, 0, 1, 0, 1])),
    withCode(0x28, 0x42, 0, 0, 0x1a),
  ],
  "custom page sizes": ["--page-size", moduleOf(section(5, [1, 8, 1, 0]))],
  "relaxed SIMD": ["-mno-relaxed-simd", withCode(0xfd, 0x80, 0x02, 0x1a), withCode(0xfd, 0x93, 0x02, 0x1a)],
  "tables of exceptions": ["funcref", moduleOf(section(4, [1, 0x69, 0, 1]))],
};

test.each(Object.entries(MODULES))("%s: refused by name, with the byte and the compiler option", (name, of) => {
  const [hint, ...modules] = of;
  for (const bytes of modules) {
    let refused: unknown;
    try {
      meter(bytes);
    } catch (error) {
      refused = error;
    }
    if (!(refused instanceof ModuleRefusedError)) throw new Error("the module was not refused");
    expect(refused.details).toMatchObject({ reason: "feature", what: name });
    expect(refused.message).toMatch(new RegExp(`^the module uses ${RegExp.escape(name)} \\(byte \\d+\\), which`));
    expect(refused.hint).toContain(hint);
  }
});

test.each([
  ["stack switching", [0xe0], "--asyncify"],
  ["wide arithmetic", [0xfc, 0x13], "-mno-wide-arithmetic"],
  ["half-precision floats", [0xfd, 0xa0, 0x02], "-mno-fp16"],
] as const)("%s, which V8 does not run yet, is known by name as soon as it does", (name, code, hint) => {
  expect(() => readOpcode(new Reader(Uint8Array.from(code), 0, code.length))).toThrow(`the module uses ${name}`);
  expect(FEATURES[name]).toContain(hint);
  // Until then V8 is asked first, and says which instruction it is.
  expect(() => meter(withCode(...code))).toThrow(/not valid WebAssembly: .*opcode/i);
});

test("no feature is without a module here", () => {
  const later = ["stack switching", "wide arithmetic", "half-precision floats"];
  expect([...Object.keys(MODULES), ...later].toSorted()).toEqual(Object.keys(FEATURES).toSorted());
});
