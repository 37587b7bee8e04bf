import * as z from "zod";
import { ProblemDetails } from "../problem.ts";

export const MEMORY_BACKENDS = ["embedded", "postgresql", "neo4j", "qdrant"] as const;
const Backend = z.enum(MEMORY_BACKENDS);

export const MigrateBody = z
  .strictObject({
    from: Backend.optional().meta({ description: "Source backend. Default: the backend in use" }),
    to: Backend,
    resume: z.boolean().default(false).meta({
      description: "Resume an interrupted migration; after a complete one, copy later changes",
    }),
    cutover: z.boolean().default(false).meta({
      description:
        "Use the new backend once everything is copied, without a restart; writes are blocked briefly and none is lost. Resumes an earlier migration",
    }),
  })
  .meta({ id: "MigrateMemory" });

const progress = {
  phase: z.enum(["entities", "relations", "changes"]),
  entities: z.int(),
  relations: z.int(),
  followed: z.int().meta({ description: "Records changed since they were copied, and copied again" }),
  all: z.int().meta({ description: "Entities and relations in the old backend" }),
};
const Part = z.object({ same: z.int(), all: z.int() });

export const MigrationReport = z
  .object({
    from: z.string(),
    to: z.string(),
    ...progress,
    scopes: Part.meta({ description: "Scopes with equal counts of entities, facts and relations in both backends" }),
    samples: Part.meta({ description: "Sampled entities that are equal in both backends" }),
    queries: z.array(z.number()).meta({ description: "For each test query, the share of hits found in both backends" }),
    consistency: z.number(),
    cut_over: z.boolean().meta({ description: "Whether the server now uses the new backend" }),
    sound: z.boolean().meta({ description: "Whether the comparison found the new backend consistent" }),
  })
  .meta({ id: "MemoryMigrationReport" });
export type MemoryMigrationReport = z.infer<typeof MigrationReport>;

/** The backend of memory. */
export const Location = z
  .object({
    backend: z.string().meta({ description: "Backend in use" }),
    configured: z.string().meta({ description: "Value of memory.backend" }),
    previous_backend: z
      .object({ backend: z.string(), at: z.iso.datetime() })
      .nullable()
      .meta({ description: "Backend before the last switch, while the old one is unchanged since" }),
    migration: z
      .object({ from: z.string(), to: z.string(), progress: z.object(progress).nullable() })
      .nullable()
      .meta({ description: "The running migration" }),
  })
  .meta({ id: "MemoryLocation" });
export type MemoryLocation = z.infer<typeof Location>;

/** A line of the answer to a migration; the last is `done` or `problem`. */
export const MigrationEvent = z
  .discriminatedUnion("type", [
    z.object({ type: z.literal("progress"), ...progress }),
    z.object({ type: z.literal("done"), report: MigrationReport }),
    z.object({ type: z.literal("problem"), problem: ProblemDetails }),
  ])
  .meta({ id: "MemoryMigrationEvent" });
export type MemoryMigrationEvent = z.infer<typeof MigrationEvent>;
