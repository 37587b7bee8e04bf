import * as z from "zod";
import { FileProblem, ListQuery, page } from "../problem.ts";

const Instant = z.iso.datetime();

export const WhenBusy = z.enum(["queue", "steer", "interrupt", "reject"]);
export type WhenBusy = z.infer<typeof WhenBusy>;

export const DefinitionFormat = z.enum(["toml", "markdown", "yaml"]);

export const DeployAgentBody = z
  .strictObject({
    source: z.string().meta({ description: "The definition file's text" }),
    file_name: z.string().max(400).optional().meta({
      description:
        "File name in error messages; its extension sets the format. Default: agent.toml, or the extension of `format`",
    }),
    format: DefinitionFormat.optional().meta({ description: "Default: by the extension of `file_name`" }),
  })
  .meta({ id: "DeployAgent" });
export type DeployAgentBody = z.input<typeof DeployAgentBody>;

export const AgentSummary = z
  .object({
    name: z.string(),
    workspace: z.string(),
    revision: z.int(),
    version: z.string(),
    description: z.string(),
    capabilities: z.array(z.string()),
    tools: z.array(z.string()),
    model: z.string().nullable().meta({ description: "null: the server's default" }),
    deployed_at: Instant,
    file: z
      .object({
        path: z.string(),
        differs: z.boolean().meta({ description: "Whether its text differs from the serving revision" }),
      })
      .nullable()
      .meta({ description: "The definition file in the agents directory; null: none is known" }),
    newest_revision: z.int().meta({ description: "Greater than `revision` after a rollback" }),
    state: z.enum(["active", "paused"]).meta({ description: "paused: accepts no new runs; its messages are queued" }),
    paused: z
      .object({ since: Instant, reason: z.string() })
      .nullable()
      .meta({ description: "null: the agent is active" }),
  })
  .meta({ id: "AgentSummary" });
export type AgentSummary = z.infer<typeof AgentSummary>;

export const AgentDetail = AgentSummary.extend({
  source: z.string(),
  file_source: z.string().nullable().meta({ description: "Text of the file, if it differs" }),
  format: DefinitionFormat,
  file_name: z.string(),
  source_hash: z.string(),
  documentation: z.string(),
  max_steps: z.int(),
  when_busy: WhenBusy.meta({ description: "Default for messages that are sent to its threads during a turn" }),
  agents: z.array(z.string()).meta({ description: "Agents that it may delegate to" }),
  handoffs: z.array(z.string()).meta({ description: "Agents that it may hand a request off to" }),
  warnings: z.array(FileProblem),
}).meta({ id: "Agent" });
export type AgentDetail = z.infer<typeof AgentDetail>;

export const ActivateAgentBody = z.strictObject({ revision: z.int().min(1) }).meta({ id: "ActivateAgent" });
export const PauseAgentBody = z.strictObject({ reason: z.string().max(500).default("") }).meta({ id: "PauseAgent" });

export const DeployOutcome = z
  .object({ outcome: z.enum(["created", "updated", "unchanged"]), agent: AgentDetail })
  .meta({ id: "DeployOutcome" });
export type DeployOutcome = z.infer<typeof DeployOutcome>;

export const ValidationReport = z
  .object({ valid: z.boolean(), name: z.string().nullable(), problems: z.array(FileProblem) })
  .meta({ id: "ValidationReport" });
export type ValidationReport = z.infer<typeof ValidationReport>;

export const AgentPage = page(AgentSummary).meta({ id: "AgentPage" });
export const AgentQuery = ListQuery.extend({ capability: z.string().optional() });

export const RevisionSummary = z
  .object({
    revision: z.int(),
    version: z.string(),
    source_hash: z.string(),
    file_name: z.string(),
    deployed_at: Instant,
  })
  .meta({ id: "RevisionSummary" });
export type RevisionSummary = z.infer<typeof RevisionSummary>;
export const RevisionPage = page(RevisionSummary).meta({ id: "RevisionPage" });

export const TemplateSummary = z
  .object({
    name: z.string(),
    description: z.string(),
    source: z.string().meta({ description: "The whole definition" }),
  })
  .meta({ id: "Template" });
export const TemplateList = z.object({ items: z.array(TemplateSummary), next: z.null() }).meta({ id: "TemplateList" });
