import * as z from "zod";
import { listIn } from "./lists.ts";
import { MemoryScope, Scopes, SCOPES_LISTED } from "./memory.ts";
import { ProblemDetails } from "./problem.ts";

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
    .meta({ description: `${SCOPES_LISTED}; all without` }),
  embeddings: flag("Also the vectors of what is searched, as base64 of 32-bit floats"),
  history: flag("Also what was withdrawn, and each change"),
});

export const ImportQuery = z.object({
  merge: z.enum(MEMORY_MERGES).default("update").meta({
    description:
      "What becomes of an entity or relation that is there: it gets what is new, it stays as it is, or the import ends",
  }),
  scope: MemoryScope.optional().meta({ description: "Where all of it goes; without, where it says, or the workspace" }),
  dry_run: flag("Say what would become of it, and write nothing"),
  source: z.string().max(256).optional().meta({ description: "What it is called, such as its file's name" }),
  key: z
    .string()
    .regex(/^[\w-]{1,128}$/)
    .optional()
    .meta({
      description: "The same for the same content, such as its hash: an import that was broken off is gone on with",
    }),
});

const Counts = z
  .object({
    created: z.int(),
    changed: z.int(),
    known: z.int().meta({ description: "Nothing of it was new" }),
    kept: z.int().meta({ description: "Another was there, and stays as it is" }),
  })
  .meta({ id: "MemoryImportCounts" });

const progress = {
  records: z.int().meta({ description: "Entities and relations read so far; all of them are in memory" }),
  entities: Counts,
  relations: Counts,
  problems: z.int(),
};

const ImportProblem = z.object({
  line: z.int().meta({ description: "Where it stands, from 1" }),
  code: z.string(),
  message: z.string(),
  hint: z.string(),
});

export const ImportReport = z
  .object({
    ...progress,
    resumed: z.int().meta({ description: "Records that an earlier attempt had imported" }),
    whole: z.boolean().meta({ description: "False when the export was cut off before its end" }),
    dry_run: z.boolean(),
    items: z.array(ImportProblem).meta({ description: "The first 1,000 of what could not be taken" }),
  })
  .meta({ id: "MemoryImportReport" });
export type MemoryImportReport = z.infer<typeof ImportReport>;

/** A line of the answer to an import that accepts application/x-ndjson; the last is `done` or `problem`. */
export const ImportEvent = z
  .discriminatedUnion("type", [
    z.object({
      type: z.literal("progress"),
      ...progress,
      bytes: z.int().meta({ description: "Bytes of the request's body that were read so far" }),
    }),
    z.object({ type: z.literal("done"), report: ImportReport }),
    z.object({ type: z.literal("problem"), problem: ProblemDetails }),
  ])
  .meta({ id: "MemoryImportEvent" });
export type MemoryImportEvent = z.infer<typeof ImportEvent>;
