import * as z from "zod";
import { JsonObject } from "../kernel/json.ts";
import { StepsMax } from "../kernel/quantities.ts";

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
});
export type AgentModel = z.infer<typeof AgentModel>;

/** An agent, as its file defined it: checked, and with every default filled in. Also the form in which stores keep it. */
export const AgentDefinition = z.object({
  name: z.string(),
  version: z.string(),
  description: z.string(),
  capabilities: z.array(z.string()),
  /** `server` or `server.tool`; `*` stands for every tool there is. */
  tools: z.array(z.string()),
  /** Those of `tools` that a model is told of only when it looks for them. */
  deferredTools: z.array(z.string()).default([]),
  systemPrompt: z.string(),
  userPromptTemplate: z.string(),
  documentation: z.string(),
  parameters: JsonObject,
  llm: AgentModel,
  maxSteps: StepsMax,
  /** For the whole run; undefined is the server's default. */
  timeoutMs: z.number().optional(),
  /** Tool calls of one turn that run at the same time. */
  toolsAtOnceMax: z.int(),
  author: z.string(),
  license: z.string(),
  tags: z.array(z.string()),
  created: z.string(),
  updated: z.string(),
});
export type AgentDefinition = z.infer<typeof AgentDefinition>;
