import { isJsonObject, type Json } from "../../kernel/json.ts";
import { compileRegex } from "../regex/index.ts";
import { CompileError } from "./errors.ts";
import { charge, type Frame, keysOf, type Step, tooCostly, EvalError, typeName } from "./evaluation.ts";

/** A function; undefined where it does not go with its arguments. */
type Work = (values: readonly Json[], frame: Frame) => Json | undefined;
type Function = { readonly arity: number; readonly work: Work };

const onText = (work: (text: string) => Json | undefined): Function => ({
  arity: 1,
  work: ([text], frame) => (typeof text === "string" && charge(frame, text.length) ? work(text) : undefined),
});
const onTexts = (work: (text: string, other: string) => Json): Function => ({
  arity: 2,
  work: ([text, other], frame) =>
    typeof text === "string" && typeof other === "string" && charge(frame, text.length) ? work(text, other) : undefined,
});

const isSpaceOnly = (text: string): boolean => text.trim() === "";
const numberOf = (value: Json | undefined): number | undefined => {
  const number = typeof value === "string" && !isSpaceOnly(value) ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
};

function sizeOf(value: Json | undefined, frame: Frame): number | undefined {
  if (typeof value === "string" || Array.isArray(value)) return value.length;
  return isJsonObject(value) ? keysOf(value, frame).length : undefined;
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === "string"
    ? value
    : typeof value === "number" || typeof value === "boolean"
      ? String(value)
      : undefined;
}

/** What can be called, as `f(x, y)` or `x.f(y)`. */
const FUNCTIONS: ReadonlyMap<string, Function> = new Map([
  ["size", { arity: 1, work: ([value], frame) => sizeOf(value, frame) }],
  ["contains", onTexts((text, other) => text.includes(other))],
  ["startsWith", onTexts((text, other) => text.startsWith(other))],
  ["endsWith", onTexts((text, other) => text.endsWith(other))],
  ["lowerAscii", onText((text) => text.toLowerCase())],
  ["upperAscii", onText((text) => text.toUpperCase())],
  ["trim", onText((text) => text.trim())],
  ["string", { arity: 1, work: ([value]) => textOf(value) }],
  ["double", { arity: 1, work: ([value]) => numberOf(value) }],
  [
    "int",
    {
      arity: 1,
      work: ([value]) => {
        const number = numberOf(value);
        return number === undefined ? undefined : Math.trunc(number);
      },
    },
  ],
]);

/** Every name that can be called, for who wrote another. */
const FUNCTION_NAMES: readonly string[] = [
  ...FUNCTIONS.keys(),
  "matches",
  "has",
  "all",
  "exists",
  "exists_one",
  "filter",
  "map",
];

export function call(name: string, steps: readonly Step[], start: number): Step {
  const known = FUNCTIONS.get(name);
  if (known === undefined) {
    throw new CompileError(`there is no function ${name}`, start, `There are ${FUNCTION_NAMES.join(", ")}.`);
  }
  if (known.arity !== steps.length) {
    const fix = known.arity === 1 ? `Write ${name}(x) or x.${name}().` : `Write x.${name}(y).`;
    throw new CompileError(
      `${name} takes ${known.arity} values including the one left of the dot, not ${steps.length}`,
      start,
      fix,
    );
  }
  return (frame) => {
    const values: Json[] = [];
    for (const step of steps) {
      const value = step(frame);
      if (value instanceof EvalError) return value;
      values.push(value);
    }
    if (!charge(frame, 0)) return tooCostly(start);
    const result = known.work(values, frame);
    if (frame.costLeft < 0) return tooCostly(start);
    return result ?? new EvalError(`${name} does not go with ${values.map(typeName).join(" and ")}`, start);
  };
}

/** `text.matches("pattern")`, by expressions of linear time: the pattern is compiled with the expression. */
export function matching(text: Step, pattern: string, start: number): Step {
  const compiled = compileRegex(pattern);
  if (compiled.type === "malformed") {
    const { message, offset } = compiled.problem;
    throw new CompileError(
      `the pattern is wrong at its character ${offset + 1}: ${message}`,
      start,
      "Patterns have no references back and no looking around.",
    );
  }
  const { regex } = compiled;
  return (frame) => {
    const value = text(frame);
    if (value instanceof EvalError) return value;
    if (typeof value !== "string") return new EvalError(`matches needs text, not ${typeName(value)}`, start);
    return charge(frame, value.length * (pattern.length + 1)) ? regex.test(value) : tooCostly(start);
  };
}
