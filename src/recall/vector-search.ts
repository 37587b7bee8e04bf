import { type Keep, RECALL_LIMITS, type Row } from "./row.ts";
import { PLACES, type Slots } from "./slots.ts";

/** Neighbouring slots inside one slab. */
export type Run = { readonly slot: number; readonly count: number };

type Visible = { readonly runs: readonly Run[]; readonly visible: number };

export type SearchBounds = {
  readonly limit: number;
  readonly keep: Keep | undefined;
  /** The least similarity of an answer. */
  readonly floor: number | undefined;
};
type Bounds = { readonly limit: number; readonly keep?: Keep | undefined; readonly floor?: number | undefined };
type Hit = { readonly row: Row; readonly similarity: number };

/** Up to this many bytes of visible rows all are compared (200,000 rows of 384); of more, the signs first. */
const COMPARED_BYTES_MAX = 200_000 * 384;
/** Rows of 384 whose bytes are compared after their signs: at least so many, or one in so many of the visible. */
const CANDIDATES_MIN = 1_000;
const CANDIDATE_OF = 300;
/** Fewer signs say less, so there are more candidates. */
const SIGNS = 384;
/** Rows past the limit whose similarity is reckoned exactly, since rounding may have put them behind. */
const SLACK = 22;
/** What the rounding of a query may add to a similarity. */
const ROUNDING = 0.02;

/** The best rows of the runs for the query that is in the kernel's memory. */
export function search(slots: Slots, { runs, visible }: Visible, bounds: Bounds): readonly Hit[] {
  const limit = Math.min(Math.floor(bounds.limit), RECALL_LIMITS.limitMax, visible);
  if (!(limit > 0)) return [];
  const finish = (found: readonly number[]) => exactly(slots, found, { ...bounds, limit });
  const wanted = limit + SLACK;
  const { keep } = bounds;
  const places = keep === undefined ? wanted : wanted * 4;
  if (visible * slots.width > COMPARED_BYTES_MAX) return finish(bySigns(slots, { runs, visible }, { wanted, keep }));
  if (places <= PLACES.bestMax) {
    const { kernel } = slots;
    kernel.begin(PLACES.best, places);
    for (const { slot, count } of runs) kernel.scan(slot, count, PLACES.query);
    const best = bestSlots(slots, keep);
    if (keep === undefined || kernel.found() === visible || best.length >= wanted) return finish(best);
  }
  return finish(byScores(slots, { runs, visible }, { wanted, keep, floor: bounds.floor }));
}

/** The slots that the kernel found best and that may be kept. */
function bestSlots({ kernel, ints }: Slots, keep: Keep | undefined): number[] {
  const found: number[] = [];
  for (let at = 0, count = kernel.found(); at < count; at += 1) {
    const entry = (PLACES.best >> 2) + at * 4;
    if (keep === undefined || keep(ints[entry + 2] ?? 0)) found.push(ints[entry + 1] ?? 0);
  }
  return found;
}

/** The exact similarities of some slots: sorted, cut. */
function exactly(slots: Slots, found: readonly number[], { limit, floor = -Infinity }: Bounds): readonly Hit[] {
  const hits: Hit[] = [];
  for (const slot of found) {
    const similarity = Math.min(1, Math.max(-1, slots.kernel.exact(slot, PLACES.exactQuery)));
    if (similarity >= floor) hits.push({ row: slots.rowOf(slot), similarity });
  }
  return hits.toSorted((one, other) => other.similarity - one.similarity || one.row - other.row).slice(0, limit);
}

type Wanted = { readonly wanted: number; readonly keep: Keep | undefined; readonly floor?: number | undefined };

const BINS = 2_048;

/** All scores first, then rows from the best down until enough are kept: for filters that let few through, and large limits. */
function byScores(slots: Slots, { runs, visible }: Visible, { wanted, keep, floor = -Infinity }: Wanted): number[] {
  const { kernel, floats } = slots;
  for (const { slot, count } of runs) kernel.score(slot, count, PLACES.query);
  // A score is a cosine in units of the query's rounding.
  const most = kernel.peak(PLACES.exactQuery, slots.width);
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

/** Those whose signs differ least from the query's, then the best of them by their bytes. */
function bySigns(slots: Slots, { runs, visible }: Visible, { wanted, keep }: Wanted): number[] {
  const { kernel, ints } = slots;
  const bins = slots.signBytes * 8 + 1;
  const histogram = PLACES.histogram >> 2;
  ints.fill(0, histogram, histogram + bins);
  const hamming = kernel.hammingOf(slots.signBytes);
  for (const { slot, count } of runs) hamming(slot, count, PLACES.signsQuery, PLACES.histogram);
  const counts = ints.slice(histogram, histogram + bins);
  const doubt = Math.max(1, SIGNS / slots.width);
  const enough = (rows: number) => Math.max(doubt * CANDIDATES_MIN, wanted * 4, (doubt * rows) / CANDIDATE_OF);
  const kept: number[] = [];
  let visits = 0;
  for (let least = 0; least < bins;) {
    // Distances are taken together until there are enough candidates, if all were kept as often as those before.
    const share = keep === undefined || visits === 0 ? 1 : Math.max(kept.length / visits, 1e-3);
    const missing = Math.max(enough(visible * share) - kept.length, 64) / share;
    let most = least;
    let rows = counts[most] ?? 0;
    while (most + 1 < bins && rows < missing) rows += counts[(most += 1)] ?? 0;
    for (let from = 0; from < runs.length;) {
      const listed = listOf(slots, runs, { from, least, most });
      from = listed.next;
      for (let at = 0; at < listed.length; at += 1) {
        const slot = ints[(PLACES.list >> 2) + at] ?? 0;
        visits += 1;
        if (keep === undefined || keep(slots.rowOf(slot))) kept.push(slot);
      }
      if (visits > RECALL_LIMITS.keepVisitsMax) break;
    }
    least = most + 1;
    const stop = visits > 0 && kept.length >= enough(visible * (kept.length / visits));
    if (stop || visits > RECALL_LIMITS.keepVisitsMax) break;
  }
  return nearest(slots, kept, wanted);
}

type Distances = { readonly from: number; readonly least: number; readonly most: number };

/** Fills the kernel's list with slots of the distances, from run `from` until it is full; says with which run to go on. */
function listOf({ kernel }: Slots, runs: readonly Run[], { from, least, most }: Distances) {
  let length = 0;
  let next = from;
  for (; next < runs.length; next += 1) {
    const run = runs[next];
    if (run === undefined || length + run.count > PLACES.listMax) break;
    length = kernel.collect(run.slot, run.count, least, most, PLACES.list, length, PLACES.listMax);
  }
  return { length, next };
}

function nearest(slots: Slots, candidates: readonly number[], wanted: number): number[] {
  const { kernel, ints } = slots;
  if (wanted > PLACES.bestMax) return [...candidates];
  kernel.begin(PLACES.best, wanted);
  for (let from = 0; from < candidates.length; from += PLACES.listMax) {
    const part = candidates.slice(from, from + PLACES.listMax);
    ints.set(part, PLACES.list >> 2);
    kernel.gather(PLACES.list, part.length, PLACES.query);
  }
  return bestSlots(slots, undefined);
}
