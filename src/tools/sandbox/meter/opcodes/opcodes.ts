import { unsupported, malformed } from "../errors.ts";
import type { Feature } from "../features.ts";
import { FUEL } from "../fuel.ts";
import * as skip from "./operands.ts";
import { type Instruction, instruction } from "./instruction.ts";
import type { Reader } from "../binary/reader.ts";
import { SIMD_OPCODES } from "./simd-opcodes.ts";
import { skipBlockType, skipHeapType } from "../binary/value-types.ts";

type Opcodes = ReadonlyMap<number, Instruction>;

/** Instructions with consecutive numbers and the same rule. */
const row = (first: number, names: string, rest: Partial<Instruction> = {}): readonly [number, Instruction][] =>
  names.split(/\s+/).map((name, offset) => [first + offset, instruction(name, rest)]);

const marker = { fuel: FUEL.marker };
const block = { fuel: FUEL.marker, skip: skipBlockType };

/** Every instruction of one byte that is run. What is not here is refused. */
export const OPCODES: Opcodes = new Map([
  ...row(0x00, "unreachable", { flow: "leave" }),
  ...row(0x01, "nop", marker),
  ...row(0x02, "block", { ...block, flow: "block" }),
  ...row(0x03, "loop", { ...block, flow: "loop" }),
  ...row(0x04, "if", { flow: "if", skip: skipBlockType }),
  ...row(0x05, "else", { ...marker, flow: "else" }),
  ...row(0x06, "try", { ...block, flow: "try" }),
  ...row(0x07, "catch", { ...marker, flow: "catch", skip: skip.index }),
  ...row(0x08, "throw rethrow", { flow: "leave", fuel: FUEL.throw, skip: skip.index }),
  ...row(0x0a, "throw_ref", { flow: "leave", fuel: FUEL.throw }),
  ...row(0x0b, "end", { ...marker, flow: "end" }),
  ...row(0x0c, "br", { flow: "branch" }),
  ...row(0x0d, "br_if", { flow: "branch-if" }),
  ...row(0x0e, "br_table", { flow: "branch-table" }),
  ...row(0x0f, "return", { flow: "leave" }),
  ...row(0x10, "call", { flow: "call", fuel: FUEL.call }),
  ...row(0x11, "call_indirect", { flow: "call-indirect", fuel: FUEL.callIndirect, skip: skip.twoIndexes }),
  ...row(0x12, "return_call", { flow: "tail-call", fuel: FUEL.call }),
  ...row(0x13, "return_call_indirect", { flow: "leave", fuel: FUEL.callIndirect, skip: skip.twoIndexes }),
  ...row(0x18, "delegate", { ...marker, flow: "end", skip: skip.index }),
  ...row(0x19, "catch_all", { ...marker, flow: "catch" }),
  ...row(0x1a, "drop select"),
  ...row(0x1c, "select_t", { skip: skip.valueTypes }),
  ...row(0x1f, "try_table", { ...block, flow: "try-table" }),
  ...row(0x20, "local.get local.set local.tee global.get global.set table.get table.set", { skip: skip.index }),
  ...row(
    0x28,
    `i32.load i64.load f32.load f64.load
    i32.load8_s i32.load8_u i32.load16_s i32.load16_u
    i64.load8_s i64.load8_u i64.load16_s i64.load16_u i64.load32_s i64.load32_u
    i32.store i64.store f32.store f64.store i32.store8 i32.store16 i64.store8 i64.store16 i64.store32`,
    { skip: skip.address },
  ),
  ...row(0x3f, "memory.size", { skip: skip.memory }),
  ...row(0x40, "memory.grow", { fuel: FUEL.memoryGrow, sized: "new-pages", skip: skip.memory }),
  ...row(0x41, "i32.const", { skip: skip.signed32 }),
  ...row(0x42, "i64.const", { skip: skip.signed64 }),
  ...row(0x43, "f32.const", { skip: skip.bytes4 }),
  ...row(0x44, "f64.const", { skip: skip.bytes8 }),
  ...row(
    0x45,
    `i32.eqz i32.eq i32.ne i32.lt_s i32.lt_u i32.gt_s i32.gt_u i32.le_s i32.le_u i32.ge_s i32.ge_u
    i64.eqz i64.eq i64.ne i64.lt_s i64.lt_u i64.gt_s i64.gt_u i64.le_s i64.le_u i64.ge_s i64.ge_u
    f32.eq f32.ne f32.lt f32.gt f32.le f32.ge f64.eq f64.ne f64.lt f64.gt f64.le f64.ge
    i32.clz i32.ctz i32.popcnt i32.add i32.sub i32.mul i32.div_s i32.div_u i32.rem_s i32.rem_u
    i32.and i32.or i32.xor i32.shl i32.shr_s i32.shr_u i32.rotl i32.rotr
    i64.clz i64.ctz i64.popcnt i64.add i64.sub i64.mul i64.div_s i64.div_u i64.rem_s i64.rem_u
    i64.and i64.or i64.xor i64.shl i64.shr_s i64.shr_u i64.rotl i64.rotr
    f32.abs f32.neg f32.ceil f32.floor f32.trunc f32.nearest f32.sqrt
    f32.add f32.sub f32.mul f32.div f32.min f32.max f32.copysign
    f64.abs f64.neg f64.ceil f64.floor f64.trunc f64.nearest f64.sqrt
    f64.add f64.sub f64.mul f64.div f64.min f64.max f64.copysign
    i32.wrap_i64 i32.trunc_f32_s i32.trunc_f32_u i32.trunc_f64_s i32.trunc_f64_u
    i64.extend_i32_s i64.extend_i32_u i64.trunc_f32_s i64.trunc_f32_u i64.trunc_f64_s i64.trunc_f64_u
    f32.convert_i32_s f32.convert_i32_u f32.convert_i64_s f32.convert_i64_u f32.demote_f64
    f64.convert_i32_s f64.convert_i32_u f64.convert_i64_s f64.convert_i64_u f64.promote_f32
    i32.reinterpret_f32 i64.reinterpret_f64 f32.reinterpret_i32 f64.reinterpret_i64
    i32.extend8_s i32.extend16_s i64.extend8_s i64.extend16_s i64.extend32_s`,
  ),
  ...row(0xd0, "ref.null", { skip: skipHeapType }),
  ...row(0xd1, "ref.is_null"),
  ...row(0xd2, "ref.func", { skip: skip.index }),
]);

