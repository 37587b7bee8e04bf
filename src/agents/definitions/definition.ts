import * as z from "zod";
import { ContextTable, LimitsTable } from "./tables/context-tables.ts";
import { BudgetTable } from "../budgets/index.ts";
import { JsonObject } from "../../kernel/json.ts";
import { TriggerSpec } from "../../kernel/triggers/trigger-spec.ts";
import { StepsMax } from "../../kernel/quantities.ts";
import { AgentMessaging } from "./tables/messaging-tables.ts";
import { ON_EXPIRY } from "../permissions/index.ts";
import { ON_MODEL_FAILURE, REASONING_EFFORTS, RUN_ISOLATIONS } from "./rules.ts";

/** Which model runs the agent, and how. What is undefined is the server's default. */
export const AgentModel = z.object({
  /** `provider/model`. */
  model: z.string().optional(),
  /** May hold `${env:NAME}`. */
  baseUrl: z.string().optional(),
  /** Always a reference, `${env:NAME}` or `${file:path}`; resolved only when the model is called. */
  apiKey: z.string().optional(),
  temperature: z.number().optional(),
  outputTokensMax: z.int().optional(),
  timeoutMs: z.number().optional(),
  /** Values may hold `${env:NAME}` and `${file:path}`. */
  headers: z.record(z.string(), z.string()),
  /** Which of OpenAI's protocols. */
  api: z.enum(["responses", "chat"]).optional(),
  reasoning: z.enum(REASONING_EFFORTS).optional(),
  /** Options of the provider, by its own names. */
  options: JsonObject.optional(),
  /** `provider/model` for other work than the agent's own. */
  roles: z
    .object({ routing: z.string().optional(), summarizing: z.string().optional(), embedding: z.string().optional() })
    .optional(),
  /** Fallback models, in this order. */
  fallback: z.array(z.string()).default([]),
  onFailure: z.enum(ON_MODEL_FAILURE).optional(),
  /** Whether the provider may keep the beginning of requests; undefined is yes. */
  promptCaching: z.boolean().optional(),
});

/** Rules for its calls of tools, beside the server's. What is undefined is the server's. */
export const AgentPermissions = z.object({
  deny: z.array(z.string()),
  allow: z.array(z.string()),
  ask: z.array(z.string()),
  /** Leaves out tools that change something. */
  readOnly: z.boolean().default(false),
  askDestructive: z.boolean(),
  expiresMs: z.number().optional(),
  onExpiry: z.enum(ON_EXPIRY).optional(),
  approvers: z.array(z.string()).optional(),
});
export type AgentPermissions = z.infer<typeof AgentPermissions>;

/** Restrictions of its tool calls for one tool server. */
const ServerRestrictions = z.object({
  domains: z.array(z.string()).optional(),
  timeoutMs: z.number().optional(),
  followsRedirects: z.boolean().optional(),
  redirectsMax: z.int().optional(),
  responseBytesMax: z.int().optional(),
  userAgent: z.string().optional(),
});

/** Restrictions of its tool calls, beside the grants and limits of tool servers. */
export const AgentRestrictions = z.object({
  /** Hosts, `*.host` for those below one; undefined does not restrict. */
  domains: z.array(z.string()).optional(),
  callTimeoutMs: z.number().optional(),
  /** Of one instance of a sandboxed tool server. */
  memoryBytesMax: z.int().optional(),
  network: z.boolean(),
  files: z.boolean(),
  /** By the name of the tool server. */
  servers: z.record(z.string(), ServerRestrictions),
});
export type AgentRestrictions = z.infer<typeof AgentRestrictions>;

/** What is looked up in memory before each run and put into its prompt, and what is remembered of each that completes. */
export const AgentMemory = z.object({
  /** How far it looks: `agent-only` its own, `workspace` also its workspace's, `global` everywhere, `conversation` there alone. */
  scope: z.enum(["agent-only", "workspace", "global", "conversation"]),
  /** Entities at most. */
  limit: z.int(),
  /** Undefined is the server's. */
  similarityMin: z.number().optional(),
  isSemantic: z.boolean(),
  /** If absent, nothing is remembered automatically. */
  keeps: z
    .object({
      /** Where it is written, whatever `scope` above says. */
      scope: z.enum(["agent-only", "workspace", "global", "conversation"]),
      /** Lines with any of these words are left out, in whatever case. */
      excludes: z.array(z.string()),
      /** The agent that takes facts out of what was kept; absent where none does. */
      extractor: z.string().optional(),
    })
    .optional(),
});
export type AgentMemory = z.infer<typeof AgentMemory>;

/** An agent, as its file defined it: checked, and with every default filled in. Also the form in which stores keep it. */
export const AgentDefinition = z.object({
  name: z.string(),
  version: z.string(),
  description: z.string(),
  capabilities: z.array(z.string()),
  /** `server` or `server.tool`; `*` stands for every tool there is. */
  tools: z.array(z.string()),
  /** Those of `tools` that a model gets only when it searches for them. */
  deferredTools: z.array(z.string()).default([]),
  /** Agents that it may delegate to. */
  agents: z.array(z.string()).default([]),
  /** Agents that it may hand a request off to. */
  handoffs: z.array(z.string()).default([]),
  systemPrompt: z.string(),
  userPromptTemplate: z.string(),
  documentation: z.string(),
  parameters: JsonObject,
  llm: AgentModel,
  /** JSON Schema of the answer; undefined is free text. */
  outputSchema: JsonObject.optional(),
  /** Absent where the file says nothing of them. */
  permissions: AgentPermissions.optional(),
  /** Absent where the file says nothing of them. */
  restrictions: AgentRestrictions.optional(),
  maxSteps: StepsMax,
  /** For the whole run; undefined is the server's default. */
  timeoutMs: z.number().optional(),
  /** How its runs are kept apart; undefined is the server's default. */
  isolation: z.enum(RUN_ISOLATIONS).optional(),
  /** Tool calls of one turn that run at the same time. */
  toolsAtOnceMax: z.int(),
  /** What one run, and all runs in one day, may use up. */
  budget: z.object({ run: BudgetTable, perDay: BudgetTable }).default({ run: {}, perDay: {} }),
  /** How its requests are kept within the model's window; what is absent is the server's default. */
  context: ContextTable.default({}),
  /** When a run is taken to go wrong. */
  limits: LimitsTable.default({}),
  /** What is recalled before a run; absent where nothing is. */
  memory: AgentMemory.optional(),
  /** How it takes part in conversations. */
  messaging: AgentMessaging.prefault({}),
  /** What starts its runs without a request. */
  triggers: z.array(TriggerSpec).default([]),
  author: z.string(),
  license: z.string(),
  tags: z.array(z.string()),
  created: z.string(),
  updated: z.string(),
});
export type AgentDefinition = z.infer<typeof AgentDefinition>;
