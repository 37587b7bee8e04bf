import type { Body } from "./draft.ts";
import { planBody } from "./plan.ts";
import { Reader } from "./binary/reader.ts";
import type { Survey } from "./survey.ts";

/**
 * What callers know about the functions they call, by function number. Imported functions have zeros.
 *
 * meter.callees.C1. What entering a function costs may be paid by its callers, as part of the price of the call: one
 *   place less that takes fuel. It then has to be true of all of them. So a function that is also reached through a
 *   table, a reference or the start pays for itself, and one that the host reaches as an export gets a gate: a function
 *   that pays, and continues as the exported one.
 * meter.callees.C2. Callers never pay more than the entry takes. So the price of one function may contain those of
 *   others that are known before it, and never those that are decided after it.
 * meter.callees.C3. A small function cannot use more than `SMALL_FUEL_MAX` in all. Nothing is checked for it: neither
 *   at its entry nor when it has returned.
 */
export type Callees = {
  /** Fuel of the entry that direct calls pay. */
  readonly paid: Uint16Array;
  /** The most that a small function can use; 0 for the others. */
  readonly most: Uint8Array;
  /** Exported functions that need a gate, in the order of their numbers. */
  readonly gates: readonly number[];
};

/** Above this the function pays itself. It keeps the price of a body full of calls within 32 bits. */
export const PREPAID_FUEL_MAX = 400;

/** With calls of two bytes each, a body can put off some 16 million of fuel, which is far below a usual limit. */
export const SMALL_FUEL_MAX = 64;

/** Plans every body once to find what callers may pay. Refuses what planning refuses. */
export function surveyCallees({ bytes, draft }: Survey): Callees {
  const count = draft.functionTypes.length;
  const callees = { paid: new Uint16Array(count), most: new Uint8Array(count), gates: [] };
  const isCalled = new Uint8Array(count);
  const exported = new Map<number, number>(draft.exportedFunctions.map(({ index }) => [index, 0]));
  for (const body of draft.bodies) {
    const plan = planBody(readerOf(bytes, body), { body, paid: 0, isSmall: false }, callees);
    for (const callee of plan.callees) isCalled[callee] = 1;
    const { index } = body;
    if (draft.referredFunctions.has(index)) continue;
    const paid = Math.min(PREPAID_FUEL_MAX, plan.points[0]?.fuel ?? 0);
    if (exported.has(index)) {
      exported.set(index, paid);
    } else {
      callees.paid[index] = paid;
      if (plan.most <= SMALL_FUEL_MAX) callees.most[index] = plan.most;
    }
  }
  const wanted = [...exported.keys()].filter((index) => exported.get(index) !== 0 && isCalled[index] === 1);
  // If V8's maximum of functions equals the limit, one gate too many would make the module invalid.
  const gates = wanted.slice(0, draft.limits.functionsMax - draft.bodies.length);
  for (const index of gates) callees.paid[index] = exported.get(index) ?? 0;
  return { ...callees, gates: gates.toSorted((left, right) => left - right) };
}

export const readerOf = (bytes: Uint8Array, { codeAt, end }: Body): Reader => new Reader(bytes, codeAt, end);
