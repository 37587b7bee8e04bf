import { CaxtonError } from "../../kernel/errors.ts";

/** What was given is no export of memory: nothing of it can be read from this line on. */
export class MemoryImportInvalidError extends CaxtonError<{ readonly line: number }> {
  readonly code = "MEMORY_IMPORT_INVALID";
  readonly kind = "invalid";
}

/** The export is of a version that is not known here. */
export class MemoryExportVersionError extends CaxtonError<{ readonly version: string; readonly known: string }> {
  readonly code = "MEMORY_EXPORT_VERSION";
  readonly kind = "rejected";
}

/** An entity is there already and would have become otherwise, where that was to be an error. */
export class MemoryMergeConflictError extends CaxtonError<{ readonly line: number; readonly name: string }> {
  readonly code = "MEMORY_MERGE_CONFLICT";
  readonly kind = "conflict";
}

/** As many exports or imports are under way as may be. */
export class MemoryTransfersFullError extends CaxtonError<{ readonly max: number }> {
  readonly code = "MEMORY_TRANSFERS_FULL";
  readonly kind = "exhausted";
}

/** The same import is under way. */
export class MemoryImportRunningError extends CaxtonError {
  readonly code = "MEMORY_IMPORT_RUNNING";
  readonly kind = "conflict";
}

/** No snapshot has the name. */
export class SnapshotNotFoundError extends CaxtonError<{ readonly snapshot: string }> {
  readonly code = "SNAPSHOT_NOT_FOUND";
  readonly kind = "not-found";
}

/** Memory is kept where no snapshots are made. */
export class SnapshotsUnsupportedError extends CaxtonError<{ readonly backend: string }> {
  readonly code = "SNAPSHOTS_UNSUPPORTED";
  readonly kind = "rejected";
}

/** No policy says what goes from memory. */
export class RetentionOffError extends CaxtonError {
  readonly code = "MEMORY_RETENTION_OFF";
  readonly kind = "rejected";
}

/** Memory cannot go from there to there now. */
export class MigrationRefusedError extends CaxtonError<{ readonly from: string; readonly to: string }> {
  readonly code = "MIGRATION_REFUSED";
  readonly kind = "conflict";
}

/** Memory could not be held still in time, or was changed faster than it could be followed: it stays where it is. */
export class MigrationNotCaughtUpError extends CaxtonError<{ readonly from: string; readonly to: string }> {
  readonly code = "MIGRATION_NOT_CAUGHT_UP";
  readonly kind = "unavailable";
  override readonly retryAfterMs = 10_000;
}

/** The note that says where memory went cannot be read. */
export class MemoryPlaceUnknownError extends CaxtonError<{ readonly file: string }> {
  readonly code = "MEMORY_PLACE_UNKNOWN";
  readonly kind = "unavailable";
}
