import type { Chance } from "./chance.ts";
import { CodeText } from "./code-text.ts";
import { NUMBERS, type Type, TYPES } from "./operations.ts";
import type { Signature, ModuleContext } from "./module-context.ts";

/** A module in text form, and what its host has to know of it. */
export type ModuleText = {
  readonly wat: string;
  /** Functions that can be called from outside: exported, and of types that JavaScript has. */
  readonly exports: readonly { readonly name: string; readonly params: readonly Type[] }[];
  /** Whether the host may throw. */
  readonly throws: boolean;
};

const BUDGET = 120;
const HOSTED: readonly Type[] = [...NUMBERS, "funcref", "externref"];
const isHosted = ({ params, results }: Signature): boolean =>
  [...params, ...results].every((type) => HOSTED.includes(type));

const ZERO_OF: { readonly [Name in Type]: string } = {
  i32: "i32.const 7",
  i64: "i64.const -1",
  f32: "f32.const 1.5",
  f64: "f64.const -2.25",
  v128: "v128.const i32x4 1 2 3 4",
  funcref: "ref.null func",
  externref: "ref.null extern",
};

/** Makes floating point results that are no numbers equal to zero, lane by lane. */
const CALM = `
  (func $calm_f32 (param f32) (result f32) local.get 0 f32.const 0 local.get 0 local.get 0 f32.eq select)
  (func $calm_f64 (param f64) (result f64) local.get 0 f64.const 0 local.get 0 local.get 0 f64.eq select)
  (func $calm_v128_f32x4 (param v128) (result v128) local.get 0 local.get 0 local.get 0 f32x4.eq v128.and)
  (func $calm_v128_f64x2 (param v128) (result v128) local.get 0 local.get 0 local.get 0 f64x2.eq v128.and)`;

function signature(chance: Chance, types: readonly Type[]): Signature {
  return {
    params: chance.many(0, 4, () => chance.pick(types)),
    results: chance.many(0, 3, () => chance.pick(types)),
  };
}

function moduleContext(chance: Chance): ModuleContext {
  const functions = chance.many(2, 6, (index) =>
    index === 0
      ? { params: ["i32"] as const, results: ["i32"] as const }
      : signature(chance, chance.is(0.6) ? HOSTED : TYPES),
  );
  return {
    functions,
    tags: [["i32"], ["i64", "f32"], []],
    slots: chance.many(1, 4, () => chance.below(functions.length)),
    throws: chance.is(0.4),
    catches: chance.pick(["try", "try_table"]),
  };
}

/** A random module that terminates whatever its exports are called with. Its imports are `HOST` in guests.ts. */
export function moduleText(chance: Chance): ModuleText {
  const around = moduleContext(chance);
  const exported = around.functions.map((each, index) => isHosted(each) && (index === 0 || chance.is(0.5)));
  const functions = around.functions.map((_, number) =>
    new CodeText(chance, around, { number, isLeaf: number > 0 && chance.is(0.3) })
      .text(exported[number] ?? false)
      .replace("(func", `(func $f${number}`),
  );
  const referred = chance.below(around.functions.length);
  const slots = around.slots.map((number) => `$f${number}`).join(" ");
  const wat = `(module
  (import "host" "number" (func $host (param i32) (result i32)))
  (import "host" "base" (global $base i32))
  (type $nothing (func))
  (tag $e0 (param i32)) (tag $e1 (param i64 f32)) (tag $e2)
  (memory (export "memory") 1 3)
  (table $functions (export "functions") 4 20 funcref)
  (table $hosts (export "hosts") 4 20 externref)
  (global $budget (mut i32) (i32.const ${BUDGET}))
  (global (export "constant") i32 (i32.add (global.get $base) (i32.mul (i32.const 3) (i32.const -5))))
  ${TYPES.map((type) => `(global $g_${type} ${type === "v128" ? "" : `(export "g_${type}")`} (mut ${type}) (${ZERO_OF[type]}))`).join("\n  ")}
  (global (export "referred") funcref (ref.func $f${referred}))
  (global $thrown (export "thrown") (mut i32) (i32.const 0))
  (func $draw (result i32) ${chance.is(0.3) ? "global.get $budget call $host drop" : ""}
    global.get $budget i32.const 1 i32.sub global.set $budget global.get $budget)
  ${CALM}
  ${functions.join("\n  ")}
  (elem (table $functions) (i32.const 0) func ${slots})
  (elem $some funcref (ref.func $f${around.slots[0]}) (ref.null func))
  (elem $nothing externref (ref.null extern))
  (elem declare func ${slots})
  (data (i32.const 16) "some text at the start") (data $text "${"passive".repeat(4)}")
  ${chance.is(0.2) ? "(func $begin (if (i32.ge_s (call $draw) (i32.const 110)) (then (drop (call $f0 (i32.const 1))) (call $begin)))) (start $begin)" : ""})`;
  const exports = around.functions.flatMap(({ params }, number) =>
    exported[number] === true ? [{ name: `f${number}`, params }] : [],
  );
  const byReference = around.functions[referred];
  if (byReference !== undefined && isHosted(byReference))
    exports.push({ name: "referred", params: byReference.params });
  return { wat, exports, throws: around.throws };
}
