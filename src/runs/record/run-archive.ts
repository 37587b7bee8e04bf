import type { RunId } from "../../kernel/ids.ts";

export type ExpiredRunsQuery = {
  readonly workspace: string;
  /** Ended before this; undefined: whenever. */
  readonly endedBeforeMs: number | undefined;
  /** Not those of the newest that many; undefined: also those. */
  readonly exceptNewest: number | undefined;
  readonly limit: number;
};

/** Deletes runs. Each method is one bounded transaction; none reads a whole table. */
export interface RunArchive {
  /** Workspaces that have runs. */
  workspaces(): readonly string[];
  /** Ids of ended runs, those that ended first come first. */
  ended(query: ExpiredRunsQuery): readonly RunId[];
  /**
   * Takes ended runs out of sight, on disk when resolved: nothing finds them any more, and `sweep` deletes what they hold.
   * Returns those that were there and had ended. Throws storage errors.
   */
  remove(ids: readonly RunId[]): Promise<readonly RunId[]>;
  /** Runs of a workspace that have not ended. */
  open(workspace: string): readonly RunId[];
  /** Takes every run of a workspace out of sight. */
  removeWorkspace(workspace: string): Promise<void>;
  /** Deletes files and at most `rowsMax` journal rows of runs out of sight; false when nothing is left. Throws storage errors. */
  sweep(rowsMax: number): Promise<boolean>;
}
