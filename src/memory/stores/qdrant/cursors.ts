import * as z from "zod";
import { MemoryCursorError } from "../../knowledge/index.ts";

/** Encodes the position of the last entry, in the format of the list. */
export const writeCursor = (letter: string, at: readonly unknown[]): string =>
  `${letter}${Buffer.from(JSON.stringify(at)).toString("base64url")}`;

/** Throws MemoryCursorError for what no page of the list gave out. */
export function readCursor<At>(letter: string, cursor: string, shape: z.ZodType<At>): At {
  try {
    const at = shape.safeParse(JSON.parse(Buffer.from(cursor.slice(1), "base64url").toString()));
    if (cursor.startsWith(letter) && at.success) return at.data;
  } catch {
    // It is refused below.
  }
  throw new MemoryCursorError(
    "the cursor is not one of this list",
    "Use `next` of the page before, or none for the first page.",
    { cursor: cursor.slice(0, 100) },
  );
}
