import * as z from "zod";

const Patterns = z.array(z.string()).optional();

/** What a stored grant is limited to. Strict: a limit that this version does not know must not widen the grant. */
export const StoredNarrowing = z.strictObject({ agents: Patterns, tools: Patterns, capabilities: Patterns });

/** Stored grants of a user. Strict for the same reason. */
export const StoredGrants = z.array(
  z.strictObject({ workspace: z.string(), role: z.string(), only: StoredNarrowing.optional() }),
);
