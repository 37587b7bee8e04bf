/** Every permission, with the description that access pages show. Roles are sets of these. Append only. */
export const PERMISSIONS = {
  "usage:read": "Read budgets and usage",
  "models:read": "List models and their providers",
  "models:admin": "Test models, which spends money",
  "memory:read": "Search and read memory",
  "memory:write": "Change memory",
  "memory:delete": "Erase parts of memory",
  "memory:admin": "Manage snapshots, retention and indexes of memory",
} as const satisfies Readonly<Record<string, string>>;
export type Permission = keyof typeof PERMISSIONS;
