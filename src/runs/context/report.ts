import * as z from "zod";

const Count = z.int().min(0);

/** Action on a part of a request. */
export const CONTEXT_ACTIONS = ["included", "shortened", "deduplicated", "summarized", "dropped"] as const;
export const WINDOW_ORIGINS = ["model", "agent", "default", "refused"] as const;

export const ContextPart = z.object({
  /** `system prompt`, `tools`, `task`, `turns 3–9` … */
  what: z.string(),
  tokens: Count,
  action: z.enum(CONTEXT_ACTIONS),
  why: z.string(),
});
export type ContextPart = z.infer<typeof ContextPart>;

/**
 * Content of one request to a model, and why: a few lines, however long the dialogue is, since it names turns by
 * ranges. The next request starts at its two truncation points, so that a shortened part stays shortened.
 */
export const ContextReport = z.object({
  /** Tokens of request and answer together that were reckoned with. */
  window: Count,
  /** Source of the window: the model, the definition, the server's default, or a refusal of the provider. */
  windowFrom: z.enum(WINDOW_ORIGINS),
  /** Of these, kept free for the answer. */
  reserve: Count,
  /** About what the request takes. */
  estimate: Count,
  /** By how much more than estimated the provider counted in the turn before; the estimate is not corrected, the room is. */
  correction: z.number(),
  /** Results of turns up to this one are shortened; 0 means none. */
  shortenedThrough: Count,
  /** Turns up to this one are summarized or left out; 0 means none. */
  coveredThrough: Count,
  /** Whether the model was given less than there is. */
  degraded: z.boolean(),
  parts: z.array(ContextPart),
  /** Warnings to the model about its own behavior, for example that it repeats itself. */
  warnings: z.array(z.string()),
});
export type ContextReport = z.infer<typeof ContextReport>;
export type WindowOrigin = ContextReport["windowFrom"];
