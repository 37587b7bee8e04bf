import { CaxtonError } from "../../kernel/errors.ts";

/** Thrown if the input is not a memory export, or unreadable from this line on. */
export class MemoryImportInvalidError extends CaxtonError<{ readonly line: number }> {
  readonly code = "MEMORY_IMPORT_INVALID";
  readonly kind = "invalid";
}

/** Thrown for an export of an unsupported version. */
export class MemoryExportVersionError extends CaxtonError<{ readonly version: string; readonly known: string }> {
  readonly code = "MEMORY_EXPORT_VERSION";
  readonly kind = "rejected";
}

/** Thrown if an existing entity would change and the merge policy is `error`. */
export class MemoryMergeConflictError extends CaxtonError<{ readonly line: number; readonly name: string }> {
  readonly code = "MEMORY_MERGE_CONFLICT";
  readonly kind = "conflict";
}

/** Thrown if the limit of concurrent exports or imports is reached. */
export class MemoryTransfersFullError extends CaxtonError<{ readonly max: number }> {
  readonly code = "MEMORY_TRANSFERS_FULL";
  readonly kind = "exhausted";
}

/** Thrown if the same import is already running. */
export class MemoryImportRunningError extends CaxtonError {
  readonly code = "MEMORY_IMPORT_RUNNING";
  readonly kind = "conflict";
}

/** Thrown if no snapshot has the name. */
export class SnapshotNotFoundError extends CaxtonError<{ readonly snapshot: string }> {
  readonly code = "SNAPSHOT_NOT_FOUND";
  readonly kind = "not-found";
}

/** Thrown if the memory backend has no snapshots. */
export class SnapshotsUnsupportedError extends CaxtonError<{ readonly backend: string }> {
  readonly code = "SNAPSHOTS_UNSUPPORTED";
  readonly kind = "rejected";
}

/** Thrown if no retention policy is configured. */
export class RetentionOffError extends CaxtonError {
  readonly code = "MEMORY_RETENTION_OFF";
  readonly kind = "rejected";
}

/** Thrown if memory cannot be migrated between these backends now. */
export class MigrationRefusedError extends CaxtonError<{ readonly from: string; readonly to: string }> {
  readonly code = "MIGRATION_REFUSED";
  readonly kind = "conflict";
}

/** Thrown if the cutover timed out: the target did not catch up with concurrent writes. The source stays active. */
export class MigrationNotCaughtUpError extends CaxtonError<{ readonly from: string; readonly to: string }> {
  readonly code = "MIGRATION_NOT_CAUGHT_UP";
  readonly kind = "unavailable";
  override readonly retryAfterMs = 10_000;
}

/** Thrown if the record of the active backend is unreadable. */
export class MemoryBackendUnknownError extends CaxtonError<{ readonly file: string }> {
  readonly code = "MEMORY_BACKEND_UNKNOWN";
  readonly kind = "unavailable";
}
