import { isDeepStrictEqual } from "node:util";
import {
  type AgentRevision,
  type AgentSummary,
  AgentNotFoundError,
  type DefinitionSource,
  type Deployer,
  type ServingAgent,
  summarize,
  TEMPLATES,
} from "../../../agents/definitions/index.ts";
import type { AgentServices } from "../../../agents/index.ts";
import { type Problem, renderProblem } from "../../../text/documents/index.ts";
import { type Admission, PermissionDeniedError, type Principal, QuotaExceededError } from "../../../access/index.ts";
import type * as contract from "../../contract/index.ts";
import { type InputOf, operations } from "../../contract/index.ts";
import type { ApiServices } from "../api-services.ts";
import { implement } from "../perform.ts";
import { cursors } from "../handles.ts";
import { coveredPage, decodeCursor, pageOfStore } from "../page.ts";
import { instant } from "../instant.ts";

const presentSummary = (
  agent: AgentSummary,
  file: { readonly path: string; readonly hash: string } | undefined,
): contract.AgentSummary => ({
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

const presentProblem = (problem: Problem, source: string): contract.FileProblem => ({
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
  rendered: renderProblem(problem, source, { colour: false }),
});

async function presentRevision(
  { agentFiles }: AgentServices,
  agent: ServingAgent,
  warnings: readonly Problem[],
): Promise<contract.AgentDetail> {
  const { definition } = agent;
  const file = await agentFiles.of(agent.workspace, agent.name);
  return {
    ...presentSummary(summarize(agent), file),
    file_source: file === undefined || file.hash === agent.sourceHash ? null : file.source,
    source: agent.source,
    format: agent.format,
    file_name: agent.fileName,
    source_hash: agent.sourceHash,
    documentation: definition.documentation,
    max_steps: definition.maxSteps,
    when_busy: definition.messaging.whenBusy,
    agents: [...definition.agents],
    handoffs: [...definition.handoffs],
    warnings: warnings.map((warning) => presentProblem(warning, agent.source)),
  };
}

/** Agents of a workspace without a quota for them. */
const AGENTS_MAX = 10_000;
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

/** Throws AgentNotFoundError if a limited grant does not cover the name in a definition. */
function requireOwnName({ agents }: AgentServices, body: contract.DeployAgentBody, admission: Admission): void {
  const reading = agents.validate(admission.principal.workspace, sourceOf(body));
  if (reading.type !== "valid" || admission.covers("agents", reading.definition.name)) return;
  throw new AgentNotFoundError(admission.principal.workspace, reading.definition.name, []);
}

/** Throws QuotaExceededError if a new agent would be one too many for its workspace. */
async function requireRoom({ agents: { agents }, access }: ApiServices, workspace: string, source: DefinitionSource) {
  const max = access.workspaces.quotas(workspace).agents ?? AGENTS_MAX;
  if ((await agents.count(workspace)) < max) return;
  const reading = agents.validate(workspace, source);
  const isNew = reading.type === "valid" && (await agents.find(workspace, reading.definition.name)) === undefined;
  if (isNew) throw new QuotaExceededError("agents", max);
}

const deployerOf = ({ id, kind, name }: Principal): Deployer => ({ id, kind, name });

type Declaring = { readonly definition: Pick<AgentRevision["definition"], "triggers"> };
/** Throws PermissionDeniedError if other triggers would be declared, and the principal may not change triggers, or subscribe to messages that fire them. */
function requireTriggers(before: Declaring | undefined, after: Declaring, admission: Admission): void {
  const { triggers } = after.definition;
  if (isDeepStrictEqual(before?.definition.triggers ?? [], triggers)) return;
  const { attempt, principal } = admission;
  const { name } = attempt.operation;
  if (!admission.alsoHas("triggers:write"))
    throw new PermissionDeniedError(`${name} with other triggers`, "triggers:write", principal.role);
  const subscribes = triggers.some(({ kind }) => kind === "message");
  if (subscribes && !principal.permissions.has("subscriptions:write"))
    throw new PermissionDeniedError(`${name} with other triggers`, "subscriptions:write", principal.role);
}

/** Throws AgentNotFoundError, RevisionNotFoundError, PermissionDeniedError. */
async function activateRevision(services: ApiServices, name: string, revision: number, admission: Admission) {
  const { principal } = admission;
  const { workspace } = principal;
  const { agents } = services.agents;
  const before = await agents.get(workspace, name);
  requireTriggers(before, await agents.revision(workspace, name, revision), admission);
  const activated = await agents.activate(workspace, name, revision, deployerOf(principal));
  await services.triggers.hooks.sweep();
  return presentRevision(services.agents, activated, []);
}

/** Throws PermissionDeniedError, QuotaExceededError, DefinitionInvalidError, DefinitionTooLargeError, NameConflictError. */
const deploy = implement(operations.agent.deploy, async (services, body, { admission, principal }) => {
  const { workspace } = principal;
  const { agents } = services;
  if (!admission.isWhole) requireOwnName(agents, body, admission);
  const source = { ...sourceOf(body), deployedBy: deployerOf(principal) };
  const { type, revision, warnings } = await services.access.workspaces.stock("agents").fill(workspace, async () => {
    await requireRoom(services, workspace, source);
    const reading = agents.agents.validate(workspace, source);
    if (reading.type === "valid")
      requireTriggers(await agents.agents.find(workspace, reading.definition.name), reading, admission);
    return agents.agents.deploy(workspace, source);
  });
  await services.triggers.hooks.sweep();
  // A client may have read the text from the very file that the next start deploys.
  const file = await agents.agentFiles.find(workspace, revision.name, revision.source);
  if (file) await agents.agents.settleFile(workspace, revision.name, file.hash);
  return { outcome: type, agent: await presentRevision(agents, await withState(agents, revision), warnings) };
});

/** Reports every problem of a definition. */
const validate = implement(operations.agent.validate, ({ agents }, body, { principal }) => {
  const reading = agents.agents.validate(principal.workspace, sourceOf(body));
  return {
    valid: reading.type === "valid",
    name: reading.type === "valid" ? reading.definition.name : null,
    problems: reading.problems.map((problem) => presentProblem(problem, body.source)),
  };
});

/** Returns a page of the agents that a limited grant covers. */
async function coveredAgents(
  agents: AgentServices["agents"],
  admission: Admission,
  query: InputOf<typeof operations.agent.list>,
): Promise<{ readonly items: readonly AgentSummary[]; readonly next: string | null }> {
  const [cursor] = decodeCursor(cursors.agents, query.cursor) ?? [];
  const { workspace } = admission.principal;
  const { rows, next } = await coveredPage<AgentSummary>(
    async (after, limit) =>
      (await agents.list(workspace, { ...query, cursor: after?.name.toLowerCase() ?? cursor, limit })).items,
    ({ name }) => admission.covers("agents", name),
    { limit: query.limit, cursorAfter: ({ name }) => cursors.agents.encode(name.toLowerCase()) },
  );
  return { items: rows, next };
}

const list = implement(
  operations.agent.list,
  async ({ agents: { agents, agentFiles } }, query, { admission, principal: { workspace } }) => {
    const page = admission.isWhole
      ? await pageOfStore(cursors.agents, query, (own) => agents.list(workspace, own))
      : await coveredAgents(agents, admission, query);
    const items = page.items.map(async (agent) =>
      presentSummary(agent, await agentFiles.of(agent.workspace, agent.name)),
    );
    return { items: await Promise.all(items), next: page.next };
  },
);

/** Throws AgentNotFoundError with the most similar name. */
const get = implement(operations.agent.get, async ({ agents }, { name }, { principal: { workspace } }) => {
  const revision = await agents.agents.get(workspace, name);
  const reading = agents.agents.validate(workspace, revision);
  return presentRevision(agents, revision, reading.problems);
});

/** Throws AgentNotFoundError. */
const revisions = implement(
  operations.agent.revisions,
  async ({ agents: { agents } }, { name, ...query }, { principal: { workspace } }) => {
    const read = (own: typeof query) => agents.revisions(workspace, name, own);
    const page = await pageOfStore(cursors.agentRevisions, query, read);
    const items = page.items.map((each) => ({
      revision: each.revision,
      version: each.version,
      source_hash: each.sourceHash,
      file_name: each.fileName,
      deployed_at: instant(each.deployedAtMs),
    }));
    return { items, next: page.next };
  },
);

/** Throws AgentNotFoundError, RevisionNotFoundError. */
const revision = implement(
  operations.agent.revision,
  async ({ agents }, { name, revision: number }, { principal: { workspace } }) => {
    const found = await agents.agents.revision(workspace, name, number);
    return presentRevision(agents, await withState(agents, found), []);
  },
);

/** Throws AgentNotFoundError, RevisionNotFoundError, PermissionDeniedError. */
const activate = implement(operations.agent.activate, (services, { name, revision: number }, { admission }) =>
  activateRevision(services, name, number, admission),
);

/** Throws AgentNotFoundError, NoEarlierRevisionError, PermissionDeniedError. */
const rollback = implement(operations.agent.rollback, async (services, { name }, { admission }) => {
  const previous = await services.agents.agents.previous(admission.principal.workspace, name);
  return activateRevision(services, name, previous, admission);
});

/** Pausing a paused agent changes nothing. Throws AgentNotFoundError. */
const pause = implement(operations.agent.pause, async ({ agents }, { name, reason }, { principal: { workspace } }) =>
  presentRevision(agents, await agents.agents.pause(workspace, name, reason), []),
);

/** Resuming an active agent changes nothing. Throws AgentNotFoundError. */
const resume = implement(operations.agent.resume, async ({ agents }, { name }, { principal: { workspace } }) =>
  presentRevision(agents, await agents.agents.resume(workspace, name), []),
);

/** Runs that it started continue. Throws AgentNotFoundError. */
const remove = implement(
  operations.agent.delete,
  async ({ agents: { agents }, triggers }, { name }, { principal: { workspace } }) => {
    await agents.get(workspace, name);
    await agents.delete(workspace, name);
    await triggers.hooks.sweep();
    return null;
  },
);

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
