import {
  type AgentRevision,
  type Agents,
  type AgentSummary,
  type DefinitionSource,
  type ServingAgent,
  summarise,
  TEMPLATES,
} from "../../../agents/definitions/index.ts";
import type { Problem } from "../../../text/documents/index.ts";
import type * as contract from "../../contract/index.ts";
import { operations } from "../../contract/index.ts";
import { implement } from "../perform.ts";
import { instant } from "../runs/present-run.ts";
import { DEFAULT_WORKSPACE } from "../default-workspace.ts";

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

/** Throws DefinitionInvalidError, DefinitionTooLargeError, NameConflictError. */
const deploy = implement(operations.agent.deploy, async (services: AgentServices, body) => {
  const { type, revision, warnings } = await services.agents.deploy(DEFAULT_WORKSPACE, sourceOf(body));
  // A client may have read the text from the very file that the next start deploys.
  const file = await services.agentFiles.find(revision.name, revision.source);
  if (file) await services.agents.settleFile(DEFAULT_WORKSPACE, revision.name, file.hash);
  return { outcome: type, agent: await presentRevision(services, await withState(services, revision), warnings) };
});

/** Reports every problem of a definition. */
const validate = implement(operations.agent.validate, (services: AgentServices, body) => {
  const reading = services.agents.validate(sourceOf(body));
  return {
    valid: reading.type === "valid",
    name: reading.type === "valid" ? reading.definition.name : null,
    problems: reading.problems.map((problem) => presentProblem(services, problem, body.source)),
  };
});

const list = implement(operations.agent.list, async ({ agents, agentFiles }: AgentServices, query) => {
  const page = await agents.list(DEFAULT_WORKSPACE, query);
  const items = page.items.map(async (agent) => presentSummary(agent, await agentFiles.of(agent.name)));
  return { items: await Promise.all(items), next: page.next ?? null };
});

/** Throws AgentNotFoundError with the most similar name. */
const get = implement(operations.agent.get, async (services: AgentServices, { name }) => {
  const revision = await services.agents.get(DEFAULT_WORKSPACE, name);
  const reading = services.agents.validate(revision);
  return presentRevision(services, revision, reading.problems);
});

/** Throws AgentNotFoundError. */
const revisions = implement(operations.agent.revisions, async ({ agents }: AgentServices, { name, ...query }) => {
  const page = await agents.revisions(DEFAULT_WORKSPACE, name, query);
  const items = page.items.map((each) => ({
    revision: each.revision,
    version: each.version,
    source_hash: each.sourceHash,
    file_name: each.fileName,
    deployed_at: instant(each.deployedAtMs),
  }));
  return { items, next: page.next ?? null };
});

/** Throws AgentNotFoundError, RevisionNotFoundError. */
const revision = implement(operations.agent.revision, async (services: AgentServices, { name, revision: number }) => {
  const found = await services.agents.revision(DEFAULT_WORKSPACE, name, number);
  return presentRevision(services, await withState(services, found), []);
});

/** Throws AgentNotFoundError, RevisionNotFoundError. */
const activate = implement(operations.agent.activate, async (services: AgentServices, { name, revision: number }) =>
  presentRevision(services, await services.agents.activate(DEFAULT_WORKSPACE, name, number), []),
);

/** Throws AgentNotFoundError, NoEarlierRevisionError. */
const rollback = implement(operations.agent.rollback, async (services: AgentServices, { name }) =>
  presentRevision(services, await services.agents.rollback(DEFAULT_WORKSPACE, name), []),
);

/** Pausing a paused agent changes nothing. Throws AgentNotFoundError. */
const pause = implement(operations.agent.pause, async (services: AgentServices, { name, reason }) =>
  presentRevision(services, await services.agents.pause(DEFAULT_WORKSPACE, name, reason), []),
);

/** Resuming an active agent changes nothing. Throws AgentNotFoundError. */
const resume = implement(operations.agent.resume, async (services: AgentServices, { name }) =>
  presentRevision(services, await services.agents.resume(DEFAULT_WORKSPACE, name), []),
);

/** Runs that it started continue. Throws AgentNotFoundError. */
const remove = implement(operations.agent.delete, async ({ agents }: AgentServices, { name }) => {
  await agents.get(DEFAULT_WORKSPACE, name);
  await agents.delete(DEFAULT_WORKSPACE, name);
  return null;
});

const templates = implement(operations.agent.templates, () => ({
  items: TEMPLATES.map(({ name, description, source }) => ({ name, description, source })),
  next: null,
}));

export const agentOperations = [
  deploy,
  validate,
  list,
  get,
  revisions,
  revision,
  activate,
  rollback,
  pause,
  resume,
  remove,
  templates,
] as const;
