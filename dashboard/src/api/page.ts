import type { RunState } from "../../../src/api/contract/index.ts";

/** A page of a list; `next` leads to the one after, null on the last. */
export type Page<Item> = { readonly items: readonly Item[]; readonly next: string | null };

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

/** Which runs a list holds: all, or those of an agent, in a state. */
export type RunFilter = { readonly agent?: string | undefined; readonly state?: RunState | undefined };
