import { Identity, RoleList } from "./keys.ts";
import { operation } from "../operation.ts";

const READ = { tags: ["access"], effect: "read", surfaces: ["rest", "cli"] } as const;

export const whoami = operation({
  ...READ,
  name: "access.whoami",
  summary: "Get the caller's identity and permissions",
  http: { method: "GET", path: "/api/v1/whoami" },
  permission: "access:self",
  output: Identity,
});

export const roles = operation({
  ...READ,
  name: "access.roles",
  summary: "List roles and permissions",
  http: { method: "GET", path: "/api/v1/roles" },
  permission: "access:read",
  output: RoleList,
});
