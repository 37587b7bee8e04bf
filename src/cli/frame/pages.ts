import type { GivenTo, Operation } from "../../api/contract/index.ts";
import { isJsonObject, type Json } from "../../kernel/json.ts";
import type { Answer, Client } from "../client/index.ts";
import type { Context } from "./context.ts";
import { type Listing, showList } from "./show.ts";

type Page<Item> = { readonly items: readonly Item[]; readonly next: string | null };
type PagePlace = { readonly limit: number; readonly cursor?: string };
type Listed<Item> = {
  readonly page: (client: Client, at: PagePlace) => Promise<Answer<Page<Item>>>;
  /** It narrows what may be much: pages without entries do not end it. */
  readonly isSparse?: boolean;
  /** The first page with entries is all, such as where a page has a bound of tokens. */
  readonly isOnePage?: boolean;
};

/** The requests of an operation that lists pages. */
export const pagesOf = <Op extends Operation>(operation: Op, input: GivenTo<Op>) => ({
  page: (client: Client, at: PagePlace) => client.call(operation, Object.assign({}, input, at)),
});

const PAGE_SIZE_MAX = 200;

/**
 * The first `countMax` entries of a list, in as many requests as it takes, as one document like that of a page. A page without
 * entries ends it unless it is sparse, though there may be more: the server scanned many rows and returns the next cursor.
 */
export async function listUpTo<Item>(
  client: Client,
  list: Listed<Item>,
  countMax: number,
): Promise<Answer<Page<Item>>> {
  const items: Item[] = [];
  const rawItems: Json[] = [];
  let next: string | null = null;
  let found = 0;
  do {
    const limit = Math.min(PAGE_SIZE_MAX, countMax - items.length);
    const page: Answer<Page<Item>> = await list.page(client, { limit, ...(next !== null && { cursor: next }) });
    items.push(...page.value.items);
    const raw = isJsonObject(page.raw) ? page.raw["items"] : undefined;
    if (Array.isArray(raw)) rawItems.push(...raw);
    next = page.value.next;
    found = page.value.items.length;
    if (items.length === found && (next === null || items.length >= countMax)) return page;
  } while (next !== null && (found > 0 || list.isSparse) && items.length < (list.isOnePage ? 1 : countMax));
  return { value: { items, next }, raw: { items: rawItems, next } };
}

type PagedListing<Item> = Pick<Listing<Item>, "columns" | "name" | "empty"> & {
  readonly limit: number;
  /** Name of the entries that a higher limit adds; default: "more". */
  readonly more?: string;
};

/** Prints the first `limit` entries of a list in the format asked for. */
export async function showPages<Item>(
  context: Context,
  list: Listed<Item>,
  { limit, more = "more", ...listing }: PagedListing<Item>,
): Promise<void> {
  const { raw, value } = await listUpTo(context.client, list, limit);
  const footer = value.next === null ? "" : `${more}: --limit ${limit * 2}`;
  await showList(context, { ...listing, raw, items: value.items, footer });
}
