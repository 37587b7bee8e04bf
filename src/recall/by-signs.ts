import { type Keep, RECALL_LIMITS } from "./row.ts";
import { PLACES, type Slots } from "./slots.ts";

/** Neighbouring slots inside one slab. */
export type Run = { readonly slot: number; readonly count: number };

/** What is wanted of the visible rows. */
export type Wanted = {
  readonly limit: number;
  /** The limit and some more, which exact similarities may put before those that seemed better. */
  readonly wanted: number;
  readonly keep: Keep | undefined;
  readonly floor: number;
};

/** Bits of how far a query's part is from zero. */
const BITS = 3;
const FARTHEST = 2 ** BITS - 1;
/** Rows that are compared before it is reckoned how many more need be: at least, and for each wanted. */
const FIRST_MIN = 1_024;
const FIRST_FOR_EACH = 8;
/** When one in so many visible rows would be picked out, comparing all takes no longer. */
const PICKED_OF = 6;
/** How unlikely it is that a row's signs hide it, in standard deviations. */
const DEVIATIONS = 1.5;
/** How far a part is from zero on average, in a vector that was rotated at random, and the deviation of the rest. */
const SIGN_SHARE = Math.sqrt(2 / Math.PI);
const SIGN_REST = Math.sqrt(1 - 2 / Math.PI);

/**
 * Has the kernel find the best of many rows. Rows whose signs are near to the query's are compared by their bytes, from the
 * nearest on, until it is unlikely that one behind them is better than the last that is wanted. False when so many would have
 * to be compared that all may be.
 */
export function foundBySigns(
  slots: Slots,
  { runs, visible }: { readonly runs: readonly Run[]; readonly visible: number },
  { limit, wanted, keep, floor }: Wanted,
): boolean {
  const { kernel, floats } = slots;
  const query = queryOf(slots);
  const counts = countsOf(slots, runs, query.most);
  let last = Math.min(query.most, query.within(floor));
  let first = Math.max(FIRST_MIN, wanted * FIRST_FOR_EACH);
  let visits = 0;
  kernel.begin(PLACES.best, wanted);
  for (let least = 0; least <= last && visits < RECALL_LIMITS.keepVisitsMax;) {
    const enough = kernel.found() >= limit ? Infinity : first;
    let most = least;
    let rows = counts[least] ?? 0;
    while (most < last && rows < enough) rows += counts[(most += 1)] ?? 0;
    if (keep === undefined && rows * PICKED_OF > visible) return false;
    visits += compare(slots, runs, { least, most, keep });
    least = most + 1;
    first *= 4;
    // Scores are cosines in units of the query's rounding.
    if (kernel.found() >= limit)
      last = Math.min(last, query.within(query.unit * (floats[(PLACES.best >> 2) + (limit - 1) * 4] ?? 0)));
  }
  return true;
}

/** Leaves the query's signs and bits in the kernel's memory; says how its distances follow from similarities. */
function queryOf({ kernel, width, signBytes, signed8, ints }: Slots) {
  const peak = kernel.peak(PLACES.exactQuery, width);
  kernel.pack(PLACES.exactQuery, PLACES.packed, width, FARTHEST / peak, 0);
  const at = PLACES.signsQuery >> 2;
  const words = signBytes >> 2;
  ints.fill(0, at, at + words * (BITS + 1));
  let most = 0;
  for (let part = 0; part < width; part += 1) {
    const value = signed8[PLACES.packed + part] ?? 0;
    const size = Math.abs(value);
    const word = at + (part >> 5);
    const bit = 1 << (part & 31);
    most += size;
    if (value < 0) ints[word] = (ints[word] ?? 0) | bit;
    for (let n = 0; n < BITS; n += 1)
      if ((size >> n) & 1) ints[word + words * (n + 1)] = (ints[word + words * (n + 1)] ?? 0) | bit;
  }
  const step = (peak * Math.sqrt(width)) / FARTHEST;
  const doubt = DEVIATIONS * Math.sqrt(SIGN_REST ** 2 + step ** 2 / 12);
  /** The distance that a row of a similarity has at most, but for bad luck. */
  const within = (similarity: number): number =>
    Math.ceil((most - (SIGN_SHARE * similarity * Math.sqrt(width) - doubt) * (FARTHEST / peak)) / 2);
  return { most, within, unit: peak / 63 };
}

/** How many rows there are of each distance up to the most; each row's own is left in its scratch. */
function countsOf(slots: Slots, runs: readonly Run[], most: number): Int32Array {
  const histogram = PLACES.histogram >> 2;
  slots.ints.fill(0, histogram, histogram + most + 1);
  const distance = slots.kernel.distanceOf(slots.signBytes);
  for (const { slot, count } of runs) distance(slot, count, PLACES.signsQuery, PLACES.histogram);
  return slots.ints.slice(histogram, histogram + most + 1);
}

type Distances = { readonly least: number; readonly most: number; readonly keep: Keep | undefined };

/** Has the kept rows of some distances compared; how many there were before the filter. */
function compare(slots: Slots, runs: readonly Run[], { least, most, keep }: Distances): number {
  const { kernel } = slots;
  let visits = 0;
  for (let next = 0; next < runs.length;) {
    let length = 0;
    for (; next < runs.length; next += 1) {
      const run = runs[next];
      if (run === undefined || length + run.count > PLACES.listMax) break;
      length = kernel.collect(run.slot, run.count, least, most, PLACES.list, length, PLACES.listMax);
    }
    visits += length;
    kernel.gather(PLACES.list, keep === undefined ? length : sieved(slots, length, keep), PLACES.query);
  }
  return visits;
}

/** Leaves only the kept ones in the kernel's list of slots; how many. */
function sieved(slots: Slots, length: number, keep: Keep): number {
  const { ints } = slots;
  const list = PLACES.list >> 2;
  let kept = 0;
  for (let at = list; at < list + length; at += 1) {
    const slot = ints[at] ?? 0;
    if (!keep(slots.rowOf(slot))) continue;
    ints[list + kept] = slot;
    kept += 1;
  }
  return kept;
}
