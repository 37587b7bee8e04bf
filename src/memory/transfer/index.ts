/** Moving memory: out as text, in again, whichever Caxton or reference memory server wrote it. */
export { type Checkpoints, placeInUse, type PlaceNote, type PlaceNotes } from "./checkpoints.ts";
export { MemoryPlace } from "./memory-place.ts";
export * from "./errors.ts";
export { archiveHead } from "./archive.ts";
export { exportMemory, type ExportFormat, type ExportOptions } from "./export.ts";
export { importMemory, type ImportOptions } from "./import.ts";
export type { ImportCounts, ImportProblem, ImportProgress, ImportReport } from "./report.ts";
export { type ImportRequest, MemoryTransfers } from "./transfers.ts";
export {
  type MemorySnapshot,
  MemorySnapshots,
  outOfKeeping,
  type SnapshotKind,
  SNAPSHOT_KINDS,
  type SnapshotOptions,
  type SnapshotPlace,
  type SnapshotsKept,
} from "./snapshots.ts";
export { RETENTION_ACTIONS, type RetentionPolicy } from "./doomed.ts";
export { MemoryRetention, type PruneReport, type RetentionArchive } from "./retention.ts";
export { type Comparison, CONSISTENCY_MIN } from "./comparison.ts";
export type { MigrationProgress } from "./migration.ts";
export { MemoryMigrations, type MemoryWhereabouts, type MigrationReport, type MigrationRequest } from "./migrations.ts";
