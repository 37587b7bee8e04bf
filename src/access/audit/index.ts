export { AuditLog, type AuditOptions } from "./audit-log.ts";
export type { AuditFilter, AuditStore } from "./audit-store.ts";
export type { Verification } from "./chain-verifier.ts";
export { verifyExport } from "./export.ts";
export {
  AUTHENTICATE,
  type AuditEvent,
  type AuditItem,
  type AuditOutcome,
  AuditRecord,
  Checkpoint,
  type Head,
  readTarget,
} from "./record.ts";
export { SigningKey } from "./signing-key.ts";
