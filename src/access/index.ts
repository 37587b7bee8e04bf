export { Access, ACCESS_MODES, type AccessMode, type AccessOptions, isDenial } from "./access.ts";
export type { KeyStore, StoredKey } from "./keys/index.ts";
export { KeyNotFoundError, listPosition } from "./keys/index.ts";
export { OPERATOR } from "./identified.ts";
export type { ClientCertificate } from "./client-certificate.ts";
export {
  DEFAULT_LIMITS,
  endWith,
  type Allowance,
  lesser,
  type Level,
  LEVELS,
  limitConnections,
  type Limits,
  LOCAL_LIMITS,
  type Party,
  type Permit,
  ResourceLimits,
} from "./limits/index.ts";
export {
  CredentialsRequiredError,
  PermissionDeniedError,
  PrincipalGoneError,
  ServerPermissionDeniedError,
} from "./errors.ts";
export { agentPrincipal, auditedRefusal, callerOf, runCallerOf } from "./run-caller.ts";
export type { SessionStore, StoredSession } from "./sessions/index.ts";
export { LOCAL_ISSUER } from "./users/index.ts";
export {
  type LinkStore,
  type StoredLink,
  type StoredUser,
  UserNotFoundError,
  userPosition,
  type UserStore,
} from "./users/index.ts";
export { JWT_ALGORITHMS } from "./jwt/index.ts";
export {
  listPosition as secretPosition,
  type SealedSecret,
  type SecretEntry,
  type SecretStore,
  StoredSecrets,
} from "./secrets/index.ts";
export { openAccess, type AccessModuleOptions, type AccessServices } from "./open.ts";
export { ALL_WORKSPACES, DEFAULT_WORKSPACE, QUOTAS, WORKSPACE_NAME } from "./permissions/index.ts";
export {
  QuotaExceededError,
  type Workspace,
  WorkspaceInUseError,
  WorkspaceNotFoundError,
  Workspaces,
  type WorkspaceStore,
} from "./workspaces/index.ts";
export type { Admission, Attempt, Credentials, Guarded, Origin, Principal } from "./principal.ts";
