import * as z from "zod";
import { HandleCodec } from "../../kernel/handles.ts";
import { MemoryCursorError } from "./errors.ts";

const position = z.tuple([z.int()]);

/** The last entry of a page. */
export const memoryCursors = {
  /** Name and id. */
  entities: new HandleCodec("ke", z.tuple([z.string(), z.uuid()])),
  /** Name and row. */
  entityRows: new HandleCodec("kn", z.tuple([z.string(), z.int()])),
  relations: new HandleCodec("kr", position),
  changes: new HandleCodec("kc", position),
} as const;

const offsets = new HandleCodec("ko", position);

/** Throws MemoryCursorError. */
export function readCursor<Parts extends readonly (number | string)[]>(
  codec: HandleCodec<Parts>,
  cursor: string | undefined,
): Parts | undefined {
  const parts = cursor === undefined ? undefined : codec.decode(cursor);
  if (cursor !== undefined && parts === undefined) throw foreignCursor(cursor);
  return parts;
}

export const writeOffset = (offset: number): string => offsets.encode(offset);

/** Returns the number of entries on earlier pages, less than `max`. Throws MemoryCursorError. */
export function readOffset(cursor: string | undefined, max: number): number {
  const [offset] = readCursor(offsets, cursor) ?? [0];
  if (cursor !== undefined && (offset === 0 || offset >= max)) throw foreignCursor(cursor);
  return offset;
}

const foreignCursor = (cursor: string): MemoryCursorError =>
  new MemoryCursorError(
    "the cursor is not from this list",
    "Use `next` of the previous page, or no cursor for the first page.",
    { cursor: cursor.slice(0, 100) },
  );
