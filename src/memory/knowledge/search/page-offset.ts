import { MemoryCursorError } from "../errors.ts";

export const writeOffset = (offset: number): string => `o${offset}`;

/** Returns the number of entries on earlier pages, less than `max`. Throws MemoryCursorError. */
export function readOffset(cursor: string | undefined, max: number): number {
  if (cursor === undefined) return 0;
  const offset = Number(/^o(\d{1,16})$/u.exec(cursor)?.[1]);
  if (offset > 0 && offset < max) return offset;
  throw new MemoryCursorError(
    "the cursor is not from this list",
    "Use `next` of the previous page, or no cursor for the first page.",
    { cursor: cursor.slice(0, 100) },
  );
}
