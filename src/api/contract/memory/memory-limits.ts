import * as z from "zod";

/** What of memory is bounded, and how much of it there is. */
export const LimitUses = z
  .array(
    z.object({
      what: z.enum(["entities", "vectors"]).meta({
        description:
          "entities: all scopes' together; vectors: those that searches of the embedded memory have room for",
      }),
      used: z.int(),
      max: z.int(),
      near: z.boolean().meta({
        description:
          "80 % of it or more is used; at `max` no new entity is taken, and what has no room for its vectors is found by words alone",
      }),
    }),
  )
  .meta({ id: "MemoryLimitUses" });
