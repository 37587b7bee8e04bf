import * as z from "zod";
import { listIn } from "../lists.ts";
import { MemoryScope, Scopes, SCOPES_LISTED } from "./memory.ts";
import { ProblemDetails } from "../problem.ts";

const flag = (description: string) =>
  z
    .enum(["true", "false"])
    .default("false")
    .transform((text) => text === "true")
    .meta({ description });

export const MEMORY_FORMATS = ["json", "jsonl", "mcp"] as const;
export const MEMORY_MERGES = ["update", "skip", "error"] as const;

export const ExportQuery = z.object({
  format: z.enum(MEMORY_FORMATS).default("json").meta({
    description:
      "json: one document; jsonl: a line for each entity and relation; mcp: the lines of the reference memory server of the Model Context Protocol, of one scope",
  }),
  scopes: z
    .string()
    .optional()
    .transform((text) => (text === undefined ? undefined : listIn(text)))
    .pipe(Scopes.optional())
    .meta({ description: `${SCOPES_LISTED}. Default: all scopes` }),
  embeddings: flag("Include vectors, as base64 of 32-bit floats"),
  history: flag("Include withdrawn observations and all changes"),
});

export const ImportQuery = z.object({
  merge: z.enum(MEMORY_MERGES).default("update").meta({
    description:
      "Existing entities and relations: update adds new facts, skip leaves them unchanged, error ends the import",
  }),
  scope: MemoryScope.optional().meta({
    description: "Scope of all imported records. Default: the scope of each record, else the workspace",
  }),
  dry_run: flag("Report the effect without writing"),
  source: z.string().max(256).optional().meta({ description: "Name of the source, for example its file name" }),
  key: z
    .string()
    .regex(/^[\w-]{1,128}$/)
    .optional()
    .meta({
      description: "Key of the content, for example its hash; an interrupted import with the same key is resumed",
    }),
});

const Counts = z
  .object({
    created: z.int(),
    changed: z.int(),
    unchanged: z.int().meta({ description: "No change: memory contained every fact" }),
    skipped: z.int().meta({ description: "An existing record stays unchanged" }),
  })
  .meta({ id: "MemoryImportCounts" });

const progress = {
  records: z.int().meta({ description: "Entities and relations read so far; all of them are in memory" }),
  entities: Counts,
  relations: Counts,
  problems: z.int(),
};

const ImportProblem = z.object({
  line: z.int().meta({ description: "Line number, from 1" }),
  code: z.string(),
  message: z.string(),
  hint: z.string(),
});

export const ImportReport = z
  .object({
    ...progress,
    resumed: z.int().meta({ description: "Records that an earlier attempt imported" }),
    whole: z.boolean().meta({ description: "False if the export is truncated" }),
    dry_run: z.boolean(),
    items: z.array(ImportProblem).meta({ description: "The first 1,000 problems" }),
  })
  .meta({ id: "MemoryImportReport" });
export type MemoryImportReport = z.infer<typeof ImportReport>;

/** A line of the answer to an import that accepts application/x-ndjson; the last is `done` or `problem`. */
export const ImportEvent = z
  .discriminatedUnion("type", [
    z.object({
      type: z.literal("progress"),
      ...progress,
      bytes: z.int().meta({ description: "Bytes of the request body read so far" }),
    }),
    z.object({ type: z.literal("done"), report: ImportReport }),
    z.object({ type: z.literal("problem"), problem: ProblemDetails }),
  ])
  .meta({ id: "MemoryImportEvent" });
export type MemoryImportEvent = z.infer<typeof ImportEvent>;
