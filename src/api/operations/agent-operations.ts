import { type AgentRevision, type Agents, type AgentSummary, TEMPLATES } from "../../agents/index.ts";
import type { Problem } from "../../documents/index.ts";
import type * as contract from "../contract/index.ts";
import { instant } from "./present-run.ts";
import { DEFAULT_WORKSPACE } from "./run-operations.ts";

export type AgentServices = {
  readonly agents: Agents;
  /** A problem with its line and caret, as plain text. */
  readonly render: (problem: Problem, source: string) => string;
};

const presentSummary = (agent: AgentSummary): contract.AgentSummary => ({
  name: agent.name,
  workspace: agent.workspace,
  revision: agent.revision,
  version: agent.version,
  description: agent.description,
  capabilities: [...agent.capabilities],
  tools: [...agent.tools],
  model: agent.model ?? null,
  deployed_at: instant(agent.deployedAtMs),
});

const presentProblem = ({ render }: AgentServices, problem: Problem, source: string): contract.FileProblem => ({
  severity: problem.severity,
  code: problem.code,
  path: problem.path,
  message: problem.message,
  fix: problem.fix,
  file: problem.file,
  line: problem.line,
  column: problem.column,
  length: problem.length,
  ...(problem.alternatives ? { alternatives: [...problem.alternatives] } : {}),
  rendered: render(problem, source),
});

function presentRevision(
  services: AgentServices,
  agent: AgentRevision,
  warnings: readonly Problem[],
): contract.AgentDetail {
  const { definition } = agent;
  return {
    ...presentSummary({
      ...agent,
      description: definition.description,
      capabilities: definition.capabilities,
      tools: definition.tools,
      model: definition.llm.model,
    }),
    source: agent.source,
    format: agent.format,
    file_name: agent.fileName,
    source_hash: agent.sourceHash,
    documentation: definition.documentation,
    max_steps: definition.maxSteps,
    warnings: warnings.map((warning) => presentProblem(services, warning, agent.source)),
  };
}

/** Deploys one definition. Throws DefinitionInvalidError, DefinitionTooLargeError, NameConflictError. */
export async function deployAgent(
  services: AgentServices,
  { source, file_name: fileName }: { readonly source: string; readonly file_name: string },
): Promise<contract.DeployOutcome> {
  const { type, revision, warnings } = await services.agents.deploy(DEFAULT_WORKSPACE, { source, fileName });
  return { outcome: type, agent: presentRevision(services, revision, warnings) };
}

/** Everything right and wrong with a definition; deploys nothing. */
export function validateAgent(
  services: AgentServices,
  { source, file_name: fileName }: { readonly source: string; readonly file_name: string },
): contract.ValidationReport {
  const reading = services.agents.validate({ source, fileName });
  return {
    valid: reading.type === "valid",
    name: reading.type === "valid" ? reading.definition.name : null,
    problems: reading.problems.map((problem) => presentProblem(services, problem, source)),
  };
}

export async function listAgents(
  { agents }: AgentServices,
  query: { readonly cursor?: string | undefined; readonly limit: number; readonly capability?: string | undefined },
): Promise<{ items: contract.AgentSummary[]; next: string | null }> {
  const page = await agents.list(DEFAULT_WORKSPACE, query);
  return { items: page.items.map(presentSummary), next: page.next ?? null };
}

/** Throws AgentNotFoundError, naming the nearest. */
export async function getAgent(services: AgentServices, name: string): Promise<contract.AgentDetail> {
  const revision = await services.agents.get(DEFAULT_WORKSPACE, name);
  const reading = services.agents.validate({ source: revision.source, fileName: revision.fileName });
  return presentRevision(services, revision, reading.problems);
}

export async function getAgentRevision(
  services: AgentServices,
  name: string,
  number: number,
): Promise<contract.AgentDetail> {
  return presentRevision(services, await services.agents.revision(DEFAULT_WORKSPACE, name, number), []);
}

export async function listRevisions(
  { agents }: AgentServices,
  name: string,
  query: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<{ items: contract.RevisionSummary[]; next: string | null }> {
  const page = await agents.revisions(DEFAULT_WORKSPACE, name, query);
  const items = page.items.map(({ revision, version, sourceHash, fileName, deployedAtMs }) => ({
    revision,
    version,
    source_hash: sourceHash,
    file_name: fileName,
    deployed_at: instant(deployedAtMs),
  }));
  return { items, next: page.next ?? null };
}

/** Takes an agent away; runs that began with it go on. Throws AgentNotFoundError. */
export async function deleteAgent({ agents }: AgentServices, name: string): Promise<void> {
  await agents.get(DEFAULT_WORKSPACE, name);
  await agents.delete(DEFAULT_WORKSPACE, name);
}

/** Definitions to begin with, whole. */
export const listTemplates = (): { items: contract.TemplateSummary[]; next: null } => ({
  items: TEMPLATES.map(({ name, description, source }) => ({ name, description, source })),
  next: null,
});
