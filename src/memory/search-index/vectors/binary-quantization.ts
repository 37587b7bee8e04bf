import { type RowFilter, RECALL_LIMITS } from "../row.ts";
import { HEADER_LAYOUT, type VectorSlab } from "./vector-slab.ts";

/** Consecutive slots of one slab. */
export type Run = { readonly slot: number; readonly count: number };

/** A search among the visible rows. */
export type SearchTarget = {
  readonly limit: number;
  /** The limit plus a reserve, because exact similarities can reorder the results. */
  readonly wanted: number;
  readonly keep: RowFilter | undefined;
  readonly floor: number;
};

/** Sum of the absolute components of the query in units of distances: distances of relevant rows stay below 255. */
const WHOLE = 480;
const FARTHEST = 254;
/** Rows compared before estimating how many more are necessary: a minimum, and per result. */
const FIRST_MIN = 1_024;
const FIRST_FOR_EACH = 8;
/** If the prefilter would select more than one in this many rows, comparing all is as fast. */
const PICKED_OF = 6;
/** Safety margin of the prefilter, in standard deviations. */
const DEVIATIONS = 1.5;
/** Mean absolute component of a randomly rotated vector, and the deviation of the rest. */
const SIGN_SHARE = Math.sqrt(2 / Math.PI);
const SIGN_REST = Math.sqrt(1 - 2 / Math.PI);

/**
 * Searches with a binary-quantization prefilter. Rows whose signs are closest to the query's are compared by their bytes, in order of
 * distance, until a better row is improbable. Returns false if so many rows would be compared that a full scan is as fast.
 */
export function binaryPrefilter(
  slots: VectorSlab,
  { runs, visible }: { readonly runs: readonly Run[]; readonly visible: number },
  { limit, wanted, keep, floor }: SearchTarget,
): boolean {
  const { kernel, floats } = slots;
  const query = queryOf(slots);
  const counts = countsOf(slots, runs);
  let last = query.within(floor);
  let first = Math.max(FIRST_MIN, wanted * FIRST_FOR_EACH);
  let visits = 0;
  kernel.begin(HEADER_LAYOUT.best, wanted);
  for (let least = 0; least <= Math.min(last, FARTHEST) && visits < RECALL_LIMITS.keepVisitsMax;) {
    const enough = kernel.found() >= limit ? Infinity : first;
    let most = least;
    let rows = counts[least] ?? 0;
    while (most < Math.min(last, FARTHEST) && rows < enough) rows += counts[(most += 1)] ?? 0;
    if (keep === undefined && rows * PICKED_OF > visible) return false;
    visits += compare(slots, runs, { least, most, keep });
    least = most + 1;
    first *= 4;
    // Scores are cosines in units of the query's quantization.
    if (kernel.found() >= limit)
      last = Math.min(last, query.within(query.unit * (floats[(HEADER_LAYOUT.best >> 2) + (limit - 1) * 4] ?? 0)));
  }
  return last <= FARTHEST;
}

/** Writes the table of distances to the kernel's memory; returns how distances follow from similarities. */
function queryOf({ kernel, width, signBytes, signed8, floats }: VectorSlab) {
  const from = HEADER_LAYOUT.exactQuery >> 2;
  let sum = 0;
  for (let part = 0; part < width; part += 1) sum += Math.abs(floats[from + part] ?? 0);
  const factor = WHOLE / sum;
  const bytes = new Uint8Array(signed8.buffer, HEADER_LAYOUT.distances, signBytes * 32);
  const distances = new Float64Array(16);
  for (let four = 0; four < signBytes * 2; four += 1) {
    // Without a sign the negative components are the distance; each sign adds its component, which may be negative.
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
  // Each byte of the table is rounded by up to one half.
  const rounding = Math.sqrt((signBytes * 2) / 12) * 2;
  const doubt = DEVIATIONS * Math.hypot(SIGN_REST, rounding / factor);
  /** Maximum distance of a row with this similarity, within the safety margin. */
  const within = (similarity: number): number =>
    Math.ceil((WHOLE - (SIGN_SHARE * similarity * Math.sqrt(width) - doubt) * factor) / 2);
  return { within, unit: kernel.peak(HEADER_LAYOUT.exactQuery, width) / 63 };
}

/** Counts rows by distance, approximately; leaves each row's distance in its scratch byte. */
function countsOf({ kernel, ints }: VectorSlab, runs: readonly Run[]): Int32Array {
  const histogram = HEADER_LAYOUT.histogram >> 2;
  ints.fill(0, histogram, histogram + FARTHEST + 2);
  for (const { slot, count } of runs) kernel.distance(slot, count, HEADER_LAYOUT.distances, HEADER_LAYOUT.histogram);
  return ints.slice(histogram, histogram + FARTHEST + 1);
}

type Distances = { readonly least: number; readonly most: number; readonly keep: RowFilter | undefined };

/** Compares the rows in a range of distances that pass the filter; returns their number before the filter. */
function compare(slots: VectorSlab, runs: readonly Run[], { least, most, keep }: Distances): number {
  const { kernel } = slots;
  let visits = 0;
  for (let next = 0; next < runs.length;) {
    let length = 0;
    for (; next < runs.length; next += 1) {
      const run = runs[next];
      if (run === undefined || length + run.count > HEADER_LAYOUT.listMax) break;
      length = kernel.collect(run.slot, run.count, least, most, HEADER_LAYOUT.list, length, HEADER_LAYOUT.listMax);
    }
    visits += length;
    kernel.gather(HEADER_LAYOUT.list, keep === undefined ? length : sieved(slots, length, keep), HEADER_LAYOUT.query);
  }
  return visits;
}

/** Filters the kernel's list of slots in place; returns its new length. */
function sieved(slots: VectorSlab, length: number, keep: RowFilter): number {
  const { ints } = slots;
  const list = HEADER_LAYOUT.list >> 2;
  let kept = 0;
  for (let at = list; at < list + length; at += 1) {
    const slot = ints[at] ?? 0;
    if (!keep(slots.rowOf(slot))) continue;
    ints[list + kept] = slot;
    kept += 1;
  }
  return kept;
}
