import { describe, expect, test } from "vitest";
import { body, list, moduleOf, section, u32 } from "../test-kits/binary.kit.ts";
import { Guest } from "../test-kits/guest.kit.ts";
import { meter, ModuleRefusedError } from "../index.ts";
import type { Instruction } from "./instruction.ts";
import { EXTENDED_OPCODES, OPCODES } from "./opcodes.ts";
import { SIMD_OPCODES } from "./simd-opcodes.ts";

// verifies("tool.meter-complete")

const TYPES = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b, funcref: 0x70 } as const;
type Type = keyof typeof TYPES;
const ALL_TYPES: readonly Type[] = ["i32", "i64", "f32", "f64", "v128", "funcref"];

type Bytes = readonly number[];
type Function = { readonly params: readonly Type[]; readonly results: readonly Type[]; readonly code: Bytes };

/** A module that has one of everything: a function to refer to, memory, table, tag, global, passive segments. */
function moduleAround(functions: readonly Function[]): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ params, results }) => [
    0x60,
    ...list(params.map((type) => [TYPES[type]])),
    ...list(results.map((type) => [TYPES[type]])),
  ]);
  const locals = ALL_TYPES.map((type) => [1, TYPES[type]]);
  return moduleOf(
    section(1, list([[0x60, 0, 0], ...types])),
    section(3, list([[0], ...functions.map((_, index) => u32(index + 1))])),
    section(4, list([[0x70, 1, 4, 8]])),
    section(5, list([[1, 1, 2]])),
    section(13, list([[0, 0]])),
    section(6, list([[0x7f, 1, 0x41, 5, 0x0b]])),
    section(7, list([[6, ...Buffer.from("memory"), 2, 0], ...functions.map((_, at) => [1, 0x41 + at, 0, at + 1])])),
    section(9, list([[1, 0, 1, 0]])),
    section(12, u32(1)),
    section(10, list([body([]), ...functions.map(({ code }) => body(code, locals))])),
    section(11, list([[1, 4, 1, 2, 3, 4]])),
  );
}

/** Numbers written longer than they need to be, so that a step of the wrong length lands in the middle of one. */
const ZERO = u32(0, 3);
const ADDRESS = [...u32(0, 2), ...u32(1, 4)];

/** Operands that instructions may have, shortest first. */
const OPERANDS: readonly Bytes[] = [
  [],
  [TYPES.funcref],
  [0],
  ZERO,
  [1, TYPES.i32],
  [0x01, 0x02, 0x03, 0x40],
  [...ZERO, ...ZERO],
  ADDRESS,
  [...ADDRESS, 1],
  [0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x40],
  [0, 1, 2, 3, 4, 5, 6, 7, 15, 14, 13, 12, 31, 30, 29, 28],
];
/** An instruction that means nothing from its middle on, then the end of any value that is left on the stack. */
const BEHIND = [0xfd, 12, ...Array<number>(16).fill(0xff), 0x00];

const inDeadCode = (code: Bytes) => moduleAround([{ params: [], results: [], code: [0x00, ...code, ...BEHIND] }]);

/** Operands with which V8 accepts the instruction; undefined when it does not know it. */
const operandsOf = (opcode: Bytes): Bytes | undefined =>
  OPERANDS.find((operands) => WebAssembly.validate(inDeadCode([...opcode, ...operands])));

const tables = [
  { prefix: [], opcodes: OPCODES, codes: 256 },
  { prefix: [0xfc], opcodes: EXTENDED_OPCODES, codes: 64 },
  { prefix: [0xfd], opcodes: SIMD_OPCODES, codes: 300 },
  { prefix: [0xfb], opcodes: new Map<number, Instruction>(), codes: 40 },
  { prefix: [0xfe], opcodes: new Map<number, Instruction>(), codes: 90 },
];
const PREFIXES = new Set([0xfb, 0xfc, 0xfd, 0xfe]);

/** Every opcode there could be, without those that need others around them. */
const candidates = tables
  .flatMap(({ prefix, opcodes, codes }) =>
    Array.from({ length: codes }, (_, code) => {
      const isPrefix = prefix.length === 0 && PREFIXES.has(code);
      const known = opcodes.get(code);
      return { opcode: prefix.length === 0 ? [code] : [...prefix, ...u32(code, 2)], known, isPrefix };
    }),
  )
  .filter(({ known, isPrefix }) => !isPrefix && (known === undefined || known.flow === "next"));

