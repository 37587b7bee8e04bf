import { EXTENDED_OPCODES, OPCODES } from "../../src/tools/sandbox/meter/opcodes/opcodes.ts";
import { SIMD_OPCODES } from "../../src/tools/sandbox/meter/opcodes/simd-opcodes.ts";

export type Type = "i32" | "i64" | "f32" | "f64" | "v128" | "funcref" | "externref";
export const NUMBERS = ["i32", "i64", "f32", "f64"] as const satisfies readonly Type[];
export const TYPES = [...NUMBERS, "v128", "funcref", "externref"] as const satisfies readonly Type[];

/** An instruction that takes values and gives one or none; `lanes` is how many its lane number may choose from. */
export type Operation = {
  readonly name: string;
  readonly params: readonly Type[];
  readonly result: Type | null;
  readonly lanes: number;
  readonly isMemory: boolean;
  /** Whether the bits of a result that is no number may differ from run to run. */
  readonly isFloat: boolean;
};

const isNumber = (text: string | undefined): text is (typeof NUMBERS)[number] =>
  NUMBERS.some((number) => number === text);

const LANES: { readonly [shape: string]: readonly [Type, number] } = {
  i8x16: ["i32", 16],
  i16x8: ["i32", 8],
  i32x4: ["i32", 4],
  i64x2: ["i64", 2],
  f32x4: ["f32", 4],
  f64x2: ["f64", 2],
};

const CONVERSION = /^(?:trunc|trunc_sat|convert|extend|reinterpret|wrap|demote|promote)_([if]\d\d)/;
const COMPARISON = /^(?:eq|ne|[lg][te])(?:_[su])?$/;
const UNARY = /^(?:clz|ctz|popcnt|extend\d+_s|abs|neg|ceil|floor|trunc|nearest|sqrt)$/;
const MEMORY = /^(?:load|store)/;

type Signature = Partial<Operation> & Pick<Operation, "params" | "result">;

function scalar(type: Type, verb: string): Signature {
  const from = CONVERSION.exec(verb)?.[1];
  if (isNumber(from)) return { params: [from], result: type };
  if (MEMORY.test(verb))
    return verb.startsWith("load")
      ? { params: ["i32"], result: type, isMemory: true }
      : { params: ["i32", type], result: null, isMemory: true };
  if (verb === "eqz") return { params: [type], result: "i32" };
  if (COMPARISON.test(verb)) return { params: [type, type], result: "i32" };
  return { params: UNARY.test(verb) ? [type] : [type, type], result: type };
}

const VECTOR_UNARY =
  /^(?:abs|neg|not|sqrt|ceil|floor|trunc|nearest|popcnt|extend_|extadd_|convert_|trunc_sat_|demote_|promote_)/;

function vector(shape: string, verb: string): Signature {
  const [lane, lanes] = LANES[shape] ?? ["i32", 0];
  const bits = Number(/^(?:load|store)(\d+)_lane/.exec(verb)?.[1] ?? 0);
  if (bits > 0) {
    const result = verb.startsWith("load") ? "v128" : null;
    return { params: ["i32", "v128"], result, lanes: 128 / bits, isMemory: true };
  }
  if (verb.startsWith("load")) return { params: ["i32"], result: "v128", isMemory: true };
  if (verb === "store") return { params: ["i32", "v128"], result: null, isMemory: true };
  if (verb === "splat") return { params: [lane], result: "v128" };
  if (verb.startsWith("extract_lane")) return { params: ["v128"], result: lane, lanes };
  if (verb === "replace_lane") return { params: ["v128", lane], result: "v128", lanes };
  if (/^sh[lr]/.test(verb) && verb !== "shuffle") return { params: ["v128", "i32"], result: "v128" };
  if (/_true$|^bitmask$/.test(verb)) return { params: ["v128"], result: "i32" };
  if (verb === "bitselect") return { params: ["v128", "v128", "v128"], result: "v128" };
  return { params: VECTOR_UNARY.test(verb) ? ["v128"] : ["v128", "v128"], result: "v128" };
}

function operation(name: string): Operation | undefined {
  const [prefix = "", verb = ""] = name.split(".");
  if (verb === "const" || verb === "shuffle") return undefined;
  const signature = isNumber(prefix)
    ? scalar(prefix, verb)
    : prefix === "v128" || prefix in LANES
      ? vector(prefix, verb)
      : undefined;
  if (signature === undefined) return undefined;
  const isFloat =
    prefix.startsWith("f") && !COMPARISON.test(verb) && !/^(?:load|store|reinterpret|splat|extract|replace)/.test(verb);
  return { name, lanes: 0, isMemory: false, isFloat, ...signature };
}

/** Every instruction of the meter's tables that only takes and gives values; their types follow from their names. */
export const OPERATIONS: readonly Operation[] = [OPCODES, EXTENDED_OPCODES, SIMD_OPCODES]
  .flatMap((table) => [...table.values()])
  .filter(({ flow }) => flow === "next")
  .flatMap(({ name }) => operation(name) ?? []);
