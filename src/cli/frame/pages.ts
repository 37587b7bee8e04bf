import type * as z from "zod";
import { type Operation, requestPath } from "../../api/contract/index.ts";
import { isJsonObject, type Json } from "../../kernel/json.ts";
import type { Answer, Client, Query } from "../client/index.ts";

type Page<Item> = { readonly items: readonly Item[]; readonly next: string | null };
type Listed<Item> = {
  readonly path: string;
  readonly query: Query;
  readonly schema: z.ZodType<Page<Item>>;
  /** It narrows what may be much: pages without entries do not end it. */
  readonly isSparse?: boolean;
  /** The first page with entries is all, such as where a page has a bound of tokens. */
  readonly isOnePage?: boolean;
};

/** Path and schema of an operation that lists pages, without a filter. */
export const pagesOf = <Schema extends z.ZodType>(
  operation: Operation & { readonly output: Schema },
  params: object = {},
) => ({ path: requestPath(operation, params), query: {}, schema: operation.output });

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
    const query: Query = { ...list.query, limit, ...(next !== null && { cursor: next }) };
    const page: Answer<Page<Item>> = await client.request({ path: list.path, query, schema: list.schema });
    items.push(...page.value.items);
    const raw = isJsonObject(page.raw) ? page.raw["items"] : undefined;
    if (Array.isArray(raw)) rawItems.push(...raw);
    next = page.value.next;
    found = page.value.items.length;
    if (items.length === found && (next === null || items.length >= countMax)) return page;
  } while (next !== null && (found > 0 || list.isSparse) && items.length < (list.isOnePage ? 1 : countMax));
  return { value: { items, next }, raw: { items: rawItems, next } };
}
