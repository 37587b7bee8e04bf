import type { HandleCodec } from "../../kernel/handles.ts";
import { decodeHandle } from "./handles.ts";

/** Decodes the cursor of a query. Throws RequestInvalidError. */
export const decodeCursor = <Parts extends readonly (number | string)[]>(
  codec: HandleCodec<Parts>,
  cursor: string | undefined,
): Parts | undefined => (cursor === undefined ? undefined : decodeHandle(codec, cursor, "cursor"));

/** Divides rows, one more than `limit` if there are more, into a page and the cursor of the next. */
export function pageOf<Row>(
  rows: readonly Row[],
  limit: number,
  cursorAfter: (last: Row) => string,
): { readonly rows: readonly Row[]; readonly next: string | null } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { rows: page, next: rows.length > limit && last !== undefined ? cursorAfter(last) : null };
}

const BATCH = 500;
const BATCHES_MAX = 20;

/**
 * Returns a page of the rows that a limited grant covers. Reads at most 10,000 rows; then the page is short, and its cursor
 * continues after the last row that was read.
 */
export async function coveredPage<Row>(
  read: (after: Row | undefined, limit: number) => readonly Row[] | Promise<readonly Row[]>,
  isCovered: (row: Row) => boolean,
  { limit, cursorAfter }: { readonly limit: number; readonly cursorAfter: (last: Row) => string },
): Promise<{ readonly rows: readonly Row[]; readonly next: string | null }> {
  const rows: Row[] = [];
  let after: Row | undefined;
  for (let count = 0; count < BATCHES_MAX; count += 1) {
    const batch = await read(after, BATCH);
    rows.push(...batch.filter(isCovered));
    if (rows.length > limit || batch.length < BATCH) return pageOf(rows, limit, cursorAfter);
    after = batch.at(-1);
  }
  return { rows, next: after === undefined ? null : cursorAfter(after) };
}

type PageQuery = { readonly cursor?: string | undefined; readonly limit: number };

/** Returns one page of a list in memory that is ordered by a key. Throws RequestInvalidError. */
export function pageByKey<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  { cursor, limit }: PageQuery,
  codec: HandleCodec<[string]>,
): { items: Item[]; next: string | null } {
  const [after] = decodeCursor(codec, cursor) ?? [];
  const rest = after === undefined ? items : items.filter((item) => keyOf(item) > after);
  const { rows, next } = pageOf(rest, limit, (last) => codec.encode(keyOf(last)));
  return { items: [...rows], next };
}

/** Returns what `read` reads of a store whose cursors are texts, with opaque cursors. Throws RequestInvalidError. */
export async function pageOfStore<Query extends PageQuery, Item>(
  codec: HandleCodec<[string]>,
  query: Query,
  read: (query: Query) => Promise<{ readonly items: readonly Item[]; readonly next: string | undefined }>,
): Promise<{ readonly items: readonly Item[]; readonly next: string | null }> {
  const [cursor] = decodeCursor(codec, query.cursor) ?? [];
  const { items, next } = await read({ ...query, cursor });
  return { items, next: next === undefined ? null : codec.encode(next) };
}
