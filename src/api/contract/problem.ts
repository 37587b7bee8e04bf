import * as z from "zod";

/** An RFC 9457 problem. `code` is one of docs/errors.md; the CLI and the dashboard show the same words. */
export const ProblemDetails = z
  .object({
    type: z.string().meta({ description: "URL reference of the code's entry in the errors page" }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    hint: z.string().meta({ description: "Remedy; may be empty" }),
    request_id: z.string(),
    details: z.record(z.string(), z.unknown()),
    retry_after_ms: z
      .int()
      .optional()
      .meta({ description: "Delay before a retry can succeed; `Retry-After` has it in whole seconds" }),
  })
  .meta({ id: "Problem" });
export type ProblemDetails = z.infer<typeof ProblemDetails>;

/** One finding in a definition, manifest or configuration file. Lines and columns count from 1. */
export const FileProblem = z
  .object({
    severity: z.enum(["error", "warning"]),
    code: z.string(),
    path: z.string(),
    message: z.string(),
    fix: z.string(),
    file: z.string(),
    line: z.int(),
    column: z.int(),
    length: z.int(),
    alternatives: z.array(z.string()).optional(),
    rendered: z.string().meta({ description: "The problem with its source line and a caret, as plain text" }),
  })
  .meta({ id: "FileProblem" });
export type FileProblem = z.infer<typeof FileProblem>;

/** A page of a list; `next` goes into `?cursor=` for the page after, null on the last. */
export const page = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), next: z.string().nullable() });

const HANDLE_CHARS_MAX = 2_000;
/** Opaque text that only the server interprets: a client sends it back unchanged. */
export const Handle = z.string().max(HANDLE_CHARS_MAX);
export const Cursor = Handle.optional().meta({ description: "`next` of the previous page" });

export const ListQuery = z.object({
  cursor: Cursor,
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
