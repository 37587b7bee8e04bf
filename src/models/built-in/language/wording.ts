import { isJsonObject, type Json } from "../../../kernel/json.ts";
import type { Column } from "./columns.ts";
import type { Condition, Figure, Key, Operator, Plan } from "./planning/plan.ts";
import type { Aggregate } from "./vocabulary.ts";
import { stem } from "./words.ts";

/** A number as people write it: whole ones whole, others with two decimals or three significant digits. */
export function numberText(value: number): string {
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1e15 || size < 1e-4) return value.toExponential(2);
  return String(Number(size >= 1 ? value.toFixed(2) : value.toPrecision(3)));
}

/** A value of a result in a sentence or a table. */
export function valueText(value: Json | undefined): string {
  if (typeof value === "number") return numberText(value);
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

const AGGREGATE_NAMES: { readonly [aggregate: string]: string | undefined } = {
  count: "number of rows",
  sum: "total",
  mean: "mean",
  median: "median",
  min: "minimum",
  max: "maximum",
  std: "standard deviation",
  distinct: "number of different values",
};
export const aggregateName = (aggregate: Aggregate): string =>
  AGGREGATE_NAMES[aggregate] ?? `${ordinal(Number(aggregate.slice(1)))} percentile`;

const ordinal = (number: number): string => {
  const teen = number % 100 > 10 && number % 100 < 14;
  const ending = teen || !Number.isInteger(number) ? "th" : (["th", "st", "nd", "rd"][number % 10] ?? "th");
  return `${number}${ending}`;
};

/** Rows of cells as a Markdown table; columns of numbers are set to the right. */
export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const numeric = header.map((_, at) =>
    rows.every((row) => /^(?:-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)?$/.test(row[at] ?? "")),
  );
  const rule = `|${numeric.map((one) => (one ? " ---: |" : " --- |")).join("")}`;
  return [tableLine(header), rule, ...rows.map(tableLine)].join("\n");
}

const CELL_CHARS_MAX = 80;

const tableLine = (cells: readonly string[]) => `| ${cells.map(tableCell).join(" | ")} |`;

const tableCell = (text: string) => {
  const line = text.replaceAll("|", "\\|").replaceAll(/\s+/g, " ");
  return line.length > CELL_CHARS_MAX ? `${line.slice(0, CELL_CHARS_MAX - 1)}…` : line;
};

/** A sentence's beginning. */
export const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** "a", "a and b", "a, b and c". */
export function listed(items: readonly string[], word = "and"): string {
  if (items.length < 2) return items.join("");
  return `${items.slice(0, -1).join(", ")} ${word} ${items.at(-1)}`;
}

/** "1 row", "5 rows", "1 country", "2 people". */
export const counted = (count: number, noun: string): string =>
  `${numberText(count)} ${count === 1 ? stem(noun) : plural(noun)}`;

export const plural = (noun: string): string => {
  const last = noun.split(" ").at(-1) ?? noun;
  if (stem(last) !== last) return noun;
  return /[^aeiou]y$/.test(noun) ? `${noun.slice(0, -1)}ies` : /(?:s|x|ch|sh)$/.test(noun) ? `${noun}es` : `${noun}s`;
};

const COLUMNS_NAMED = 40;

/** Column names in a sentence; past forty they are counted. */
export function columnNames(columns: readonly Column[]): string {
  const names = columns.slice(0, COLUMNS_NAMED).map(({ name }) => name);
  const hidden = columns.length - names.length;
  return listed(hidden > 0 ? [...names, `${hidden} more`] : names);
}

/** "month of order_date", "species". */
export const keyName = ({ column, bucket }: Key): string =>
  bucket === undefined ? column.name : `${bucket === "month_of_year" ? "month of the year" : bucket} of ${column.name}`;

/** "mean of salary", "number of orders", "number of different members". */
export function figureName({ aggregate, of }: Figure, noun = "rows"): string {
  if (of === undefined || aggregate === "count") return `number of ${plural(noun)}`;
  if (aggregate === "distinct") return `number of different values of ${of.text}`;
  return `${aggregateName(aggregate)} of ${of.text}${of.percent === true ? " in percent" : ""}`;
}

