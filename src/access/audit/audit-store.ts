import type { AuditItem, AuditOutcome, AuditRecord, Checkpoint, Head } from "./record.ts";

export type AuditFilter = {
  /** Undefined for records of all workspaces. */
  readonly workspace: string | undefined;
  readonly principal: string | undefined;
  readonly operation: string | undefined;
  readonly outcome: AuditOutcome | undefined;
  /** ISO 8601, as records have it. */
  readonly since: string | undefined;
  readonly until: string | undefined;
  /** Only records with a lower number. */
  readonly before: number | undefined;
  readonly limit: number;
};

/** Where the audit log is stored. */
export interface AuditStore {
  /** The last record or checkpoint, whichever has the higher number, if any. */
  head(): Head | undefined;
  lastCheckpoint(): Head | undefined;
  /** Resolves when the records are on disk. */
  append(records: readonly AuditRecord[]): Promise<void>;
  addCheckpoint(checkpoint: Checkpoint): Promise<void>;
  /** Newest first. */
  list(filter: AuditFilter): readonly AuditRecord[];
  /** The next records and their checkpoints, in order; the first page, after -1, begins with the checkpoint before them. */
  after(seq: number, limit: number): readonly AuditItem[];
  /** The newest checkpoint made before a time, at most `recordsMax` records after the first one if there is one. */
  expired(before: string, recordsMax: number): Checkpoint | undefined;
  /** Deletes the records up to a checkpoint, and the checkpoints before it. */
  deleteUpTo(checkpoint: Checkpoint): Promise<void>;
}
