import { MemoryCursorError } from "./errors.ts";

/** Writes the position of a page of a list: a name, and the entity's id or row. */
export const writeListCursor = (at: readonly [name: string, entity: string | number]): string =>
  `l${Buffer.from(JSON.stringify(at)).toString("base64url")}`;

/** Reads a position that is a number. Throws MemoryCursorError. */
export function readNumberCursor(cursor: string): number {
  const n = Number(/^n(\d{1,15})$/u.exec(cursor)?.[1]);
  if (Number.isNaN(n)) throw foreignCursor(cursor);
  return n;
}

export const foreignCursor = (cursor: string): MemoryCursorError =>
  new MemoryCursorError(
    "the cursor is not one of this list",
    "Use `next` of the page before, or none for the first page.",
    { cursor: cursor.slice(0, 100) },
  );
