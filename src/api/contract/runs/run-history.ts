import * as z from "zod";
import { Json, JsonObject } from "../../../kernel/json.ts";
import { RunSummary, Step } from "./runs.ts";

export const Difference = z
  .object({ what: z.string().meta({ description: "Name of the protocol, for people" }), a: Json, b: Json })
  .meta({ id: "Difference" });
export type Difference = z.infer<typeof Difference>;

export const RunDiff = z
  .object({
    a: RunSummary,
    b: RunSummary,
    same: z.boolean().meta({ description: "Whether the runs are equal except for ids and times" }),
    differences: z.array(Difference).meta({ description: "Differences of the runs as a whole" }),
    steps: z.array(
      z.object({
        a: Step.nullable(),
        b: Step.nullable(),
        differences: z.array(Difference).meta({ description: "Empty if they are equal, or one is absent" }),
      }),
    ),
  })
  .meta({ id: "RunDiff" });
export type RunDiff = z.infer<typeof RunDiff>;

/** An event of an export: of whatever type, its long texts perhaps replaced by references. */
export const ExportedEvent = z.looseObject({ type: z.string(), content: JsonObject.optional() });

/** What `docs/guides/runs.md` describes; a reader leaves out event types it does not know. */
export const RunExport = z
  .object({
    format: z.literal("caxton.run"),
    version: z.literal(1),
    exported_at: z.iso.datetime(),
    server: z.string().meta({ description: "Version of the server that wrote it" }),
    run: RunSummary,
    journal: z
      .array(z.object({ seq: z.int(), at: z.iso.datetime(), event: JsonObject }))
      .meta({ description: "Every event in order; long texts of an event's content are references into contents" }),
    contents: z
      .record(z.string(), z.string())
      .meta({ description: "Texts by their SHA-256 in base64url; $text refers to a text, $content to its JSON value" }),
    history: z
      .record(z.string(), z.string())
      .optional()
      .meta({ description: "Earlier turns of its thread by run, as JSON, for a replay on another server" }),
    artifacts: z
      .array(
        z.object({
          id: z.string(),
          name: z.string(),
          media_type: z.string(),
          bytes: z.int(),
          data: z.string().nullable().meta({ description: "The file in base64; null if omitted" }),
        }),
      )
      .meta({ description: "Files that the run created" }),
  })
  .meta({ id: "RunExport" });
export type RunExport = z.infer<typeof RunExport>;

export const ExportQuery = z.object({
  artifacts: z
    .enum(["true", "false"])
    .default("false")
    .meta({ description: "Whether it contains the files that the run created" }),
});

export const ReplayQuery = z.object({
  revision: z
    .union([z.literal("latest"), z.coerce.number().int().min(1)])
    .optional()
    .meta({ description: "Revision of the agent, or `latest`. Default: the revision of the run." }),
});

export const ReplayReport = z
  .object({
    same: z.boolean().meta({ description: "Whether the replay is equal except for ids and times" }),
    compared: z.int().meta({ description: "Number of events compared with the recording" }),
    divergences: z.array(
      z.object({
        turn: z.int().nullable().meta({ description: "Turn of the model; null for the request" }),
        event: z.string(),
        tool: z.string().nullable(),
        field: z.string().meta({ description: "Path within the event; empty for the whole event" }),
        recorded: Json,
        replayed: Json,
        reason: z.string(),
      }),
    ),
    stopped: z.string().nullable().meta({ description: "Reason of an early end; null if it ended regularly" }),
  })
  .meta({ id: "ReplayReport" });
export type ReplayReport = z.infer<typeof ReplayReport>;
