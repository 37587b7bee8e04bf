/** Export, import and migration of memory. */
export { type Checkpoints, activeBackend, type ActiveBackend, type ActiveBackendFile } from "./checkpoints.ts";
export { SwitchableStore } from "./switchable-store.ts";
export * from "./errors.ts";
export { archiveHead } from "./archive.ts";
export { exportMemory, type ExportOptions } from "./export.ts";
export { importMemory, type ImportOptions } from "./import/import.ts";
export type { ImportProgress } from "./report.ts";
export { MemoryTransfers } from "./transfers.ts";
export {
  type MemorySnapshot,
  MemorySnapshots,
  expiredSnapshots,
  type SnapshotKind,
  SNAPSHOT_KINDS,
  type SnapshotOptions,
  type SnapshotStore,
} from "./snapshots.ts";
export { RETENTION_ACTIONS, type RetentionPolicy } from "./expired.ts";
export { MemoryRetention, type RetentionArchive } from "./retention.ts";
export { CONSISTENCY_MIN } from "./comparison.ts";
export type { MigrationProgress } from "./migration.ts";
export { MemoryMigrations, type MigrationReport, type MigrationRequest } from "./migrations.ts";
