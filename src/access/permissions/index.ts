export { ALL_PERMISSIONS, type OperationScope, type Permission, PERMISSIONS } from "./permissions.ts";
export { type Grant, matching, PARTICIPANT_PERMISSIONS, permissionsOf, type Role, ROLES } from "./roles.ts";
export {
  ALL_WORKSPACES,
  DEFAULT_WORKSPACE,
  type QuotaName,
  QUOTAS,
  type Quotas,
  WORKSPACE_NAME,
} from "./workspace-names.ts";
export { fits, isNarrowed, type Narrowing, type NarrowingKind } from "./narrowing.ts";
