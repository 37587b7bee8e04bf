import type { Column } from "../columns.ts";
import type { ChartKind } from "../request.ts";
import type { Aggregate } from "../vocabulary.ts";

export type Bucket = "year" | "quarter" | "month" | "week" | "day" | "month_of_year" | "weekday" | "hour";
export type Operator = "=" | "!=" | ">" | ">=" | "<" | "<=" | "between" | "contains" | "is_missing" | "not_missing";

/** A column, or a date's month, weekday and so on. */
export type Key = { readonly column: Column; readonly bucket?: Bucket | undefined };

/** A filter. Several values of `=` mean any of them, of `!=` none of them. */
export type Condition = {
  readonly key: Key;
  readonly operator: Operator;
  readonly values: readonly (string | number)[];
  /** Wording of the request, if it is clearer than the values. */
  readonly label?: string | undefined;
};

/** A figure of rows: an aggregate of a column or of arithmetic with columns; without one, rows are counted. */
export type Figure = {
  readonly aggregate: Aggregate;
  readonly of: Expression | undefined;
};
export type Expression = { readonly text: string; readonly columns: readonly Column[]; readonly percent?: boolean };

export type Plan = {
  readonly task: "figures" | "rows" | "pair" | "distribution";
  readonly figures: readonly Figure[];
  readonly groups: readonly Key[];
  readonly conditions: readonly Condition[];
  /** The share of the rows that fit these is asked for. */
  readonly part: readonly Condition[];
  readonly order:
    | {
        readonly direction: "max" | "min";
        readonly count: number | undefined;
        /** The one at this place alone is asked for: 2 of "the second highest". */
        readonly rank?: number | undefined;
      }
    | undefined;
  /** Only groups whose figure is so are asked for. */
  readonly having?: Pick<Condition, "operator" | "values"> | undefined;
  /** Two groups are set against each other, and their difference is given. */
  readonly compares: boolean;
  /** Each group's share of the whole is asked for. */
  readonly shares: boolean;
  /** The noun for the rows, as the request has it. */
  readonly noun: string;
  readonly chart: Exclude<ChartKind, "any"> | undefined;
};

export type Planned =
  | { readonly type: "plan"; readonly plan: Plan }
  /** Nothing is asked. */
  | { readonly type: "empty" }
  /** `unused` are words that could change the answer, `understood` is what the others mean. */
  | { readonly type: "refused"; readonly reason: string };