/** After the prefix 0xfc. */
export const EXTENDED_OPCODES: Opcodes = new Map([
  ...row(
    0,
    `i32.trunc_sat_f32_s i32.trunc_sat_f32_u i32.trunc_sat_f64_s i32.trunc_sat_f64_u
    i64.trunc_sat_f32_s i64.trunc_sat_f32_u i64.trunc_sat_f64_s i64.trunc_sat_f64_u`,
  ),
  ...row(8, "memory.init", { sized: "bytes", skip: skip.indexAndMemory }),
  ...row(9, "data.drop", { skip: skip.index }),
  ...row(10, "memory.copy", { sized: "bytes", skip: skip.twoMemories }),
  ...row(11, "memory.fill", { sized: "bytes", skip: skip.memory }),
  ...row(12, "table.init", { sized: "slots", skip: skip.twoIndexes }),
  ...row(13, "elem.drop", { skip: skip.index }),
  ...row(14, "table.copy", { sized: "slots", skip: skip.twoIndexes }),
  ...row(15, "table.grow", { sized: "new-slots", skip: skip.index }),
  ...row(16, "table.size", { skip: skip.index }),
  ...row(17, "table.fill", { sized: "slots", skip: skip.index }),
]);

const EXTENDED = 0xfc;
const SIMD = 0xfd;

/** Whole prefixes and single opcodes that V8 runs and the sandbox does not. */
const REFUSED: ReadonlyMap<number, Feature> = new Map<number, Feature>([
  [0x14, "typed function references"], // call_ref
  [0x15, "typed function references"], // return_call_ref
  [0xd3, "garbage-collected types"], // ref.eq
  [0xd4, "typed function references"], // ref.as_non_null
  [0xd5, "typed function references"], // br_on_null
  [0xd6, "typed function references"], // br_on_non_null
  ...Array.from({ length: 7 }, (_, code): [number, Feature] => [0xe0 + code, "stack switching"]),
  [0xfb, "garbage-collected types"],
  [0xfe, "threads (atomic instructions)"],
]);

const dense = (opcodes: Opcodes): readonly (Instruction | undefined)[] =>
  Array.from({ length: 256 }, (_, code) => opcodes.get(code));
const PLAIN_TABLE = dense(OPCODES);
const EXTENDED_TABLE = dense(EXTENDED_OPCODES);
const SIMD_TABLE = dense(SIMD_OPCODES);

/** Reads an opcode. Refuses what is not in the tables, naming the feature where it is known. */
export function readOpcode(reader: Reader): Instruction {
  const offset = reader.at;
  const first = reader.byte();
  const plain = PLAIN_TABLE[first];
  if (plain !== undefined) return plain;
  return readPrefixed(reader, first, offset);
}

/** Proposals have their numbers in blocks, which are refused whole. */
function featureOf(prefix: number, code: number): Feature | undefined {
  if (prefix === EXTENDED) return code >= 19 && code <= 22 ? "wide arithmetic" : HALF.has(code) ? HALVES : undefined;
  return code < 0x100 ? undefined : code < 0x120 ? "relaxed SIMD" : HALVES;
}
const HALVES = "half-precision floats";
const HALF: ReadonlySet<number> = new Set([0x30, 0x31]);

function readPrefixed(reader: Reader, first: number, offset: number): Instruction {
  const refused = REFUSED.get(first);
  if (refused !== undefined) throw unsupported(refused, offset);
  if (first !== EXTENDED && first !== SIMD) throw malformed(`instruction 0x${first.toString(16)} is unknown`, offset);
  const code = reader.u32();
  const found = (first === EXTENDED ? EXTENDED_TABLE : SIMD_TABLE)[code];
  if (found !== undefined) return found;
  const feature = featureOf(first, code);
  if (feature !== undefined) throw unsupported(feature, offset);
  throw malformed(`instruction 0x${first.toString(16)} ${code} is unknown`, offset);
}
