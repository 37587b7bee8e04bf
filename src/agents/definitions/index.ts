export { type PromptMessage, showsHistory } from "./prompts/act-prompts.ts";
export { AGENT_SCHEMA_ID, agentSchema } from "./agent-schema.ts";
export {
  type AgentCandidate,
  type AgentQuery,
  type AgentRevision,
  type Activation,
  type AgentStore,
  type AgentSummary,
  type Deployed,
  type Deployer,
  type Deployment,
  type Page,
  type PageQuery,
  type Paused,
  type RevisionSummary,
  type ServingAgent,
  type StateChange,
  nameKey,
  summarize,
} from "./agent-store.ts";
export {
  type AgentsDeps,
  type DefinitionSource,
  type DeployResult,
  type FileDeployResult,
  type PreparedAgent,
  Agents,
} from "./agents.ts";
export { type DefinitionTemplate, findTemplate, TEMPLATES } from "./catalogue.ts";
export { type Converted, convertDefinition } from "./formats/convert.ts";
export { ContextTable, LimitsTable } from "./tables/context-tables.ts";
export { exposesSecret } from "./tables/definition-tables.ts";
export { type AgentMemory, type AgentModel, AgentDefinition } from "./definition.ts";
export {
  AgentNotFoundError,
  AgentPausedError,
  DefinitionInvalidError,
  DefinitionTooLargeError,
  NameConflictError,
  PromptRenderError,
  RevisionNotFoundError,
  TemplateNotFoundError,
  VariableUnknownError,
} from "./errors.ts";
export { type AgentMessaging } from "./tables/messaging-tables.ts";
export { triggerProblem } from "./tables/trigger-problem.ts";
export { type Prompt, type PromptVariables, compilePrompt } from "./prompts/prompt.ts";
export {
  type DefinitionFormat,
  type ReadOptions,
  type Reading,
  DEFINITION_FORMATS,
  formatOf,
  readDefinition,
} from "./reading.ts";
export {
  type OnModelFailure,
  type ReasoningEffort,
  type RunIsolation,
  ON_MODEL_FAILURE,
  REASONING_EFFORTS,
  RUN_ISOLATIONS,
} from "./rules.ts";
export { firstRequest, type ScaffoldFile, scaffold } from "./scaffold.ts";
export type { KnownTools } from "./semantics.ts";
export { parseTemplate } from "./prompts/template.ts";
export type { PromptFile } from "./prompts/template-value.ts";
export { type ContextSettings, DEFAULT_CONTEXT, STRATEGIES, type Strategy } from "./tables/context-settings.ts";
