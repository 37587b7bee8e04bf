import type { Narrowing } from "./narrowing.ts";
import { ALL_PERMISSIONS, isPermission, type Permission } from "./permissions.ts";

/** What a role is for, and its permissions; `noun:*` and `*:verb` stand for several. */
export type Role = { readonly description: string; readonly permissions: readonly string[] };

/** A role in a workspace, or in every one (`ALL_WORKSPACES`). */
export type Grant = {
  readonly workspace: string;
  readonly role: string;
  /** Limits the grant to agents, tool servers or capabilities. */
  readonly only?: Narrowing | undefined;
};

/** The built-in roles. Custom ones are in `[access.roles]` of `caxton.toml`. */
export const ROLES = {
  admin: { description: "Every permission, API keys and the audit log included", permissions: ["*:*"] },
  operator: {
    description: "Operates agents, tools, messages and memory; cannot manage API keys or read the audit log",
    permissions: [
      ...["agents", "runs", "approvals", "tools", "messages", "mailboxes", "participants"].map((noun) => `${noun}:*`),
      ...[
        "directory",
        "subscriptions",
        "tasks",
        "server",
        "usage",
        "models",
        "memory",
        "metrics",
        "secrets",
        "triggers",
        "webhooks",
      ].map((noun) => `${noun}:*`),
    ],
  },
  user: {
    description: "Starts runs and tasks, answers approvals, sends messages, reads and writes memory, computes vectors",
    permissions: [
      "agents:read",
      "runs:read",
      "runs:read-content",
      "runs:execute",
      "approvals:*",
      "tools:read",
      "messages:read",
      "messages:send",
      "mailboxes:read",
      "participants:read",
      "directory:read",
      "subscriptions:*",
      "tasks:*",
      "triggers:*",
      "server:read",
      "usage:read",
      "models:read",
      "models:use",
      "memory:read",
      "memory:write",
    ],
  },
  readonly: {
    description: "Lists and reads everything but API keys, configuration, logs and the audit log",
    permissions: [
      "agents:read",
      "runs:read",
      "runs:read-content",
      "approvals:read",
      "tools:read",
      "messages:read",
      "participants:read",
      "directory:read",
      "subscriptions:read",
      "tasks:read",
      "triggers:read",
      "webhooks:read",
      "server:read",
      "usage:read",
      "models:read",
      "memory:read",
      "metrics:read",
    ],
  },
} as const satisfies Readonly<Record<string, Role>>;

/** The permissions of programs that authenticate with their own token. Their mailboxes, names and keys are checked besides. */
export const PARTICIPANT_PERMISSIONS: ReadonlySet<Permission> = new Set([
  "access:self",
  "messages:send",
  "mailboxes:read",
  "directory:read",
  "subscriptions:read",
  "subscriptions:write",
  "participants:keys",
]);

/** Permissions that a pattern matches: a permission itself, or `*` in place of its noun or verb. */
export function matching(pattern: string): readonly Permission[] {
  if (isPermission(pattern)) return [pattern];
  const [noun, verb] = pattern.split(":");
  return ALL_PERMISSIONS.filter((permission) => {
    const [ownNoun, ownVerb] = permission.split(":");
    return (noun === "*" || noun === ownNoun) && (verb === "*" || verb === ownVerb);
  });
}

/** The permissions of a role. Every role has `access:self`. */
export const permissionsOf = (role: Role): ReadonlySet<Permission> =>
  new Set<Permission>(["access:self", ...role.permissions.flatMap(matching)]);
