import { isJsonObject, type Json, type JsonObject } from "../../kernel/json.ts";

/** Why an evaluation came to nothing. Handed up as a value: most are a key that a message does not have, which is usual. */
export class EvalError {
  readonly reason: string;
  readonly start: number;
  constructor(reason: string, start: number) {
    this.reason = reason;
    this.start = start;
  }
}
export type Result = Json | EvalError;

/** What one evaluation may cost: about one for each step, and for each 16 characters or elements that a step looks at. */
export const COST_MAX = 100_000;
/** The longest text or list that an expression may make. */
const SIZE_MAX = 1_048_576;

/** State of one evaluation. */
export type Frame = {
  /** The values of variables, then of what loops are at. */
  readonly slots: Json[];
  costLeft: number;
};
/** A part of an expression, compiled. */
export type Step = (frame: Frame) => Result;

/** Consumes the cost of work on `size` characters or elements; false if the cost limit is exceeded. */
export function charge(frame: Frame, size: number): boolean {
  frame.costLeft -= 1 + (size >> 4);
  return frame.costLeft >= 0;
}

export const tooCostly = (start: number): EvalError => new EvalError("the evaluation costs too much", start);

export const typeName = (value: Json): string =>
  value === null
    ? "null"
    : Array.isArray(value)
      ? "a list"
      : typeof value === "object"
        ? "a map"
        : (TYPES[typeof value] ?? "a value");
const TYPES: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  boolean: "true or false",
};

/** A map's keys, paid for. */
export function keysOf(map: JsonObject, frame: Frame): readonly string[] {
  const keys = Object.keys(map);
  charge(frame, keys.length);
  return keys;
}

/** Whether both are the same JSON. Walks at most what the frame can pay for; false with nothing left to pay. */
export function isEqual(one: Json, other: Json, frame: Frame): boolean {
  if (one === other) return !(typeof one === "string") || charge(frame, one.length);
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (!charge(frame, 0)) return false;
  if (Array.isArray(one) || Array.isArray(other)) {
    if (!Array.isArray(one) || !Array.isArray(other) || one.length !== other.length) return false;
    return one.every((item, index) => isEqual(item, other[index] ?? null, frame));
  }
  if (!isJsonObject(one) || !isJsonObject(other)) return false;
  const keys = keysOf(one, frame);
  if (keys.length !== keysOf(other, frame).length) return false;
  return keys.every((key) => Object.hasOwn(other, key) && isEqual(one[key] ?? null, other[key] ?? null, frame));
}

/** Concatenates texts or lists while the result stays within the size limit. */
export function joined(one: Json, other: Json, frame: Frame): Json | undefined {
  if (typeof one === "string" && typeof other === "string") {
    const size = one.length + other.length;
    return size <= SIZE_MAX && charge(frame, size) ? one + other : undefined;
  }
  if (Array.isArray(one) && Array.isArray(other)) {
    const size = one.length + other.length;
    return size <= SIZE_MAX && charge(frame, size) ? [...one, ...other] : undefined;
  }
  return undefined;
}
