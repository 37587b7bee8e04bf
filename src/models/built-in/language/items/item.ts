import type { Column } from "../columns.ts";
import type { Bucket, Condition, Expression, Operator } from "../planning/plan.ts";
import type { Aggregate, Superlative } from "../vocabulary.ts";

/** A stretch of the request with what it can mean; `symbol` is its kind, for the rules that put items together. */
export type Item = {
  readonly symbol: string;
  readonly from: number;
  readonly to: number;
  /** Columns that it can name. */
  readonly columns: readonly Column[];
  /** Conditions that it can mean, one of which holds. */
  readonly options: readonly Condition[];
  /** Arithmetic that it stands for. */
  readonly of?: Expression | undefined;
  readonly aggregate?: Aggregate | undefined;
  /** 2 of "the second highest". */
  readonly rank?: number | undefined;
  readonly superlative?: Superlative | undefined;
  readonly number?: number | undefined;
  /** The unit of the number, such as kg. */
  readonly unit?: string | undefined;
  readonly operator?: Operator | undefined;
  readonly bucket?: Bucket | undefined;
};

export const item = (symbol: string, from: number, to: number, rest: Partial<Item> = {}): Item => ({
  symbol,
  from,
  to,
  columns: [],
  options: [],
  ...rest,
});
