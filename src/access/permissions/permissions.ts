/** Every permission, with the description that access pages show. Roles are sets of these. Append only. */
export const PERMISSIONS = {
  "agents:read": "List agents, their definitions and revisions",
  "agents:deploy": "Deploy, pause and delete agents",
  "runs:read": "List runs with their state, duration and cost",
  "runs:read-content": "Read requests, steps, answers, files and exports of runs, and follow them",
  "runs:execute": "Start and control runs",
  "runs:delete": "Delete runs",
  "runs:admin": "Delete many runs at once",
  "approvals:read": "List approvals with the arguments of their calls",
  "approvals:decide": "Approve and deny tool calls",
  "tools:read": "List tool servers, their tools and versions",
  "tools:call": "Call tools directly",
  "tools:logs": "Read logs of tool servers",
  "tools:admin": "Deploy, pause and delete tool servers",
  "messages:read": "Read messages and conversations",
  "messages:send": "Send messages",
  "messages:admin": "Manage conversations, mailboxes and dead letters",
  "mailboxes:read": "Fetch and settle messages of a program's mailbox",
  "participants:read": "List programs that take part in conversations",
  "participants:admin": "Register and delete programs and their tokens",
  "directory:read": "List capabilities and their providers",
  "directory:write": "Register capabilities",
  "subscriptions:read": "List subscriptions",
  "subscriptions:write": "Create and delete subscriptions",
  "tasks:read": "List tasks",
  "tasks:execute": "Create, distribute and cancel tasks",
  "server:read": "Read the server's status and events",
  "server:admin": "Read the effective configuration",
  "usage:read": "Read budgets and usage",
  "models:read": "List models and their providers",
  "models:admin": "Test models, which spends money",
  "memory:read": "Search and read memory",
  "memory:write": "Change memory",
  "memory:delete": "Erase parts of memory",
  "memory:admin": "Manage snapshots, retention and indexes of memory",
  "metrics:read": "Read the metrics of the server",
  "audit:read": "Read, export and verify the audit log",
  "secrets:read": "List the names of stored secrets",
  "secrets:admin": "Store, replace and delete secrets",
  "access:self": "Read one's own identity and permissions, and log out",
  "access:read": "List API keys and roles",
  "access:admin": "Create, rotate and revoke API keys",
  "triggers:read": "List triggers and their events",
  "triggers:write": "Create, change, fire and delete triggers",
  "webhooks:read": "List webhooks and their deliveries",
  "webhooks:write": "Create, change, test and delete webhooks, and repeat deliveries",
  "workspaces:admin": "Create, change, export and delete workspaces",
  "participants:keys": "Register and revoke keys with which programs sign; a program's token gives it for its own keys",
  "models:use": "Compute vectors of texts with an embedding model",
} as const satisfies Readonly<Record<string, string>>;
export type Permission = keyof typeof PERMISSIONS;
/** What an operation reads or changes: one workspace, or what belongs to none. */
export type OperationScope = "workspace" | "server";

export const isPermission = (name: string): name is Permission => Object.hasOwn(PERMISSIONS, name);

/** Every permission, in the order of the table. */
export const ALL_PERMISSIONS: readonly Permission[] = Object.keys(PERMISSIONS).filter(isPermission);
