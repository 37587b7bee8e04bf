import * as z from "zod";

const TAGS_MAX = 20;
const TAG_CHARS_MAX = 64;

const Tag = z.string().min(1).max(TAG_CHARS_MAX);
export const Tags = z.array(Tag).max(TAGS_MAX);

const SEARCH_CHARS_MAX = 200;

/** Filters of lists of runs and threads. */
export const search = (where: string) =>
  z
    .string()
    .min(1)
    .max(SEARCH_CHARS_MAX)
    .refine((text) => !text.includes("\0"), "a search contains no NUL")
    .optional()
    .meta({
      description: `Words that ${where} contains, all of them; a phrase in quotes; the newest 5,000 matches count`,
    });
export const TagFilter = Tag.optional().meta({ description: "Only those with this tag" });
export const timeRange = (event: string) => ({
  since: z.iso
    .datetime({ offset: true })
    .optional()
    .meta({ description: `Only those ${event} at this time or later` }),
  until: z.iso
    .datetime({ offset: true })
    .optional()
    .meta({ description: `Only those ${event} before this time` }),
});
