import type { RunState } from "../../../src/api/contract/index.ts";
import type { TimeRange } from "../search/time-range.ts";

/** A page of a list; `next` leads to the one after, null on the last. */
export type Page<Item> = { readonly items: readonly Item[]; readonly next: string | null };

type PageRequest = { readonly pageParam: string; readonly signal: AbortSignal };

/** Options of an infinite query that reads a list page after page. */
export const pagesFrom = <Read extends Pick<Page<unknown>, "next">>(
  read: (cursor: string | undefined, signal: AbortSignal) => Promise<Read>,
) => ({
  queryFn: ({ pageParam, signal }: PageRequest) => read(pageParam === "" ? undefined : pageParam, signal),
  initialPageParam: "",
  getNextPageParam: (last: Read) => last.next,
});

/** The first `max` entries of a list, or all, page after page. */
export async function entriesOf<Item>(
  read: (cursor: string | undefined) => Promise<Page<Item>>,
  max: number = Number.POSITIVE_INFINITY,
): Promise<readonly Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const page = await read(cursor);
    items.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined && items.length < max);
  return items;
}

/** Which runs a list holds: all, or those of an agent, in a state, with a tag or words, of a time. */
export type RunFilter = TimeRange & {
  readonly agent?: string | undefined;
  readonly state?: RunState | undefined;
  readonly tag?: string | undefined;
  readonly q?: string | undefined;
};
