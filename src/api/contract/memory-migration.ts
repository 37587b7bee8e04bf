import * as z from "zod";
import { ProblemDetails } from "./problem.ts";

export const MEMORY_PLACES = ["embedded", "postgresql", "neo4j", "qdrant"] as const;
const Place = z.enum(MEMORY_PLACES);

export const MigrateBody = z
  .strictObject({
    from: Place.optional().meta({ description: "The place that is configured, unless given" }),
    to: Place,
    resume: z.boolean().default(false).meta({
      description: "Go on where an earlier one stopped; after a whole one, take over what was changed since",
    }),
    switch: z.boolean().default(false).meta({
      description:
        "When all is there, go over to it while the server goes on: changes wait a moment, and none is lost. Goes on with an earlier migration by itself",
    }),
  })
  .meta({ id: "MigrateMemory" });

const progress = {
  phase: z.enum(["entities", "relations", "changes"]),
  entities: z.int(),
  relations: z.int(),
  followed: z.int().meta({ description: "Changed since they were copied, and copied again" }),
  all: z.int().meta({ description: "Entities and relations of the old place" }),
};
const Part = z.object({ same: z.int(), all: z.int() });

export const MigrationReport = z
  .object({
    from: z.string(),
    to: z.string(),
    ...progress,
    scopes: Part.meta({ description: "With as many entities, facts and relations in both places" }),
    samples: Part.meta({ description: "Entities that are the same in both" }),
    queries: z.array(z.number()).meta({ description: "Of each question, the share of hits that both places find" }),
    consistency: z.number(),
    switched: z.boolean().meta({ description: "Whether the server uses the new place from now on" }),
    sound: z.boolean().meta({ description: "Whether the new place can be trusted with memory" }),
  })
  .meta({ id: "MemoryMigrationReport" });
export type MemoryMigrationReport = z.infer<typeof MigrationReport>;

/** Where memory is. */
export const Whereabouts = z
  .object({
    place: z.string().meta({ description: "Where it is now" }),
    configured: z.string().meta({ description: "What memory.backend says" }),
    came_from: z
      .object({ place: z.string(), at: z.iso.datetime() })
      .nullable()
      .meta({ description: "Where it was before it went over, while the old place is as it was then" }),
    migration: z
      .object({ from: z.string(), to: z.string(), progress: z.object(progress).nullable() })
      .nullable()
      .meta({ description: "The one under way" }),
  })
  .meta({ id: "MemoryWhereabouts" });
export type MemoryWhereabouts = z.infer<typeof Whereabouts>;

/** A line of the answer to a migration; the last is `done` or `problem`. */
export const MigrationEvent = z
  .discriminatedUnion("type", [
    z.object({ type: z.literal("progress"), ...progress }),
    z.object({ type: z.literal("done"), report: MigrationReport }),
    z.object({ type: z.literal("problem"), problem: ProblemDetails }),
  ])
  .meta({ id: "MemoryMigrationEvent" });
export type MemoryMigrationEvent = z.infer<typeof MigrationEvent>;