/** Instructions that direct the flow of control, in the smallest code that has them. */
const CONTROL: { readonly [name: string]: Bytes } = {
  unreachable: [0x00],
  block: [0x02, 0x40, 0x0b],
  loop: [0x03, 0x40, 0x0b],
  if: [0x41, 0, 0x04, 0x40, 0x0b],
  else: [0x41, 0, 0x04, 0x40, 0x05, 0x0b],
  end: [0x02, 0x40, 0x0b],
  try: [0x06, 0x40, 0x0b],
  catch: [0x06, 0x40, 0x07, ...ZERO, 0x0b],
  catch_all: [0x06, 0x40, 0x19, 0x0b],
  delegate: [0x06, 0x40, 0x18, ...ZERO],
  rethrow: [0x06, 0x40, 0x19, 0x09, ...ZERO, 0x0b],
  throw: [0x08, ...ZERO],
  throw_ref: [0xd0, 0x69, 0x0a],
  try_table: [0x02, 0x40, 0x1f, 0x40, 2, 0x00, ...ZERO, ...ZERO, 0x02, ...ZERO, 0x0b, 0x0b],
  br: [0x0c, ...ZERO],
  br_if: [0x41, 0, 0x0d, ...ZERO],
  br_table: [0x41, 0, 0x0e, ...u32(2, 3), ...ZERO, ...ZERO, ...ZERO],
  return: [0x0f],
  call: [0x10, ...ZERO],
  call_indirect: [0x41, 0, 0x11, ...ZERO, ...ZERO],
  return_call: [0x12, ...ZERO],
  return_call_indirect: [0x41, 0, 0x13, ...ZERO, ...ZERO],
};

const hex = (opcode: Bytes) => opcode.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");

function refusalOf(bytes: Uint8Array<ArrayBuffer>): string {
  try {
    return WebAssembly.validate(meter(bytes).bytes) ? "metered" : "damaged";
  } catch (error) {
    if (!(error instanceof ModuleRefusedError)) throw error;
    return error.details.reason === "feature" ? error.details.what : error.details.reason;
  }
}

describe("every instruction", () => {
  test("that V8 knows is metered, or refused with the name of its feature", () => {
    const refused = new Map<string, string[]>();
    for (const { opcode, known } of candidates) {
      const operands = operandsOf(opcode);
      if (operands === undefined) continue;
      const outcome = refusalOf(inDeadCode([...opcode, ...operands]));
      expect({ opcode: hex(opcode), metered: outcome === "metered" }).toEqual({
        opcode: hex(opcode),
        metered: known !== undefined,
      });
      if (outcome !== "metered") refused.set(outcome, [...(refused.get(outcome) ?? []), hex(opcode)]);
    }
    expect([...refused.keys()].toSorted()).toEqual([
      "garbage-collected types",
      "relaxed SIMD",
      "threads (atomic instructions)",
      "typed function references",
    ]);
    expect(refused.get("typed function references")).toContain("d4");
    expect(refused.get("relaxed SIMD")).toHaveLength(20);
  });

  test("that names a memory may not name another, not even by the long way", () => {
    // An alignment with its sixth bit set is followed by the number of a memory.
    const code = [0x41, 0, 0x28, 0x42, 0, 0, 0x1a];
    const bytes = moduleAround([{ params: [], results: [], code }]);
    expect(WebAssembly.validate(bytes)).toBe(true);
    expect(refusalOf(bytes)).toBe("more than one memory");
  });

  test("in the tables is one that V8 knows", () => {
    const unknown = candidates.filter(({ opcode, known }) => known !== undefined && operandsOf(opcode) === undefined);
    expect(unknown.map(({ known }) => known?.name)).toEqual([]);
  });

  test("that directs the flow of control comes through whole", () => {
    const names = [...OPCODES.values()].filter(({ flow }) => flow !== "next").map(({ name }) => name);
    expect(Object.keys(CONTROL).toSorted()).toEqual(names.toSorted());
    for (const [name, code] of Object.entries(CONTROL)) {
      const bytes = moduleAround([{ params: [], results: [], code }]);
      expect({ name, outcome: refusalOf(bytes) }).toEqual({ name, outcome: "metered" });
    }
  });
});

