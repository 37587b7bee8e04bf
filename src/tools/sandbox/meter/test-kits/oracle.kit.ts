import type { MeterLimits } from "../limits.ts";
import { assemble, disassemble } from "./wat.kit.ts";

/*
 * The second opinion on fuel: an accounting that shares nothing with the meter but the table in fuel.ts. It works on the
 * text of a module, knows instructions by their names, and counts each one separately, right before it is executed.
 */

const FREE = new Set(["nop", "block", "loop", "else", "end", "try", "try_table", "catch", "catch_all", "delegate"]);
const PRICES: ReadonlyMap<string, number> = new Map([
  ["call", 2],
  ["return_call", 2],
  ["call_indirect", 4],
  ["return_call_indirect", 4],
  ["throw", 16],
  ["rethrow", 16],
  ["throw_ref", 16],
  ["memory.grow", 64],
]);
const SIZED: ReadonlyMap<string, string> = new Map([
  ["memory.grow", "$oracle_pages"],
  ["memory.fill", "$oracle_bytes"],
  ["memory.copy", "$oracle_bytes"],
  ["memory.init", "$oracle_bytes"],
  ["table.grow", "$oracle_new_slots"],
  ["table.fill", "$oracle_slots"],
  ["table.copy", "$oracle_slots"],
  ["table.init", "$oracle_slots"],
]);

const count = (fuel: number): string =>
  fuel === 0 ? "" : `global.get $oracle i64.const ${fuel} i64.add global.set $oracle`;

const priced = (name: string, amount: string): string => `(func ${name} (param i32) (result i32)
  (global.set $oracle (i64.add (global.get $oracle) ${amount})) (local.get 0))`;
const operand = "(i64.extend_i32_u (local.get 0))";
const unless = (most: number, amount: string): string =>
  `(if (result i64) (i32.gt_u (local.get 0) (i32.const ${most})) (then (i64.const 0)) (else ${amount}))`;

const appendix = (limits: MeterLimits): string => `
(global $oracle (mut i64) (i64.const 0))
(export "oracle" (global $oracle))
${priced("$oracle_pages", unless(limits.memoryPagesMax, `(i64.mul ${operand} (i64.const 512))`))}
${priced("$oracle_bytes", `(i64.div_u ${operand} (i64.const 16))`)}
${priced("$oracle_new_slots", unless(limits.tableSlotsMax, operand))}
${priced("$oracle_slots", operand)}`;

/** Fuel that one instruction costs by its name, its operand aside. */
export const priceOf = (name: string): number => PRICES.get(name) ?? (FREE.has(name) ? 0 : 1);

const withoutComments = (line: string): string => line.replace(/\(;.*?;\)/g, "").replace(/;;.*$/, "");

function instrument(line: string): string {
  const name = line.trim().split(/\s/)[0] ?? "";
  const sized = SIZED.get(name);
  const before = `${sized === undefined ? "" : `call ${sized}`} ${count(priceOf(name))}`;
  const after = name === "loop" ? count(1) : "";
  return `${before}\n${line}\n${after}`;
}

/** A function's lines, of which the first is its head. The parenthesis that closes it ends the last. */
function instrumentFunction(lines: readonly string[]): string {
  const [head, ...rest] = [...lines.slice(0, -1), (lines.at(-1) ?? "").replace(/\)\s*$/, "")];
  const localLines = rest.filter((line) => line.trim().startsWith("(local"));
  const locals = localLines.flatMap(
    (line) => line.match(/\b(?:i32|i64|f32|f64|v128|funcref|externref|exnref)\b/g) ?? [],
  );
  const code: string[] = [];
  for (const line of rest.filter((each) => !each.trim().startsWith("(local"))) {
    // The handlers of a `try_table` are printed on lines of their own.
    if (line.trim().startsWith("(catch")) code.push(`${code.pop()?.trimEnd()} ${line}`);
    else code.push(line);
  }
  const entry = count(1 + Math.floor(locals.length / 4));
  return [head, ...localLines, entry, ...code.map(instrument), ")"].join("\n");
}

/** What executing every instruction of the most expensive function once would cost, operands aside. */
export function largestBodyPrice(wat: string): number {
  const prices = disassemble(assemble(wat))
    .split(/^ {2}\(func\b/m)
    .map((text) => text.split("\n").reduce((sum, line) => sum + priceOf(line.trim().split(/[\s)]/)[0] ?? ""), 0));
  return Math.max(...prices);
}

/** A global's value of several instructions comes as if the first were around the others: without that parenthesis. */
const unfoldGlobals = (text: string): string =>
  text.replace(/^( {2}\(global [^\n]*)\(([a-z0-9.]+[^()\n]*)\n((?: {4}[^\n]*\n)*? {4}[^\n]*?)\)\)$/gm, "$1$2\n$3)");

/** The module as text that counts what it executes in the exported global `oracle`. */
export function withOracle(bytes: Uint8Array, limits: MeterLimits): string {
  const lines = unfoldGlobals(disassemble(bytes)).trimEnd().split("\n").map(withoutComments);
  const output: string[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    if (!/^ {2}\(func\b/.test(lines[index] ?? "")) {
      output.push(lines[index] ?? "");
      continue;
    }
    const start = index;
    while (/^ {4}/.test(lines[index + 1] ?? "")) index += 1;
    output.push(instrumentFunction(lines.slice(start, index + 1)));
  }
  const whole = output.join("\n").trimEnd();
  return `${whole.slice(0, whole.lastIndexOf(")"))}${appendix(limits)})`;
}
