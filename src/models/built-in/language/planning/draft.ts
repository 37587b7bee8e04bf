import { type Column, isGroupable, type Table } from "../columns.ts";
import type { Item } from "../items/item.ts";
import { itemsOf } from "../items/items.ts";
import { needsNaming } from "../items/dated.ts";
import { isInflected, moneyOf } from "../items/named.ts";
import type { Condition, Expression, Figure, Key, Plan } from "./plan.ts";
import type { ChartKind } from "../request.ts";
import { ADDITIVE, type Aggregate, AVERAGED, synonymsOf } from "../vocabulary.ts";
import { listed } from "../wording.ts";
import type { Word } from "../words.ts";

/** A reason that prevents a plan, as a sentence. */
export class Doubt extends Error {}
export const doubt = (reason: string): never => {
  throw new Doubt(reason);
};

export type Made = readonly Item[] | undefined;

/** A request on its way to a plan: its items, which the rules put together step by step, and the groups found so far. */
export class Draft {
  items: readonly Item[];

  groups: Key[] = [];

  readonly words: readonly Word[];

  readonly table: Table;

  readonly chart: ChartKind | undefined;

  constructor(words: readonly Word[], chart: ChartKind | undefined, table: Table, source: string) {
    this.words = words;
    this.table = table;
    this.chart = chart;
    this.items = itemsOf(words, table, source);
  }

  get isEmpty(): boolean {
    return this.items.length === 0;
  }

  refuseUnknown() {
    const unknown = this.items.filter(({ symbol }) => symbol === "?");
    if (unknown.length > 0) doubt(this.unused(unknown));
  }

  unused(items: readonly Item[]): string {
    const texts = items.map(({ from, to }) => `"${this.text(from, to)}"`);
    return `I could not place ${listed(texts)} in the table, so I do not answer a different question.`;
  }

  text(from: number, to: number) {
    return this.words
      .slice(from, to)
      .map(({ text }) => text)
      .join(" ");
  }

  get symbols() {
    return this.items.map(({ symbol }) => symbol).join("");
  }

  /** Replaces each run of items whose symbols fit by what `make` makes of it; undefined leaves it. */
  reduce(pattern: RegExp, make: (matched: readonly Item[]) => Made) {
    for (let start = 0; start <= this.items.length;) {
      const rest = this.symbols.slice(start);
      const found = new RegExp(pattern.source, "u").exec(rest);
      if (found === null || found[0] === "") return;
      const from = start + found.index;
      const to = from + found[0].length;
      const made = make(this.items.slice(from, to));
      if (made === undefined) start = from + 1;
      else {
        this.items = [...this.items.slice(0, from), ...made, ...this.items.slice(to)];
        start = made.length === 0 ? Math.max(0, from - 1) : from + made.length;
      }
    }
  }

  joined(left: Item | undefined, sign: string, right: Item | undefined, words: string): Made {
    if (left === undefined || right === undefined) return undefined;
    const [a, b] = [this.expression(left), this.expression(right)];
    const sides = [a, b].map(({ text, columns }) => (columns.length > 1 ? `(${text})` : inFormula(text)));
    const of: Expression = {
      text: sides.join(` ${sign} `),
      columns: [...a.columns, ...b.columns],
      percent: words.includes("percentage") || words.includes("share"),
    };
    return [{ ...left, to: right.to, symbol: "c", columns: [], aggregate: undefined, of }];
  }

  isKey = (item: Item) => item.columns.some((column) => isGroupable(column, this.table.rows));

  isNumeric = (item: Item) => item.of !== undefined || item.columns.some(({ type }) => type === "number");

  expression(item: Item): Expression {
    const known = item?.of;
    if (known !== undefined) return known;
    const column = this.numeric(item);
    return { text: column.name, columns: [column] };
  }

  /** The one numeric column that an item can mean. */
  numeric(item: Item): Column {
    const numbers = item.columns.filter((column) => column.type === "number" && !isNumbering(column.parts));
    const [only, other] = numbers;
    if (only === undefined) {
      const [named] = item.columns;
      return doubt(
        `"${this.text(item.from, item.to)}"${named === undefined ? "" : ` (the column ${named.name})`} is not a column of numbers.`,
      );
    }
    return other === undefined ? only : (this.spoken(numbers) ?? this.ambiguous(item, numbers));
  }

  /** Of columns that share a word, the one with another word of the question. */
  spoken(columns: readonly Column[]): Column | undefined {
    const own = ({ parts }: Column) =>
      parts.filter((part) => !columns.every((column) => column.parts.includes(part)) && !isPlain(part));
    const fits = columns.filter((column) =>
      own(column).some((part) =>
        this.words.some(
          ({ lower, stem: root }) => root === part || isInflected(part, lower) || synonymsOf(root).includes(part),
        ),
      ),
    );
    return fits.length === 1 ? fits[0] : undefined;
  }