/** Values to compute with, as the code that puts them on the stack. */
const VALUES: { readonly [Name in Type]: readonly Bytes[] } = {
  i32: [
    [0x41, 0],
    [0x41, 1],
    [0x41, 0x7f],
    [0x41, 0x85, 0x80, 0x80, 0x80, 0x78],
    [0x41, 0xe4, 0],
  ],
  i64: [
    [0x42, 0],
    [0x42, 3],
    [0x42, 0x7f],
    [0x42, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f],
    [0x42, 0xb4, 0xc1, 0x81, 0x83, 0x15],
  ],
  f32: [0, 1.5, -2.5, Number.NaN, 5e9].map((value) => [0x43, ...new Uint8Array(Float32Array.of(value).buffer)]),
  f64: [-0, 3.25, -1e300, Number.NaN, 2 ** 40 + 0.5].map((value) => [
    0x44,
    ...new Uint8Array(Float64Array.of(value).buffer),
  ]),
  v128: [
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
    [255, 255, 255, 255, 128, 0, 127, 255, 0, 0, 192, 127, 0, 0, 128, 191],
    [...new Uint8Array(Float32Array.of(1.5, -7.25, Infinity, 3e9).buffer)],
    [...new Uint8Array(Float64Array.of(-3.75, 1e10).buffer)],
  ].map((bytes) => [0xfd, 12, ...bytes]),
  funcref: [
    [0xd0, 0x70],
    [0xd2, 0],
    [0xd0, 0x70],
    [0xd2, 0],
    [0xd2, 0],
  ],
};

/** Code that turns the value in the local of that type into two numbers of 64 bits, bit for bit. */
const OBSERVED: { readonly [Name in Type]: Bytes } = {
  i32: [0x20, 0, 0xac, 0x42, 0],
  i64: [0x20, 1, 0x42, 0],
  f32: [0x20, 2, 0xbc, 0xac, 0x42, 0],
  f64: [0x20, 3, 0xbd, 0x42, 0],
  v128: [0x20, 4, 0xfd, 29, 0, 0x20, 4, 0xfd, 29, 1],
  funcref: [0x20, 5, 0xd1, 0xac, 0x42, 0],
};
const NOTHING_OBSERVED = [0x42, 0, 0x42, 0];

/** Every list of up to three types. */
const OPERAND_TYPES: readonly (readonly Type[])[] = [0, 1, 2, 3].flatMap((length) =>
  Array.from({ length: ALL_TYPES.length ** length }, (_, number) =>
    Array.from({ length }, (_each, place) => ALL_TYPES[Math.floor(number / ALL_TYPES.length ** place) % 6] ?? "i32"),
  ),
);
const RESULT_TYPES = [undefined, ...ALL_TYPES];

/** Operand and result types with which V8 accepts the instruction. */
function signatureOf(instruction: Bytes): { readonly params: readonly Type[]; readonly result: Type | undefined } {
  const params = OPERAND_TYPES.find((types) => {
    const values = types.flatMap((type) => VALUES[type][0] ?? []);
    return WebAssembly.validate(moduleAround([{ params: [], results: [], code: [...values, ...instruction, 0x00] }]));
  });
  if (params === undefined) throw new Error(`no operands fit ${hex(instruction)}`);
  const fits = (result: Type | undefined) =>
    WebAssembly.validate(moduleAround(functionsFor(instruction, params, result).slice(0, 1)));
  return { params, result: RESULT_TYPES.find(fits) };
}

function functionsFor(instruction: Bytes, params: readonly Type[], result: Type | undefined): readonly Function[] {
  const observe = result === undefined ? NOTHING_OBSERVED : [0x21, ALL_TYPES.indexOf(result), ...OBSERVED[result]];
  return VALUES.i32.map((_, which) => {
    const values = params.flatMap((type, place) => VALUES[type][(which + place * 2) % VALUES[type].length] ?? []);
    return { params: [], results: ["i64", "i64"], code: [...values, ...instruction, ...observe] };
  });
}

test("every instruction that computes gives the same with fuel as without", { timeout: 30_000 }, () => {
  for (const { opcode, known } of candidates.filter((candidate) => candidate.known !== undefined)) {
    const instruction = [...opcode, ...(operandsOf(opcode) ?? [])];
    const { params, result } = signatureOf(instruction);
    const bytes = moduleAround(functionsFor(instruction, params, result));
    const [plain, metered] = [new Guest(bytes), new Guest(meter(bytes).bytes)];
    const name = known?.name ?? "";
    const exports = ["A", "B", "C", "D", "E"];
    const observed = exports.map((each) => metered.spend(each).ending);
    expect({ name, observed }).toEqual({ name, observed: exports.map((each) => plain.call(each)) });
    expect(Buffer.compare(metered.memory(), plain.memory())).toBe(0);
  }
});
