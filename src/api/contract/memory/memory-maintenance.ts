import * as z from "zod";
import { MemoryScope } from "./memory.ts";
import { page } from "../problem.ts";

export const Snapshot = z
  .object({
    name: z.string(),
    kind: z.enum(["scheduled", "manual", "replaced", "damaged"]).meta({
      description:
        "scheduled: created automatically; manual: created by a user; replaced: memory before a restore; damaged: unreadable memory before a restore, kept in `snapshots/` of the data directory until something is forgotten",
    }),
    at: z.iso.datetime(),
    bytes: z.int(),
  })
  .meta({ id: "MemorySnapshot" });
export type MemorySnapshot = z.infer<typeof Snapshot>;
export const SnapshotPage = page(Snapshot).meta({ id: "MemorySnapshotPage" });

export const RestoreBody = z
  .strictObject({
    confirm: z.literal(true, { error: "confirm must be true: memory is replaced by the snapshot" }),
  })
  .meta({ id: "RestoreMemorySnapshot" });
export const Restored = z.object({ restored: Snapshot, replaced: Snapshot }).meta({ id: "MemoryRestored" });

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
  .strictObject({
    dry_run: z.boolean().default(false).meta({ description: "Report what would be deleted, and delete nothing" }),
  })
  .meta({ id: "PruneMemory" });
export const Pruned = z
  .object({
    dry_run: z.boolean(),
    action: z.enum(["delete", "archive"]),
    entities: z.int(),
    relations: z
      .int()
      .meta({ description: "Relations deleted on their own; those deleted with their entities are not counted" }),
    items: z.array(
      z.object({
        scope: MemoryScope,
        reason: z.enum(["age", "confidence", "strength", "count", "relation-strength"]).meta({
          description:
            "Of entities: exceeded age; low confidence; low strength; least recently changed beyond the maximum count. Of relations: low strength",
        }),
        entities: z.int(),
        relations: z.int(),
        examples: z.array(z.string()).meta({ description: "At most five names" }),
      }),
    ),
    archive: z.string().nullable().meta({ description: "File with the archived entities" }),
    more: z.boolean().meta({ description: "Whether more are due; one pass deletes at most 10,000" }),
  })
  .meta({ id: "MemoryPruned" });
export type MemoryPruned = z.infer<typeof Pruned>;