/** The same in a sentence: "mean salary", "total of quantity * unit_price". */
export function measureName(figure: Figure, noun = "rows"): string {
  const { aggregate, of } = figure;
  const plain = of?.columns.length === 1 && /^(?:sum|mean|median|min|max)$/.test(aggregate);
  return plain ? `${aggregateName(aggregate)} ${of.text}` : figureName(figure, noun);
}

const SIGNS: { readonly [operator in Operator]: string } = {
  "=": "=",
  "!=": "is not",
  ">": ">",
  ">=": "≥",
  "<": "<",
  "<=": "≤",
  between: "between",
  contains: "contains",
  is_missing: "is missing",
  not_missing: "is not missing",
};

/** " where island = Dream and year > 2007"; empty without conditions. */
export const conditionsText = (conditions: readonly Condition[]): string =>
  conditions.length === 0 ? "" : ` where ${listed(conditions.map(conditionText))}`;

export function conditionText({ key, operator, values, label }: Condition): string {
  const name = keyName(key);
  if (label !== undefined) return `${name} in ${label}`;
  const texts = values.map(valueText);
  if (values.length === 0) return `${name} ${SIGNS[operator]}`;
  return `${name} ${SIGNS[operator]} ${operator === "between" ? texts.join(" and ") : listed(texts, operator === "!=" ? "nor" : "or")}`;
}

/** "highest", "second lowest", of dates "latest" and "earliest". */
export const endWord = (direction: "max" | "min", rank?: number, dated = false): string =>
  `${rank === undefined ? "" : `${["second", "third", "fourth", "fifth"][rank - 2] ?? ordinal(rank)} `}${direction === "max" ? (dated ? "latest" : "highest") : dated ? "earliest" : "lowest"}`;

/** Describes a plan in one line, the first of every answer. */
export function planText(plan: Plan): string {
  const { task, figures, groups, conditions, part, order, shares, noun } = plan;
  const by = groups.length === 0 ? "" : ` by ${listed(groups.map(keyName))}`;
  const where = conditionsText(conditions);
  const [first] = figures;
  const measure = first?.of?.text ?? noun;
  if (task === "pair") return `Correlation of ${listed(figures.map(({ of }) => of?.text ?? ""))}${where}`;
  if (task === "distribution") return `Distribution of ${measure}${where}`;
  if (task === "rows") {
    const ranked =
      first === undefined || order === undefined
        ? ""
        : ` with the ${endWord(order.direction, order.rank, first.of?.columns[0]?.type === "date")} ${measure}`;
    return `${capital(order === undefined || order.count !== undefined ? `${order?.count ?? ""} ${plural(noun)}`.trim() : stem(noun))}${ranked}${where}`.trim();
  }
  const having =
    plan.having === undefined ? "" : `, only those ${SIGNS[plan.having.operator]} ${plan.having.values.join(" and ")}`;
  const end =
    having !== "" || order === undefined ? having : `, ${order.direction === "min" ? "lowest" : "highest"} first`;
  const same =
    figures.length > 1 &&
    figures.every(({ aggregate, of }) => of !== undefined && of.text === first?.of?.text && aggregate !== "distinct");
  const what = capital(
    same
      ? `${listed(figures.map(({ aggregate }) => aggregateName(aggregate)))} of ${measure}`
      : listed(figures.map((one) => figureName(one, noun))),
  );
  if (part.length > 0)
    return `Share of the ${first?.of === undefined ? plural(noun) : figureName(first)}${where} for which ${listed(part.map(conditionText))}${by}${end}`;
  return `${shares ? `Share of the ${what.slice(0, 1).toLowerCase()}${what.slice(1)}` : what}${by}${where}${end}`;
}

/** Describes assumptions about a column: its currency, percent, decimal comma, and ignored cells. */
export function readingText({ name, facts }: Column): readonly string[] {
  const { reading } = facts;
  if (reading === undefined || !isJsonObject(reading)) return [];
  const { unit, decimal, text_cells: odd } = reading;
  const cells = odd !== undefined && isJsonObject(odd) ? Object.keys(odd) : [];
  return [
    ...(typeof unit === "string" && unit !== "" ? [`${name} is in ${unit}`] : []),
    ...(decimal === "," ? [`${name} has decimal commas`] : []),
    ...(cells.length > 0
      ? [
          `${name} is left out where it is ${listed(
            cells.slice(0, 3).map((cell) => `"${cell}"`),
            "or",
          )}`,
        ]
      : []),
  ];
}
