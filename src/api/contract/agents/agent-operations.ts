import * as z from "zod";
import {
  ActivateAgentBody,
  AgentDetail,
  AgentPage,
  AgentQuery,
  DeployAgentBody,
  DeployOutcome,
  PauseAgentBody,
  RevisionPage,
  TemplateList,
  ValidationReport,
} from "./agents.ts";
import { operation } from "../operation.ts";
import { ListQuery } from "../problem.ts";

const COMMON = { tags: ["agents"], surfaces: ["rest", "cli"] } as const;
const ONE = { by: ["agents"], name: ({ name }: { readonly name: string }) => name } as const;
const READ = { ...COMMON, permission: "agents:read", effect: "read" } as const;
const DEPLOY = { ...COMMON, permission: "agents:deploy", effect: "write", retry: "by-key" } as const;
const params = z.object({ name: z.string() });

export const deploy = operation({
  ...DEPLOY,
  name: "agent.deploy",
  narrowed: { by: ["agents"] },
  created: "agent.name",
  summary: "Deploy a definition",
  http: {
    method: "POST",
    path: "/api/v1/agents",
    otherStatuses: [201],
    statusOf: ({ outcome }) => (outcome === "created" ? 201 : 200),
  },
  body: DeployAgentBody,
  output: DeployOutcome,
});

export const validate = operation({
  ...READ,
  name: "agent.validate",
  summary: "Validate a definition without deploying it",
  http: { method: "POST", path: "/api/v1/agents/validate" },
  retry: "by-key",
  body: DeployAgentBody,
  output: ValidationReport,
});

export const list = operation({
  ...READ,
  name: "agent.list",
  narrowed: { by: ["agents"] },
  summary: "List agents",
  http: { method: "GET", path: "/api/v1/agents" },
  query: AgentQuery,
  output: AgentPage,
});

export const get = operation({
  ...READ,
  name: "agent.get",
  narrowed: ONE,
  summary: "Get an agent with its definition",
  http: { method: "GET", path: "/api/v1/agents/:name" },
  params,
  output: AgentDetail,
});

export const revisions = operation({
  ...READ,
  name: "agent.revisions",
  narrowed: ONE,
  summary: "List an agent's revisions, newest first",
  http: { method: "GET", path: "/api/v1/agents/:name/revisions" },
  params,
  query: ListQuery,
  output: RevisionPage,
});

export const revision = operation({
  ...READ,
  name: "agent.revision",
  narrowed: ONE,
  summary: "Get a revision with its definition",
  http: { method: "GET", path: "/api/v1/agents/:name/revisions/:revision" },
  params: params.extend({ revision: z.coerce.number<number>().int().min(1) }),
  output: AgentDetail,
});

export const activate = operation({
  ...DEPLOY,
  name: "agent.activate",
  narrowed: ONE,
  summary: "Serve a stored revision",
  description: "New runs use it. Runs in progress stay on the revision that they started with.",
  http: { method: "POST", path: "/api/v1/agents/:name/activate" },
  params,
  body: ActivateAgentBody,
  output: AgentDetail,
});

export const rollback = operation({
  ...DEPLOY,
  name: "agent.rollback",
  narrowed: ONE,
  summary: "Serve the previous revision",
  http: { method: "POST", path: "/api/v1/agents/:name/rollback" },
  // A second rollback goes one revision further back.
  retry: "never",
  params,
  output: AgentDetail,
});

export const pause = operation({
  ...DEPLOY,
  name: "agent.pause",
  isUrgent: true,
  narrowed: ONE,
  summary: "Pause an agent",
  description:
    "It takes no new runs (AGENT_PAUSED), and its messages wait in its mailbox. Runs in progress continue. It stays paused across restarts and deployments.",
  http: { method: "POST", path: "/api/v1/agents/:name/pause" },
  params,
  body: PauseAgentBody,
  isBodyOptional: true,
  output: AgentDetail,
});

export const resume = operation({
  ...DEPLOY,
  name: "agent.resume",
  narrowed: ONE,
  summary: "Resume a paused agent",
  http: { method: "POST", path: "/api/v1/agents/:name/resume" },
  params,
  output: AgentDetail,
});

const remove = operation({
  ...COMMON,
  name: "agent.delete",
  narrowed: ONE,
  summary: "Delete an agent",
  http: { method: "DELETE", path: "/api/v1/agents/:name", status: 204 },
  permission: "agents:deploy",
  effect: "destroy",
  params,
  output: z.null(),
});

export const templates = operation({
  ...READ,
  name: "agent.templates",
  summary: "List templates of definitions",
  http: { method: "GET", path: "/api/v1/templates" },
  output: TemplateList,
});

export { remove as delete };