  /** The one column of amounts of money. */
  get money(): Column | undefined {
    return moneyOf(this.table);
  }

  ambiguous(item: Item, columns: readonly Column[]): never {
    throw new Doubt(
      `"${this.text(item.from, item.to)}" could mean ${listed(
        columns.map(({ name }) => name),
        "or",
      )}. Which one do you mean?`,
    );
  }

  /** The one column that an item groups by. */
  key(item: Item): Key {
    if (item.symbol === "b") return this.bucket(item);
    const fits = item.columns.filter((column) => isGroupable(column, this.table.rows));
    const named = fits.filter((column) => column.type === "text" && !isNumbering(column.parts));
    const [only, other] = named.length > 0 ? named : fits;
    if (only === undefined)
      return doubt(`"${this.text(item.from, item.to)}" has too many different values to group by.`);
    if (other !== undefined) return this.ambiguous(item, named.length > 0 ? named : fits);
    if (only.type === "date" && hasDay(only))
      return { column: only, bucket: (["year", "month"] as const).find((part) => only.parts.includes(part)) ?? "day" };
    return { column: only };
  }

  bucket(item: Item): Key {
    const dates = this.table.columns.filter(({ type }) => type === "date");
    const { bucket } = item;
    const years = this.table.columns.filter(({ type, parts }) => type === "number" && parts.includes("year"));
    if (bucket === "year" && (dates.length === 0 || years.some(({ parts }) => parts.length === 1))) {
      const [year, second] = years;
      if (year !== undefined && second === undefined) return { column: year };
    }
    const named = this.table.columns.filter(
      ({ parts }) => bucket !== undefined && parts.includes(bucket) && parts.length === 1,
    );
    const [own] = named;
    if (
      own !== undefined &&
      (own.type !== "date" || bucket === undefined || !/^(?:quarter|year|weekday)$/.test(bucket)) &&
      (bucket !== "day" || own.type === "text")
    )
      return { column: own };
    const spoken = dates.filter((one) =>
      this.items.some(({ symbol, columns }) => symbol === "c" && columns.length === 1 && columns[0] === one),
    );
    const meant = this.spoken(dates);
    const [date, other] =
      spoken.length === 1
        ? spoken
        : meant !== undefined
          ? [meant]
          : dates.length > 1
            ? dates.filter((one) => !needsNaming({ key: { column: one }, operator: "=", values: [] }))
            : dates;
    if (date !== undefined && bucket === "hour" && (typeof date.min !== "string" || date.min.length <= 10))
      return doubt(`${date.name} has no hours.`);
    if (date === undefined) return doubt(`I found no column of dates for "${this.text(item.from, item.to)}".`);
    if (other !== undefined) return this.ambiguous(item, dates);
    return { column: date, bucket };
  }

  precededBy(item: Item, symbol: string): boolean {
    const at = this.items.findIndex(({ from }) => from === item.from);
    return this.items[at - 1]?.symbol === symbol;
  }

  either = false;

  get conditions(): readonly Condition[] {
    return this.items.flatMap(({ symbol, options }) => (symbol === "F" ? options : []));
  }

  wordBefore(from: number): string {
    for (let at = from - 1; at >= 0; at -= 1) {
      const word = this.words[at]?.lower ?? "";
      if (!/^(?:the|a|an|all|our|my|their)$/.test(word)) return word;
    }
    return "";
  }

  noun(): string {
    // The verb of "ordered" can stand for the rows, but does not name them.
    const noun = this.items.find(
      ({ symbol, to }) => symbol === "r" && this.words[to - 1]?.lower.endsWith("ed") === false,
    );
    return noun === undefined ? "rows" : this.text(noun.from, noun.to).toLowerCase();
  }

  empty(): Plan {
    return {
      task: "figures",
      figures: [],
      groups: this.groups,
      conditions: [],
      part: [],
      order: undefined,
      compares: false,
      shares: false,
      noun: "rows",
      chart: undefined,
    };
  }

  figure(named: Item, aggregate: Aggregate | undefined): Figure {
    if (named.of !== undefined || this.isNumeric(named)) {
      const of = this.expression(named);
      return { aggregate: aggregate ?? named.aggregate ?? (isAdditive(of) ? "sum" : "mean"), of };
    }
    if (aggregate === "distinct" || aggregate === "count") return this.distinct(named);
    const [column] = named.columns;
    if (column?.type === "date" && (aggregate === "min" || aggregate === "max"))
      return doubt(`Ask "when was the first …" to look up a date of ${column.name}.`);
    return doubt(`"${this.text(named.from, named.to)}" is not a column of numbers.`);
  }

