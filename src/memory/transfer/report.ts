/** What became of the things of one kind. `changed`: there was another; `known`: nothing of it was new; `kept`: it stayed as it was. */
export type ImportCounts = {
  readonly created: number;
  readonly changed: number;
  readonly known: number;
  readonly kept: number;
};

/** Something of an import that could not be taken. `line` is where it stands, from 1. */
export type ImportProblem = {
  readonly line: number;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
};

/** How far an import is. All of the records up to `records` are in memory for good. */
export type ImportProgress = {
  /** Entities and relations read, also those that an earlier attempt imported. */
  readonly records: number;
  readonly entities: ImportCounts;
  readonly relations: ImportCounts;
  /** How many could not be taken. */
  readonly problems: number;
};

export type ImportReport = ImportProgress & {
  /** The first of them. */
  readonly shown: readonly ImportProblem[];
  /** Records that an earlier attempt had imported, and this one passed over. */
  readonly resumed: number;
  /** False when the export was cut off: it says itself how long it is. */
  readonly isWhole: boolean;
};

export const NONE: ImportCounts = { created: 0, changed: 0, known: 0, kept: 0 };
