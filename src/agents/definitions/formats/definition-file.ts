import { DECLARED_TRIGGERS_MAX, TriggerSpec } from "../../../kernel/triggers/trigger-spec.ts";
import * as z from "zod";
import { durationText, sizeText } from "../../../text/documents/index.ts";
import { Json } from "../../../kernel/json.ts";
import {
  AgentBudgetTable,
  ConversationTable,
  FreeTable,
  LlmTable,
  MemoryTable,
  OutputTable,
  PermissionsTable,
} from "../tables/definition-tables.ts";
import { ContextTable, LimitsTable } from "../tables/context-tables.ts";
import {
  AGENT_NAME,
  AGENTS_MAX,
  CAPABILITIES_MAX,
  CAPABILITY,
  DESCRIPTION_CHARS_MAX,
  kebab,
  MODEL,
  PARAMETER_NAME,
  SEMVER,
  TOOL_ENTRY,
  TOOLS_MAX,
  RUN_ISOLATIONS,
} from "../rules.ts";
import { MessagingTable, PromptTemplatesTable } from "../tables/messaging-tables.ts";
import { SecurityTable, ToolConfigTable } from "../tables/security-tables.ts";

const capability = z
  .string()
  .trim()
  .toLowerCase()
  .max(100)
  .superRefine((text, context) => {
    if (CAPABILITY.test(text)) return;
    const message = 'a capability is lower-case words with hyphens, such as "data-analysis"';
    const meant = kebab(text);
    const fix = `Write ${JSON.stringify(CAPABILITY.test(meant) ? meant : "data-analysis")}.`;
    context.addIssue({ code: "custom", message, params: { code: "BAD_FORMAT", fix } });
  })
  .meta({ pattern: CAPABILITY.source });

const toolEntry = z.string().regex(TOOL_ENTRY, {
  error: 'a tool is named by its server ("csv_parser"), or server and tool ("csv_parser.group"); "*" means all',
});

const agentNames = (description: string) =>
  z
    .array(z.string().regex(AGENT_NAME, { error: "expected the name of an agent" }))
    .max(AGENTS_MAX)
    .refine((list) => new Set(list.map((name) => name.toLowerCase())).size === list.length, {
      error: "an agent is listed twice",
    })
    .default([])
    .meta({ description, examples: [["researcher"]] });

const model = z
  .string()
  .regex(MODEL, { error: 'a model is written "provider/model"; the built-in one is "mock"' })
  .meta({ examples: ["openai/gpt-5-mini", "mock"] });

const date = z
  .string({ error: "expected a date such as 2026-11-20" })
  .regex(/^\d{4}-\d{2}-\d{2}([T ].*)?$/, { error: "expected a date such as 2026-11-20" });

const Execution = z
  .strictObject({
    max_steps: z
      .int()
      .min(1)
      .max(1_000)
      .optional()
      .meta({
        description: "Turns the model may take in one run; default 20",
        examples: [20],
      }),
    timeout: durationText({ minMs: 1_000, maxMs: 86_400_000 })
      .optional()
      .meta({
        description: "Longest time for a whole run",
        examples: ["10m"],
      }),
    isolation: z
      .enum(RUN_ISOLATIONS)
      .optional()
      .meta({
        description:
          "Isolation of runs: context (in the server process, with separate objects) or worker (each in its own worker thread, so that a run that hangs or uses too much memory fails alone). Default: runs.isolation of caxton.toml",
        examples: ["worker"],
      }),
  })
  .meta({ description: "Limits of a run" });

const Performance = z
  .strictObject({
    max_execution_time: durationText({ minMs: 1_000, maxMs: 86_400_000 })
      .optional()
      .meta({
        description: "The same as execution.timeout",
        examples: ["60s"],
      }),
    concurrent_tools: z
      .int()
      .min(1)
      .max(32)
      .optional()
      .meta({
        description: "Tool calls of one turn that run at the same time; default 3",
        examples: [3],
      }),
    max_memory_usage: sizeText()
      .optional()
      .meta({ examples: ["256MB"] }),
    context_preparation_timeout: durationText()
      .optional()
      .meta({ examples: ["100ms"] }),
    context_cache_ttl: durationText()
      .optional()
      .meta({ examples: ["300s"] }),
    cache_responses: z.boolean().optional(),
    preload_memory: z.boolean().optional(),
    lazy_tool_loading: z.boolean().optional().meta({ description: 'true is deferred_tools = ["*"]' }),
    optimize_prompts: z.boolean().optional(),
  })
  .meta({ description: "Work done at the same time" });

const inactive = z.unknown().optional();

