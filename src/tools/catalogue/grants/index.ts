/** What a tool server may touch: grants, how two lists of them differ, and what was used of them. */
export {
  describeGrants,
  type FileAccess,
  type FileGrant,
  type Grants,
  type HttpGrant,
  NO_GRANTS,
  permissiveGrants,
  type SecretGrant,
} from "./grants.ts";
export {
  type GrantLedger,
  type GrantUse,
  type StoredUse,
  USE_KINDS,
  USE_OUTCOMES,
  type UseFilter,
  type UseOutcome,
} from "./grant-use.ts";
export { ByServer, serverKey } from "./by-server.ts";
export { proposeGrants } from "./grant-proposal.ts";
export { grantsToml, unifiedDiff } from "./grants-toml.ts";
export {
  MEMORY_GRANT_DEFAULTS,
  MEMORY_GRANT_SCOPES,
  type MemoryGrant,
  memoryGrantAllows,
  type MemoryGrantScope,
  scopesWords,
} from "./memory-grant.ts";
export { type MessageGrant, messageGrantAllows, type MessageTarget, targetWords } from "./message-grant.ts";
export { GrantRecorder } from "./grant-recorder.ts";
export { patternAllows, readUrlPattern, targetOf, type UrlPattern, type UrlTarget } from "./url-pattern.ts";
export { type GrantChange, grantsDifference } from "./grants-difference.ts";
