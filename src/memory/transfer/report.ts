/**
 * Outcomes of the records of one kind. `changed`: an existing one was updated; `unchanged`: it was already stored; `skipped`: an existing one
 * was not changed.
 */
export type ImportCounts = {
  readonly created: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly skipped: number;
};

/** A record that could not be imported. `line` is its position, from 1. */
export type ImportProblem = {
  readonly line: number;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
};

/** Progress of an import. All records up to `records` are durably stored. */
export type ImportProgress = {
  /** Entities and relations read, including those that an earlier attempt imported. */
  readonly records: number;
  readonly entities: ImportCounts;
  readonly relations: ImportCounts;
  /** Number of records that could not be imported. */
  readonly problems: number;
};

export type ImportReport = ImportProgress & {
  /** The first problems. */
  readonly shown: readonly ImportProblem[];
  /** Records that an earlier attempt imported, and this one skipped. */
  readonly resumed: number;
  /** False if the export is truncated; exports state their length. */
  readonly isWhole: boolean;
};

export const NONE: ImportCounts = { created: 0, changed: 0, unchanged: 0, skipped: 0 };