/** A definition file's fields, as they are written. `agentSchema()` gives the same as JSON Schema. */
export const DefinitionFile = z.strictObject({
  name: z
    .string()
    .regex(AGENT_NAME, {
      error: "a name has 2 to 64 letters, digits, - _ or . and begins with a letter and ends with a letter or digit",
    })
    .meta({ description: "Unique in its workspace, without regard to case; kebab-case", examples: ["data-analyzer"] }),
  version: z
    .string({ error: (issue) => (issue.input === undefined ? undefined : 'a version is text, such as "1.0.0"') })
    .regex(SEMVER, { error: 'a version has three numbers, such as "1.0.0"' })
    .meta({ description: "Semantic version of this definition", examples: ["1.0.0"] }),
  description: z
    .string()
    .max(DESCRIPTION_CHARS_MAX)
    .default("")
    .meta({ description: "What the agent does, in one line", examples: ["Analyses CSV files and reports on them"] }),
  author: z.string().default(""),
  license: z
    .string()
    .default("")
    .meta({ examples: ["Apache-2.0"] }),
  tags: z.array(z.string()).default([]),
  created: date.default(""),
  updated: date.default(""),
  capabilities: z
    .array(capability)
    .min(1)
    .max(CAPABILITIES_MAX)
    .refine((list) => new Set(list).size === list.length, { error: "a capability is listed twice" })
    .meta({ description: "What others may ask this agent for", examples: [["data-analysis"]] }),
  requires: z
    .array(capability)
    .max(CAPABILITIES_MAX)
    .default([])
    .meta({ description: "Capabilities it needs of others" }),
  tools: z
    .array(toolEntry)
    .max(TOOLS_MAX)
    .default([])
    .meta({
      description: "Tools it may call: servers, or single tools of them",
      examples: [["csv_parser", "file_system.read_file"]],
    }),
  deferred_tools: z
    .array(toolEntry)
    .max(TOOLS_MAX)
    .default([])
    .meta({
      description:
        'Those of its tools whose descriptions the model gets only when it looks for them with find_tools; "*" is all. For agents with many tools.',
      examples: [["*"]],
    }),
  agents: agentNames("Agents that it may delegate to; each is a tool, agent_researcher"),
  handoffs: agentNames("Agents that it may hand a request off to; each is a tool, handoff_billing"),
  model: model.optional().meta({ description: "Short for llm.model", examples: ["openai/gpt-5-mini"] }),
  system_prompt: z
    .string()
    .min(1, { error: "the system prompt is empty", abort: true })
    .refine((text) => text.trim() !== "", { error: "the system prompt is empty" })
    .meta({
      description: "System prompt: instructions to the model about itself",
      examples: ["You are a careful data analyst."],
    }),
  user_prompt_template: z
    .string()
    .min(1)
    .default("{{request}}")
    .meta({ description: "The prompt of a run, with {{request}} and other variables", examples: ["{{request}}"] }),
  documentation: z.string().default("").meta({ description: "Markdown for people who use the agent" }),
  parameters: z
    .record(z.string().regex(PARAMETER_NAME, { error: "a parameter's name has letters, digits, _ and -" }), Json)
    .default({})
    .meta({
      description: "Values of your own; each is a variable of the templates",
      examples: [{ language: "English" }],
    }),
  llm: LlmTable.optional(),
  permissions: PermissionsTable.optional(),
  execution: Execution.optional(),
  performance: Performance.optional(),
  budget: AgentBudgetTable.optional(),
  context: ContextTable.optional(),
  limits: LimitsTable.optional(),
  memory: MemoryTable.optional(),
  memory_enabled: z.boolean().optional(),
  memory_scope: z.string().optional(),
  conversation: ConversationTable.optional(),
  tool_config: z
    .record(z.string(), ToolConfigTable)
    .optional()
    .meta({ description: "Restrictions for one tool server each" }),
  output: OutputTable.optional(),
  trigger: z
    .array(TriggerSpec)
    .max(DECLARED_TRIGGERS_MAX)
    .default([])
    .meta({ description: "What starts runs without a request: times, intervals, webhooks" }),
  conversation_settings: FreeTable,
  messaging: MessagingTable.optional(),
  prompt_templates: PromptTemplatesTable.optional(),
  capability_metadata: FreeTable,
  context_requirements: FreeTable,
  context_configuration: FreeTable,
  context_preferences: FreeTable,
  resource_limits: FreeTable,
  deployment: FreeTable,
  monitoring: FreeTable,
  provider_extensions: FreeTable,
  domain_specializations: z.array(z.string()).optional(),
  specialization_keywords: z.array(z.string()).optional(),
  primary_provider: z.string().optional(),
  secondary_provider: z.string().optional(),
  fallback_provider: z.string().optional(),
  runtime: inactive,
  module: inactive,
  skills: inactive,
  security: SecurityTable.optional(),
});
export type DefinitionFile = z.infer<typeof DefinitionFile>;
