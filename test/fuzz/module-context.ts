import type { Chance } from "./chance.ts";
import { type Operation, OPERATIONS, type Type } from "./operations.ts";

export type Signature = { readonly params: readonly Type[]; readonly results: readonly Type[] };

/** What a function body may refer to, beside one mutable global for each type: `$g_i32` and so on. */
export type ModuleContext = {
  readonly functions: readonly Signature[];
  readonly tags: readonly (readonly Type[])[];
  /** Functions in the slots of `$functions`; only they are referred to. */
  readonly slots: readonly number[];
  readonly throws: boolean;
  /** The two ways to catch, of which a module may use one. */
  readonly catches: "try" | "try_table";
};

export type FunctionText = { readonly number: number; readonly isLeaf: boolean };

/** What leaves a zero of each type. */
export const ZEROS: { readonly [Name in Type]: string } = {
  i32: "i32.const 0",
  i64: "i64.const 0",
  f32: "f32.const 0",
  f64: "f64.const 0",
  v128: "v128.const i64x2 0 0",
  funcref: "ref.null func",
  externref: "ref.null extern",
};

const OPERATIONS_FOR = (type: Type): readonly Operation[] => OPERATIONS.filter(({ result }) => result === type);
/** Instructions by the type of their result. */
export const GIVING: { readonly [Name in Type]: readonly Operation[] } = {
  i32: OPERATIONS_FOR("i32"),
  i64: OPERATIONS_FOR("i64"),
  f32: OPERATIONS_FOR("f32"),
  f64: OPERATIONS_FOR("f64"),
  v128: OPERATIONS_FOR("v128"),
  funcref: [],
  externref: [],
};
/** Instructions without a result. */
export const STORES = OPERATIONS.filter(({ result }) => result === null);

/** Types behind a keyword, or nothing. */
export const typed = (keyword: string, types: readonly Type[]): string =>
  types.length === 0 ? "" : ` (${keyword} ${types.join(" ")})`;
/** A signature as a function or an indirect call has it. */
export const signatureText = ({ params, results }: Signature): string =>
  typed("param", params) + typed("result", results);

/** A constant of that type: often a small one, sometimes any. */
export function constantText(type: Type, chance: Chance, { slots }: ModuleContext): string {
  const word = chance.word();
  const number = chance.is(0.6) ? word % 9 : word | 0;
  if (type === "v128") return `v128.const i32x4 ${number} 1 ${chance.word() | 0} 7`;
  if (type === "f32" || type === "f64") return `${type}.const ${chance.pick(["nan", "inf", "-0", number / 7])}`;
  if (type === "funcref" && chance.is(0.7)) return `ref.func $f${chance.pick(slots)}`;
  return ZEROS[type].replace(/ 0$/, ` ${number}`);
}

export const TABLES = ["$functions", "$hosts"] as const;

/** Operations on memory and a table with their operands: types, or the most that a number mostly is. */
export function bulkOperations(
  table: (typeof TABLES)[number],
): readonly (readonly [name: string, operands: readonly (Type | number)[]])[] {
  const [type, segment] =
    table === "$functions" ? (["funcref", "$some"] as const) : (["externref", "$nothing"] as const);
  return [
    ["memory.fill", [0x7fff, "i32", 0xff]],
    ["memory.copy", [0x7fff, 0x7fff, 0xff]],
    ["memory.init $text", [0x7fff, 3, 15]],
    ["data.drop $text", []],
    [`table.set ${table}`, [3, type]],
    [`table.fill ${table}`, [1, type, 3]],
    [`table.copy ${table} ${table}`, [1, 1, 3]],
    [`table.init ${table} ${segment}`, [1, 0, 1]],
    [`elem.drop ${segment}`, []],
  ];
}
