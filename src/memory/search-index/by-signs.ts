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

/** What the query is from zero in all its parts together, as distances count it: those of rows that matter stay below 255. */
const WHOLE = 480;
const FARTHEST = 254;
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
  const counts = countsOf(slots, runs);
  let last = query.within(floor);
  let first = Math.max(FIRST_MIN, wanted * FIRST_FOR_EACH);
  let visits = 0;
  kernel.begin(PLACES.best, wanted);
  for (let least = 0; least <= Math.min(last, FARTHEST) && visits < RECALL_LIMITS.keepVisitsMax;) {
    const enough = kernel.found() >= limit ? Infinity : first;
    let most = least;
    let rows = counts[least] ?? 0;
    while (most < Math.min(last, FARTHEST) && rows < enough) rows += counts[(most += 1)] ?? 0;
    if (keep === undefined && rows * PICKED_OF > visible) return false;
    visits += compare(slots, runs, { least, most, keep });
    least = most + 1;
    first *= 4;
    // Scores are cosines in units of the query's rounding.
    if (kernel.found() >= limit)
      last = Math.min(last, query.within(query.unit * (floats[(PLACES.best >> 2) + (limit - 1) * 4] ?? 0)));
  }
  return last <= FARTHEST;
}

/** Leaves the table of distances in the kernel's memory; says how they follow from similarities. */
function queryOf({ kernel, width, signBytes, signed8, floats }: Slots) {
  const from = PLACES.exactQuery >> 2;
  let sum = 0;
  for (let part = 0; part < width; part += 1) sum += Math.abs(floats[from + part] ?? 0);
  const factor = WHOLE / sum;
  const bytes = new Uint8Array(signed8.buffer, PLACES.distances, signBytes * 32);
  const distances = new Float64Array(16);
  for (let four = 0; four < signBytes * 2; four += 1) {
    // Without a sign the parts below zero are the distance; each sign adds its part, which may be below zero.
    distances[0] = 0;
    for (let bit = 0; bit < 4; bit += 1) {
      const part = four * 4 + bit;
      const value = part < width ? (floats[from + part] ?? 0) * factor : 0;
      const without = 1 << bit;
      for (let signs = 0; signs < without; signs += 1) {
        const distance = distances[signs] ?? 0;
        distances[signs] = distance - Math.min(0, value);
        distances[signs + without] = distance + Math.max(0, value);
      }
    }
    for (let signs = 0; signs < 16; signs += 1)
      bytes[four * 16 + signs] = Math.min(255, Math.round(distances[signs] ?? 0));
  }
  // Each byte of the table is off by up to a half.
  const rounding = Math.sqrt((signBytes * 2) / 12) * 2;
  const doubt = DEVIATIONS * Math.hypot(SIGN_REST, rounding / factor);
  /** The distance that a row of a similarity has at most, but for bad luck. */
  const within = (similarity: number): number =>
    Math.ceil((WHOLE - (SIGN_SHARE * similarity * Math.sqrt(width) - doubt) * factor) / 2);
  return { within, unit: kernel.peak(PLACES.exactQuery, width) / 63 };
}

/** About how many rows there are of each distance; each row's own is left in its scratch. */
function countsOf({ kernel, ints }: Slots, runs: readonly Run[]): Int32Array {
  const histogram = PLACES.histogram >> 2;
  ints.fill(0, histogram, histogram + FARTHEST + 2);
  for (const { slot, count } of runs) kernel.distance(slot, count, PLACES.distances, PLACES.histogram);
  return ints.slice(histogram, histogram + FARTHEST + 1);
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
