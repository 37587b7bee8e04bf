export { ALL_PERMISSIONS, type OperationScope, type Permission, PERMISSIONS } from "./permissions.ts";
export { matching, PARTICIPANT_PERMISSIONS, permissionsOf, type Role, ROLES } from "./roles.ts";
