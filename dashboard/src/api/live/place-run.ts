import type { RunSummary } from "../../../../src/api/contract/index.ts";
import { timesOf } from "../../search/time-range.ts";
import type { Page, RunFilter } from "../page.ts";

/** The pages of a list, newest first, with one run added, changed or removed as the filter says. */
export function placeRun(
  pages: readonly Page<RunSummary>[],
  run: RunSummary,
  { agent, state, tag, q, since, until }: RunFilter,
): readonly Page<RunSummary>[] {
  const times = timesOf({ since, until }, Date.now());
  const belongs =
    (agent === undefined || run.agent === agent) &&
    (state === undefined || run.state === state) &&
    (tag === undefined || run.tags.includes(tag)) &&
    (times.since === undefined || run.created_at >= times.since) &&
    (times.until === undefined || run.created_at < times.until);
  const known = pages.some((page) => page.items.some((item) => item.id === run.id));
  if (known) {
    return pages.map((page) => ({
      ...page,
      items: page.items.flatMap((item) => (item.id === run.id ? (belongs ? [run] : []) : [item])),
    }));
  }
  const [first, ...rest] = pages;
  const newest = first?.items[0];
  // Whether it has the words is unknown. Anything older than the first entry is on a page not loaded, or will be found there.
  if (
    !belongs ||
    q !== undefined ||
    first === undefined ||
    (newest !== undefined && run.created_at < newest.created_at)
  )
    return pages;
  return [{ ...first, items: [run, ...first.items] }, ...rest];
}
