import { isJsonObject, type Json } from "../../kernel/json.ts";
import { charge, type Step, tooCostly, EvalError, typeName } from "./evaluation.ts";

/** A member of a map by its name; only what the map holds itself. */
export const member =
  (inner: Step, key: string, start: number): Step =>
  (frame) => {
    const value = inner(frame);
    if (value instanceof EvalError) return value;
    if (!charge(frame, 0)) return tooCostly(start);
    if (!isJsonObject(value)) return new EvalError(`${typeName(value)} has no member ${key}`, start);
    return Object.hasOwn(value, key) ? (value[key] ?? null) : new EvalError(`there is no ${key}`, start);
  };

/** `a["b"]` of a map, `a[0]` of a list. */
export const element =
  (inner: Step, at: Step, start: number): Step =>
  (frame) => {
    const value = inner(frame);
    if (value instanceof EvalError) return value;
    const key = at(frame);
    if (key instanceof EvalError) return key;
    if (!charge(frame, 0)) return tooCostly(start);
    return elementOf(value, key) ?? new EvalError(`there is no [${shown(key)}]`, start);
  };

const shown = (key: Json): string =>
  typeof key === "string" ? JSON.stringify(key.slice(0, 80)) : typeof key === "number" ? String(key) : "…";

function elementOf(value: Json, key: Json): Json | undefined {
  if (Array.isArray(value)) return typeof key === "number" ? value.at(key < 0 ? value.length : key) : undefined;
  return isJsonObject(value) && typeof key === "string" && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** `has(a.b)`: whether the member exists. An evaluation error in `a` is an error, unless `a` is only missing. */
export const presence =
  (inner: Step, key: string): Step =>
  (frame) => {
    const value = inner(frame);
    return !(value instanceof EvalError) && isJsonObject(value) && Object.hasOwn(value, key);
  };

export const list =
  (items: readonly Step[], start: number): Step =>
  (frame) => {
    if (!charge(frame, items.length)) return tooCostly(start);
    const made: Json[] = [];
    for (const item of items) {
      const value = item(frame);
      if (value instanceof EvalError) return value;
      made.push(value);
    }
    return made;
  };

export const map =
  (entries: readonly (readonly [Step, Step])[], start: number): Step =>
  (frame) => {
    if (!charge(frame, entries.length)) return tooCostly(start);
    const made: [string, Json][] = [];
    for (const [key, value] of entries) {
      const [name, held] = [key(frame), value(frame)];
      if (name instanceof EvalError) return name;
      if (held instanceof EvalError) return held;
      if (typeof name !== "string") return new EvalError(`a key is text, not ${typeName(name)}`, start);
      made.push([name, held]);
    }
    return Object.fromEntries(made);
  };
