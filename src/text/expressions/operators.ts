import { type Json, isJsonObject } from "../../kernel/json.ts";
import {
  charge,
  type Frame,
  isEqual,
  joined,
  type Result,
  type Step,
  tooCostly,
  EvalError,
  typeName,
} from "./evaluation.ts";

/** An operator of two values; undefined where it does not go with them. */
type Operator = (one: Json, other: Json, frame: Frame) => Json | undefined;

const onNumbers =
  (work: (one: number, other: number) => number): Operator =>
  (one, other) =>
    typeof one === "number" && typeof other === "number" ? work(one, other) : undefined;

/** Order of numbers and of texts, by code units. */
const comparing =
  (holds: (order: number) => boolean): Operator =>
  (one, other, frame) => {
    if (typeof one === "number" && typeof other === "number") return holds(one - other);
    if (typeof one !== "string" || typeof other !== "string") return undefined;
    return charge(frame, Math.min(one.length, other.length)) && holds(one < other ? -1 : one > other ? 1 : 0);
  };

const isIn: Operator = (one, other, frame) => {
  if (Array.isArray(other)) return other.some((item) => charge(frame, 0) && isEqual(one, item, frame));
  return isJsonObject(other) && typeof one === "string" ? Object.hasOwn(other, one) : undefined;
};

export const OPERATORS = {
  "==": (one, other, frame) => isEqual(one, other, frame),
  "!=": (one, other, frame) => !isEqual(one, other, frame),
  "<": comparing((order) => order < 0),
  "<=": comparing((order) => order <= 0),
  ">": comparing((order) => order > 0),
  ">=": comparing((order) => order >= 0),
  "+": (one, other, frame) =>
    typeof one === "number" && typeof other === "number" ? one + other : joined(one, other, frame),
  "-": onNumbers((one, other) => one - other),
  "*": onNumbers((one, other) => one * other),
  "/": onNumbers((one, other) => one / other),
  "%": onNumbers((one, other) => one % other),
  in: isIn,
} as const satisfies Record<string, Operator>;
export type OperatorName = keyof typeof OPERATORS;

/**
 * Both values, then the operator. A result that is no finite number, for example after a division by
 * zero, is an evaluation error.
 */
export function binary(name: OperatorName, left: Step, right: Step, start: number): Step {
  const work: Operator = OPERATORS[name];
  return (frame) => {
    const one = left(frame);
    if (one instanceof EvalError) return one;
    const other = right(frame);
    if (other instanceof EvalError) return other;
    if (!charge(frame, 0)) return tooCostly(start);
    const result = work(one, other, frame);
    if (frame.costLeft < 0) return tooCostly(start);
    if (result === undefined)
      return new EvalError(`${name} does not go with ${typeName(one)} and ${typeName(other)}`, start);
    return typeof result === "number" && !Number.isFinite(result)
      ? new EvalError(`${name} gave no number`, start)
      : result;
  };
}

/**
 * `&&` decides on false, `||` on true. As in CEL, an evaluation error on one side counts only if the other does not decide, so that
 * `has(x) && x.a == 1` may be written either way round.
 */
export function logical(decisive: boolean, left: Step, right: Step, start: number): Step {
  const name = decisive ? "||" : "&&";
  const asTruth = (value: Result): Result =>
    typeof value === "boolean" || value instanceof EvalError
      ? value
      : new EvalError(`${name} needs true or false, not ${typeName(value)}`, start);
  return (frame) => {
    const one = asTruth(left(frame));
    if (one === decisive) return decisive;
    const other = asTruth(right(frame));
    if (other === decisive) return decisive;
    return one instanceof EvalError ? one : other;
  };
}

export const not =
  (inner: Step, start: number): Step =>
  (frame) => {
    const value = inner(frame);
    if (value instanceof EvalError) return value;
    return typeof value === "boolean" ? !value : new EvalError(`! needs true or false, not ${typeName(value)}`, start);
  };

export const negative =
  (inner: Step, start: number): Step =>
  (frame) => {
    const value = inner(frame);
    if (value instanceof EvalError) return value;
    return typeof value === "number" ? -value : new EvalError(`- needs a number, not ${typeName(value)}`, start);
  };

export const choice =
  (condition: Step, [yes, no]: readonly [Step, Step], start: number): Step =>
  (frame) => {
    const value = condition(frame);
    if (value instanceof EvalError) return value;
    if (typeof value !== "boolean") return new EvalError(`? needs true or false, not ${typeName(value)}`, start);
    return value ? yes(frame) : no(frame);
  };
