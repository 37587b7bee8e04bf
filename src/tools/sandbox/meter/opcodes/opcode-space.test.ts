import { describe, expect, test } from "vitest";
import { body, list, moduleOf, section, u32 } from "../test-kits/binary.kit.ts";
import { ModuleRefusedError } from "../errors.ts";
import { FEATURES } from "../features.ts";
import { FUEL } from "../fuel.ts";
import type { Instruction } from "./instruction.ts";
import { EXTENDED_OPCODES, OPCODES, readOpcode } from "./opcodes.ts";
import { priceOf } from "../test-kits/oracle.kit.ts";
import { Reader } from "../binary/reader.ts";
import { SIMD_OPCODES } from "./simd-opcodes.ts";

const PREFIXES = { fb: 0xfb, fc: 0xfc, fd: 0xfd, fe: 0xfe } as const;
const TABLES: readonly (readonly [prefix: number | null, ReadonlyMap<number, Instruction>])[] = [
  [null, OPCODES],
  [PREFIXES.fb, new Map()],
  [PREFIXES.fc, EXTENDED_OPCODES],
  [PREFIXES.fd, SIMD_OPCODES],
  [PREFIXES.fe, new Map()],
];
/** Numbers tried behind a prefix; V8's own go to 0x1ff at most. */
const CODES = 1024;

const opcodes = TABLES.flatMap(([prefix, table]) =>
  Array.from({ length: prefix === null ? 256 : CODES }, (_, code) => ({
    bytes: prefix === null ? [code] : [prefix, ...u32(code, 2)],
    code,
    prefix,
    known: table.get(code),
  })),
).filter(({ prefix, code }) => prefix !== null || !Object.values<number>(PREFIXES).includes(code));
type Opcode = (typeof opcodes)[number];

const hex = ({ bytes }: Opcode): string => Buffer.from(bytes).toString("hex");

/**
 * Whether V8 has the instruction. Distinguishes one that it lacks, or has only behind a flag, from one with wrong
 * operands.
 */
function isRun({ bytes }: Opcode): boolean {
  const code = [0x00, ...bytes, ...Array<number>(40).fill(0)];
  const around = moduleOf(
    section(1, list([[0x60, 0, 0]])),
    section(3, list([[0]])),
    section(4, list([[0x70, 0, 1]])),
    section(5, list([[0, 1]])),
    section(13, list([[0, 0]])),
    section(6, list([[0x7f, 1, 0x41, 0, 0x0b]])),
    section(10, list([body(code)])),
  );
  try {
    void new WebAssembly.Module(around);
    return true;
  } catch (error) {
    const message = error instanceof Error ? error.message : "";
    expect(message).toContain("Compiling function #0 failed");
    return !/invalid .*opcode/i.test(message);
  }
}

/** What the meter says to an opcode: its instruction, or why it is refused. */
function reading({ bytes }: Opcode): Instruction | ModuleRefusedError {
  const reader = new Reader(Uint8Array.from(bytes), 0, bytes.length);
  try {
    return readOpcode(reader);
  } catch (error) {
    if (error instanceof ModuleRefusedError) return error;
    throw error;
  }
}

describe("of every number that an instruction may have", () => {
  const run = opcodes.filter(isRun);

  test("V8 runs some hundreds", () => {
    expect(run.length).toBeGreaterThan(500);
  });

  test("each that V8 runs is in the tables, or refused by the name of its feature with what to do", () => {
    const refused = new Map<string, number>();
    for (const opcode of run) {
      const found = reading(opcode);
      const outcome =
        !(found instanceof ModuleRefusedError) || found.details.reason !== "feature" ? found : found.details.what;
      const isNamed = typeof outcome === "string";
      expect({ opcode: hex(opcode), outcome }).toEqual({
        opcode: hex(opcode),
        outcome: isNamed ? outcome : opcode.known,
      });
      expect(isNamed).toBe(opcode.known === undefined);
      if (isNamed) refused.set(outcome, (refused.get(outcome) ?? 0) + 1);
    }
    expect(Object.fromEntries(refused)).toEqual({
      "garbage-collected types": 34,
      "relaxed SIMD": 20,
      "threads (atomic instructions)": 67,
      "typed function references": 5,
    });
  });

  test("each in the tables is one that V8 runs", () => {
    const known = opcodes.filter((opcode) => opcode.known !== undefined);
    expect(known.filter((opcode) => !run.includes(opcode)).map(hex)).toEqual([]);
    expect(known).toHaveLength(OPCODES.size + EXTENDED_OPCODES.size + SIMD_OPCODES.size);
  });

  test("each that V8 does not run is refused", () => {
    const strangers = opcodes.filter((opcode) => !run.includes(opcode));
    expect(strangers.filter((opcode) => !(reading(opcode) instanceof ModuleRefusedError)).map(hex)).toEqual([]);
  });

  test.each([
    ["stack switching", 0xe0, []],
    ["stack switching", 0xe6, []],
    ["wide arithmetic", 0xfc, u32(19)],
    ["wide arithmetic", 0xfc, u32(22)],
    ["half-precision floats", 0xfc, u32(0x30)],
    ["half-precision floats", 0xfd, u32(0x120)],
    ["relaxed SIMD", 0xfd, u32(0x113)],
  ] as const)("proposals that V8 does not run yet are named: %s", (what, first, rest) => {
    const bytes = Uint8Array.from([first, ...rest]);
    expect(() => readOpcode(new Reader(bytes, 0, bytes.length))).toThrow(`the module uses ${what} (byte 0)`);
  });
});

describe("the price of every instruction", () => {
  const all = TABLES.flatMap(([, table]) => [...table.values()]);

  test("is what the definition says for its name", () => {
    const prices = all.map(({ name, fuel }) => ({ name, fuel }));
    expect(prices).toEqual(all.map(({ name }) => ({ name, fuel: priceOf(name) })));
  });

  test("is 1 but for those that the definition lists", () => {
    const special = Object.groupBy(
      all.filter(({ fuel }) => fuel !== FUEL.instruction),
      ({ fuel }) => String(fuel),
    );
    const names = Object.entries(special).map(([fuel, each]) => [
      fuel,
      (each ?? []).map(({ name }) => name).toSorted(),
    ]);
    expect(Object.fromEntries(names)).toEqual({
      0: ["block", "catch", "catch_all", "delegate", "else", "end", "loop", "nop", "try", "try_table"],
      2: ["call", "return_call"],
      4: ["call_indirect", "return_call_indirect"],
      16: ["rethrow", "throw", "throw_ref"],
      64: ["memory.grow"],
    });
  });

  test("depends on an operand only where the definition says so", () => {
    const sized = all.filter((each) => each.sized !== null).map(({ name, sized: by }) => [name, by]);
    expect(Object.fromEntries(sized)).toEqual({
      "memory.grow": "new-pages",
      "memory.init": "bytes",
      "memory.copy": "bytes",
      "memory.fill": "bytes",
      "table.init": "slots",
      "table.copy": "slots",
      "table.fill": "slots",
      "table.grow": "new-slots",
    });
  });
});

test("every feature that is refused says what to do", () => {
  for (const [feature, hint] of Object.entries(FEATURES)) {
    expect(hint.length).toBeGreaterThan(20);
    expect(hint).not.toContain("undefined");
    expect(feature).not.toContain("_");
  }
});
