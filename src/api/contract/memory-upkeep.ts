import * as z from "zod";
import { MemoryScope } from "./memory.ts";
import { page } from "./problem.ts";

export const Snapshot = z
  .object({
    name: z.string(),
    kind: z.enum(["scheduled", "manual", "replaced", "damaged"]).meta({
      description:
        "scheduled: made by itself; manual: by somebody; replaced: what a restored one took the place of; damaged: the same of a memory that could not be read, in `snapshots/` of the data directory until something is forgotten",
    }),
    at: z.iso.datetime(),
    bytes: z.int(),
  })
  .meta({ id: "MemorySnapshot" });
export type MemorySnapshot = z.infer<typeof Snapshot>;
export const SnapshotPage = page(Snapshot).meta({ id: "MemorySnapshotPage" });
export type MemorySnapshotPage = z.infer<typeof SnapshotPage>;

export const RestoreBody = z
  .strictObject({
    confirm: z.literal(true, { error: "confirm must be true: memory becomes what it was then" }),
  })
  .meta({ id: "RestoreMemorySnapshot" });
export const Restored = z.object({ restored: Snapshot, replaced: Snapshot }).meta({ id: "MemoryRestored" });
export type MemoryRestored = z.infer<typeof Restored>;

export const CheckBody = z
  .strictObject({ repair: z.boolean().default(false).meta({ description: "Repair derived data" }) })
  .meta({ id: "CheckMemory" });
export const Checked = z
  .object({
    backend: z.string(),
    items: z.array(
      z.object({
        what: z.string(),
        hint: z.string(),
        repaired: z.boolean(),
        pending: z.boolean().meta({ description: "A temporary state, no error; `what` names its end" }),
      }),
    ),
  })
  .meta({ id: "MemoryChecked" });
export type MemoryChecked = z.infer<typeof Checked>;

/** A line of the answer to `reindex`; the last is one in which `done` is `all`. */
export const Reindexed = z.object({ done: z.int(), all: z.int() }).meta({ id: "MemoryReindexed" });

export const PruneBody = z
  .strictObject({ dry_run: z.boolean().default(false).meta({ description: "Say what would go, and leave it" }) })
  .meta({ id: "PruneMemory" });
export const Pruned = z
  .object({
    dry_run: z.boolean(),
    action: z.enum(["delete", "archive"]),
    entities: z.int(),
    relations: z
      .int()
      .meta({ description: "That go by themselves; those that go with their entities are not counted" }),
    items: z.array(
      z.object({
        scope: MemoryScope,
        reason: z.enum(["age", "confidence", "strength", "count", "relation-strength"]).meta({
          description:
            "Of entities: not changed for too long; too little confidence; too little strength; the longest unchanged of too many. Of relations: too little strength",
        }),
        entities: z.int(),
        relations: z.int(),
        examples: z.array(z.string()).meta({ description: "Five names at most" }),
      }),
    ),
    archive: z.string().nullable().meta({ description: "The file that what went was written to" }),
    more: z.boolean().meta({ description: "10,000 go in one pass at most; there are more" }),
  })
  .meta({ id: "MemoryPruned" });
export type MemoryPruned = z.infer<typeof Pruned>;
