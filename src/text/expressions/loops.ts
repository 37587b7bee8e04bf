import { isJsonObject, type Json } from "../../kernel/json.ts";
import { charge, type Frame, keysOf, type Result, type Step, tooCostly, EvalError, typeName } from "./evaluation.ts";

/** A loop over a list, or over the keys of a map. */
type Loop = {
  readonly over: Step;
  /** Where the frame holds what the loop is at. */
  readonly slot: number;
  readonly start: number;
};

function itemsOf(value: Json, frame: Frame): readonly Json[] | undefined {
  if (Array.isArray(value)) return value;
  return isJsonObject(value) ? keysOf(value, frame) : undefined;
}

/** Visits the items; `visit` returns true to continue, or the result of the loop. */
function walk(loop: Loop, frame: Frame, visit: (item: Json) => true | Result, atEnd: () => Result): Result {
  const value = loop.over(frame);
  if (value instanceof EvalError) return value;
  const items = itemsOf(value, frame);
  if (items === undefined) return new EvalError(`a loop needs a list or map, not ${typeName(value)}`, loop.start);
  for (const item of items) {
    if (!charge(frame, 0)) return tooCostly(loop.start);
    frame.slots[loop.slot] = item;
    const outcome = visit(item);
    if (outcome !== true) return outcome;
  }
  return atEnd();
}

const truthOf = (value: Result, start: number): boolean | EvalError =>
  typeof value === "boolean" || value instanceof EvalError
    ? value
    : new EvalError(`the condition of a loop is true or false, not ${typeName(value)}`, start);

/** `all` (decided by a false) and `exists` (by a true): an evaluation error counts only if no item decides. */
export const quantified =
  (decisive: boolean, loop: Loop, condition: Step): Step =>
  (frame) => {
    let error: EvalError | undefined;
    let isDecided = false;
    const outcome = walk(
      loop,
      frame,
      () => {
        const truth = truthOf(condition(frame), loop.start);
        if (truth instanceof EvalError) error ??= truth;
        isDecided = truth === decisive;
        // Anything but true ends the walk.
        return !isDecided;
      },
      () => error ?? !decisive,
    );
    return isDecided ? decisive : outcome;
  };

/** `exists_one`. */
export const single =
  (loop: Loop, condition: Step): Step =>
  (frame) => {
    let count = 0;
    return walk(
      loop,
      frame,
      () => {
        const truth = truthOf(condition(frame), loop.start);
        if (truth instanceof EvalError) return truth;
        count += Number(truth);
        return true;
      },
      () => count === 1,
    );
  };

/** `filter(x, condition)`, `map(x, value)` and `map(x, condition, value)`. */
export const collecting =
  (loop: Loop, condition: Step | undefined, value: Step | undefined): Step =>
  (frame) => {
    const made: Json[] = [];
    return walk(
      loop,
      frame,
      (item) => {
        const truth = condition === undefined || truthOf(condition(frame), loop.start);
        if (truth instanceof EvalError) return truth;
        if (!truth) return true;
        const kept = value === undefined ? item : value(frame);
        if (kept instanceof EvalError) return kept;
        made.push(kept);
        return true;
      },
      () => made,
    );
  };