  distinct(named: Item): Figure {
    const columns = named.columns;
    const ids = columns.filter((column) => isNumbering(column.parts) || column.parts.some((part) => part === "id"));
    const [column, other] = columns.length > 1 ? (ids.length === 1 ? ids : columns) : columns;
    if (column === undefined) return doubt("I lost a column.");
    if (other !== undefined) return this.ambiguous(named, columns);
    return { aggregate: "distinct", of: { text: column.name, columns: [column] } };
  }

  /** "How many customers": rows where each row is one, otherwise how many different ones; of a number, its sum. */
  counted(named: Item): Figure {
    const [column] = named.columns.filter(({ type }) => type !== "date");
    const isOne = named.columns.every((one) => one === column || one.type === "date");
    if (column !== undefined && isOne && column.type === "number" && !isNumbering(column.parts)) {
      const of = this.expression(named);
      if (!isAdditive(of) || column === this.money)
        return doubt(
          `I am not sure whether "how many ${this.text(named.from, named.to)}" means the sum of ${column.name}.`,
        );
      return { aggregate: "sum", of };
    }
    const unique = named.columns.some(({ distinct }) => distinct !== undefined && distinct === this.table.rows);
    return unique ? { aggregate: "count", of: undefined } : this.distinct(named);
  }

  all = (symbol: string) => this.items.filter((one) => one.symbol === symbol);

  understood(conditions: readonly Condition[]): string {
    const texts = this.items.map(({ from, to }) => `"${this.text(from, to)}"`);
    const filters = conditions.map(({ key, operator, values }) => `${keyText(key)} ${operator} ${values.join(" or ")}`);
    return listed([...texts, ...filters, ...this.groups.map((key) => `groups by ${keyText(key)}`)]);
  }
}

export const withColumns = (item: Item, columns: readonly Column[]): Item => ({ ...item, columns });

export const condition = (item: Item, one: Condition): Item => ({ ...item, symbol: "F", options: [one] });
export const negated = (one: Condition): Condition => ({
  ...one,
  operator: one.operator === "=" ? "!=" : doubt("I cannot turn this condition round."),
});
export const sameKey = (a: Key, b: Key) => a.column === b.column && a.bucket === b.bucket;
export const isPeriod = ({ key }: Condition) =>
  key.column.type === "date" || key.bucket !== undefined || key.column.parts.includes("year");

export const isTimeKey = ({ column, bucket }: Key): boolean =>
  bucket !== undefined || column.type === "date" || (column.type === "number" && column.parts.includes("year"));
const hasDay = ({ min }: Column) => typeof min === "string" && min.length > 7;
export const PERSONS = new Set(
  "name customer employee student player agent person member patient driver author director seller waiter manager user assignee owner rep representative worker doctor nurse teacher actor artist winner candidate runner rider swimmer skier host borrower resident guest singer athlete rep assignee".split(
    " ",
  ),
);

const ID = /^(?:id|no|number|code|key|zip|identifier)$/;
/** Whether a column's numbers only number the rows or things. */
export const isNumbering = (parts: readonly string[]): boolean =>
  parts.some((part) => ID.test(part)) && parts.at(0) !== "number";

export const isAdditive = ({ columns, text }: Expression) =>
  (!text.includes(" / ") &&
    columns.every(
      ({ parts }) =>
        parts.some((part) => ADDITIVE.has(part)) &&
        !parts.some((part) => /^(?:price|rate|share|pct|average|avg|mean|per)$/.test(part)),
    )) ||
  (text.includes(" * ") && columns.length > 1);

/** Whether it is unclear if values are to be summed or averaged; the answer contains both. */
export const isUnclear = (of: Expression) =>
  of.columns.length === 1 &&
  !isAdditive(of) &&
  !of.columns.some(({ parts }) => parts.some((part) => AVERAGED.has(part)));

/** A column's name as arithmetic takes it. */
const inFormula = (name: string) => (/^[\p{L}_][\p{L}\p{N}_ ]*$/u.test(name) ? name : `"${name}"`);

export const keyText = ({ column, bucket }: Key): string =>
  bucket === undefined ? column.name : `${bucket}(${column.name})`;

const isPlain = (part: string) => /^(?:date|time|day|month|year|on|of|at)$/.test(part);

/** Whether only words such as "is" or "by" stand between a column and its value. */
export const isLinked = ({ words }: Draft, from: number, to: number) =>
  words
    .slice(from, to)
    .every(({ lower }) =>
      /^(?:is|are|was|were|be|equals?|to|the|not|either|by|of|as|a|an|both|exactly|has|had|have)$/.test(lower),
    );
