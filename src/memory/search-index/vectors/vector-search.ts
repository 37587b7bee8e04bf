import { binaryPrefilter, type Run } from "./binary-quantization.ts";
import { type RowFilter, RECALL_LIMITS, type Row } from "../row.ts";
import { HEADER_LAYOUT, type VectorSlab } from "./vector-slab.ts";

type Visible = { readonly runs: readonly Run[]; readonly visible: number };

export type SearchBounds = {
  readonly limit: number;
  readonly keep: RowFilter | undefined;
  /** The least similarity of an answer. */
  readonly floor: number | undefined;
  /** All rows are compared, however many. */
  readonly isExact: boolean | undefined;
};
type Bounds = {
  readonly limit: number;
  readonly keep?: RowFilter | undefined;
  readonly floor?: number | undefined;
  readonly isExact?: boolean | undefined;
};
type Hit = { readonly row: Row; readonly similarity: number };

/** Up to this many bytes of visible rows (20,000 rows of 384) all are compared; of more, those whose signs are near. */
const COMPARED_BYTES_MAX = 20_000 * 384;
/** Rows past the limit whose similarity is reckoned exactly, since rounding may have put them behind. */
const SLACK = 22;
/** What the rounding of a query may add to a similarity. */
const ROUNDING = 0.02;

/** The best rows of the runs for the query that is in the kernel's memory. */
export function search(slots: VectorSlab, { runs, visible }: Visible, bounds: Bounds): readonly Hit[] {
  const limit = Math.min(Math.floor(bounds.limit), RECALL_LIMITS.limitMax, visible);
  if (!(limit > 0)) return [];
  const finish = (found: readonly number[]) => exactly(slots, found, { ...bounds, limit });
  const wanted = limit + SLACK;
  const { keep, floor = -Infinity } = bounds;
  const places = keep === undefined ? wanted : wanted * 4;
  if (bounds.isExact !== true && visible * slots.width > COMPARED_BYTES_MAX && wanted <= HEADER_LAYOUT.bestMax) {
    const isFound = binaryPrefilter(slots, { runs, visible }, { limit, wanted, keep, floor: floor - ROUNDING });
    if (isFound) return finish(bestSlots(slots, undefined));
  }
  if (places <= HEADER_LAYOUT.bestMax) {
    const { kernel } = slots;
    kernel.begin(HEADER_LAYOUT.best, places);
    for (const { slot, count } of runs) kernel.scan(slot, count, HEADER_LAYOUT.query);
    const best = bestSlots(slots, keep);
    if (keep === undefined || kernel.found() === visible || best.length >= wanted) return finish(best);
  }
  return finish(byScores(slots, { runs, visible }, { wanted, keep, floor }));
}

/** The slots that the kernel found best and that may be kept. */
function bestSlots({ kernel, ints }: VectorSlab, keep: RowFilter | undefined): number[] {
  const found: number[] = [];
  for (let at = 0, count = kernel.found(); at < count; at += 1) {
    const entry = (HEADER_LAYOUT.best >> 2) + at * 4;
    if (keep === undefined || keep(ints[entry + 2] ?? 0)) found.push(ints[entry + 1] ?? 0);
  }
  return found;
}

/** The exact similarities of some slots: sorted, cut. */
function exactly(slots: VectorSlab, found: readonly number[], { limit, floor = -Infinity }: Bounds): readonly Hit[] {
  const hits: Hit[] = [];
  for (const slot of found) {
    const similarity = Math.min(1, Math.max(-1, slots.kernel.exact(slot, HEADER_LAYOUT.exactQuery)));
    if (similarity >= floor) hits.push({ row: slots.rowOf(slot), similarity });
  }
  return hits.toSorted((one, other) => other.similarity - one.similarity || one.row - other.row).slice(0, limit);
}

type Wanted = { readonly wanted: number; readonly keep: RowFilter | undefined; readonly floor: number };

const BINS = 2_048;

/** All scores first, then rows from the best down until enough are kept: for filters that let few through, and large limits. */
function byScores(slots: VectorSlab, { runs, visible }: Visible, { wanted, keep, floor }: Wanted): number[] {
  const { kernel, floats } = slots;
  for (const { slot, count } of runs) kernel.score(slot, count, HEADER_LAYOUT.query);
  // A score is a cosine in units of the query's rounding.
  const most = kernel.peak(HEADER_LAYOUT.exactQuery, slots.width);
  const unit = most / 63;
  const binOf = (score: number) => Math.min(BINS - 1, Math.max(0, Math.floor((1.05 - score * unit) * (BINS / 2.1))));
  const starts = new Int32Array(BINS + 1);
  for (const { slot, count } of runs) {
    const from = slots.scoresAt(slot);
    for (let at = from; at < from + count; at += 1) {
      const bin = binOf(floats[at] ?? 0) + 1;
      starts[bin] = (starts[bin] ?? 0) + 1;
    }
  }
  for (let bin = 1; bin <= BINS; bin += 1) starts[bin] = (starts[bin] ?? 0) + (starts[bin - 1] ?? 0);
  const order = new Int32Array(visible);
  const next = starts.slice();
  for (const { slot, count } of runs) {
    const from = slots.scoresAt(slot);
    for (let at = 0; at < count; at += 1) {
      const bin = binOf(floats[from + at] ?? 0);
      const to = next[bin] ?? 0;
      order[to] = slot + at;
      next[bin] = to + 1;
    }
  }
  const lastBin = binOf((floor - ROUNDING) / unit);
  const found: number[] = [];
  let visits = 0;
  for (let bin = 0; bin <= lastBin && found.length < wanted; bin += 1) {
    for (let at = starts[bin] ?? 0, end = starts[bin + 1] ?? 0; at < end; at += 1) {
      const slot = order[at] ?? 0;
      if ((visits += 1) > RECALL_LIMITS.keepVisitsMax) return found;
      if (keep === undefined || keep(slots.rowOf(slot))) found.push(slot);
    }
  }
  return found;
}
