import {
  type AgentRevision,
  type Agents,
  type AgentSummary,
  type DefinitionSource,
  type ServingAgent,
  summarise,
  TEMPLATES,
} from "../../agents/definitions/index.ts";
import type { Problem } from "../../text/documents/index.ts";
import type * as contract from "../contract/index.ts";
import { instant } from "./present-run.ts";
import { DEFAULT_WORKSPACE } from "./default-workspace.ts";

/** The definition file of an agent; `hash` is the sha256 of its text, hexadecimal. */
export type AgentFile = { readonly path: string; readonly source: string; readonly hash: string };

/** The definition files on the server's disk. */
export interface AgentFiles {
  /** Notes which file defines an agent. */
  remember(agent: string, path: string): void;
  /** Undefined where no file is known to define the agent, or it cannot be read. */
  of(agent: string): Promise<AgentFile | undefined>;
  /** Finds the file with exactly this text, and remembers it as the agent's. */
  find(agent: string, source: string): Promise<AgentFile | undefined>;
}

export type AgentServices = {
  readonly agents: Agents;
  readonly agentFiles: AgentFiles;
  /** A problem with its line and caret, as plain text. */
  readonly render: (problem: Problem, source: string) => string;
};

const presentSummary = (agent: AgentSummary, file: AgentFile | undefined): contract.AgentSummary => ({
  name: agent.name,
  workspace: agent.workspace,
  revision: agent.revision,
  version: agent.version,
  description: agent.description,
  capabilities: [...agent.capabilities],
  tools: [...agent.tools],
  model: agent.model ?? null,
  deployed_at: instant(agent.deployedAtMs),
  newest_revision: agent.newestRevision,
  state: agent.paused === undefined ? "active" : "paused",
  paused: agent.paused === undefined ? null : { since: instant(agent.paused.atMs), reason: agent.paused.reason },
  file: file === undefined ? null : { path: file.path, differs: file.hash !== agent.sourceHash },
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

async function presentRevision(
  services: AgentServices,
  agent: ServingAgent,
  warnings: readonly Problem[],
): Promise<contract.AgentDetail> {
  const { definition } = agent;
  const file = await services.agentFiles.of(agent.name);
  return {
    ...presentSummary(summarise(agent), file),
    file_source: file === undefined || file.hash === agent.sourceHash ? null : file.source,
    source: agent.source,
    format: agent.format,
    file_name: agent.fileName,
    source_hash: agent.sourceHash,
    documentation: definition.documentation,
    max_steps: definition.maxSteps,
    warnings: warnings.map((warning) => presentProblem(services, warning, agent.source)),
  };
}

const EXTENSIONS = { toml: "toml", markdown: "md", yaml: "yaml" };

const sourceOf = ({ source, file_name: fileName, format }: contract.DeployAgentBody): DefinitionSource => ({
  source,
  fileName: fileName ?? `agent.${EXTENSIONS[format ?? "toml"]}`,
  format,
});

/** Deploys one definition. Throws DefinitionInvalidError, DefinitionTooLargeError, NameConflictError. */
export async function deployAgent(
  services: AgentServices,
  body: contract.DeployAgentBody,
): Promise<contract.DeployOutcome> {
  const { type, revision, warnings } = await services.agents.deploy(DEFAULT_WORKSPACE, sourceOf(body));
  // A client may have read the text from the very file that the next start deploys.
  const file = await services.agentFiles.find(revision.name, revision.source);
  if (file) await services.agents.settleFile(DEFAULT_WORKSPACE, revision.name, file.hash);
  return { outcome: type, agent: await presentRevision(services, await withState(services, revision), warnings) };
}

/** Everything right and wrong with a definition; deploys nothing. */
export function validateAgent(services: AgentServices, body: contract.DeployAgentBody): contract.ValidationReport {
  const reading = services.agents.validate(sourceOf(body));
  return {
    valid: reading.type === "valid",
    name: reading.type === "valid" ? reading.definition.name : null,
    problems: reading.problems.map((problem) => presentProblem(services, problem, body.source)),
  };
}

export async function listAgents(
  { agents, agentFiles }: AgentServices,
  query: { readonly cursor?: string | undefined; readonly limit: number; readonly capability?: string | undefined },
): Promise<{ items: contract.AgentSummary[]; next: string | null }> {
  const page = await agents.list(DEFAULT_WORKSPACE, query);
  const items = page.items.map(async (agent) => presentSummary(agent, await agentFiles.of(agent.name)));
  return { items: await Promise.all(items), next: page.next ?? null };
}

/** Throws AgentNotFoundError, naming the nearest. */
export async function getAgent(services: AgentServices, name: string): Promise<contract.AgentDetail> {
  const revision = await services.agents.get(DEFAULT_WORKSPACE, name);
  const reading = services.agents.validate(revision);
  return presentRevision(services, revision, reading.problems);
}

export async function getAgentRevision(
  services: AgentServices,
  name: string,
  number: number,
): Promise<contract.AgentDetail> {
  const revision = await services.agents.revision(DEFAULT_WORKSPACE, name, number);
  return presentRevision(services, await withState(services, revision), []);
}

/** A revision with the state of its agent; a deleted agent counts as active. */
async function withState({ agents }: AgentServices, revision: AgentRevision): Promise<ServingAgent> {
  const serving = await agents.find(revision.workspace, revision.name);
  return {
    ...revision,
    paused: serving?.paused,
    newestRevision: serving?.newestRevision ?? revision.revision,
    fileHash: serving?.fileHash,
  };
}

/** Makes a stored revision the serving one. Throws AgentNotFoundError, RevisionNotFoundError. */
export async function activateAgent(
  services: AgentServices,
  name: string,
  revision: number,
): Promise<contract.AgentDetail> {
  return presentRevision(services, await services.agents.activate(DEFAULT_WORKSPACE, name, revision), []);
}

/** Makes the revision before the serving one the serving one. Throws AgentNotFoundError, NoEarlierRevisionError. */
export async function rollbackAgent(services: AgentServices, name: string): Promise<contract.AgentDetail> {
  return presentRevision(services, await services.agents.rollback(DEFAULT_WORKSPACE, name), []);
}

/** Pauses an agent; pausing it again changes nothing. Throws AgentNotFoundError. */
export async function pauseAgent(services: AgentServices, name: string, reason: string): Promise<contract.AgentDetail> {
  return presentRevision(services, await services.agents.pause(DEFAULT_WORKSPACE, name, reason), []);
}

/** Lets a paused agent take work again; an active one stays so. Throws AgentNotFoundError. */
export async function resumeAgent(services: AgentServices, name: string): Promise<contract.AgentDetail> {
  return presentRevision(services, await services.agents.resume(DEFAULT_WORKSPACE, name), []);
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
