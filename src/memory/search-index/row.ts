/** The store's integer id of an entity: from 0 to 2^31 - 1. */
export type Row = number;

/** A part of the memory. A search visits only the rows of the scopes it names. */
export type ScopeKey = string;

/** A filter of rows: whether a row may be among the answers. */
export type RowFilter = (row: Row) => boolean;

/** Where the sizes of the indexes end. */
export const RECALL_LIMITS = {
  /** Answers of one search. */
  limitMax: 10_000,
  /** Rows whose filter one search asks for, best first; rows behind them are not found by it. */
  keepVisitsMax: 250_000,
  /** Characters of one text that are indexed; what comes after is not found by keywords. */
  textCharsMax: 1_048_576,
  /** Different words of one query; the others do not count. */
  queryTermsMax: 128,
} as const;

/** A row as the indexes take it. Throws a RangeError for what is no such number. */
export function checkedRow(row: Row): Row {
  if (Number.isInteger(row) && row >= 0 && row <= 0x7fff_ffff) return row;
  throw new RangeError(`a row is an integer from 0 to 2147483647, not ${row}`);
}
