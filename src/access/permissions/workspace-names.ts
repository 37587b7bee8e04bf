export { ALL_WORKSPACES, DEFAULT_WORKSPACE } from "../../kernel/rights/default-workspace.ts";
/** The form of a name: a label of a domain name. */
export const WORKSPACE_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Maximum amounts of one workspace. */
export const QUOTAS = {
  agents: "Deployed agents",
  tool_servers: "Deployed tool servers",
  runs_per_minute: "Runs started in a minute",
  concurrent_runs: "Runs that execute at the same time",
  messages_per_minute: "Messages sent in a minute",
  file_bytes: "Bytes of uploads and artifacts on disk",
  memory_entities: "Entities in memory",
  secrets: "Stored secrets",
} as const satisfies Readonly<Record<string, string>>;
export type QuotaName = keyof typeof QUOTAS;
/** A name that is absent has no limit of its own. */
export type Quotas = Readonly<Partial<Record<QuotaName, number | undefined>>>;
