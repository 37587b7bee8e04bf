import type { PoolClient } from "pg";
import { encodeText, encodeJson, decodeJson, decodeText } from "./texts.ts";

/** A row as it comes. */
export type Row = Readonly<Record<string, unknown>>;
/** Rows that a statement reads with `json_to_recordset`. */
export class Records {
  readonly #rows: readonly object[];
  constructor(rows: readonly object[]) {
    this.#rows = rows;
  }
  get text(): string {
    return encodeJson(this.#rows);
  }
}
export type Value = string | number | boolean | null | readonly (string | number)[] | Records;

/** A connection that is in use. */
export interface Session {
  /** Runs a statement that is prepared once in each connection. */
  rows(sql: string, values?: readonly Value[]): Promise<readonly Row[]>;
  /** Runs statements without values, unprepared. */
  run(sql: string): Promise<void>;
}

/** Values of a statement that is put together. */
export class Values {
  readonly all: Value[] = [];

  /** Its place in the statement: `$1`. */
  add(value: Value): string {
    this.all.push(value);
    return `$${this.all.length}`;
  }
}

const names = new Map<string, string>();

/** The name by which a connection knows a statement that was prepared. */
function nameOf(sql: string): string {
  let name = names.get(sql);
  if (name === undefined) names.set(sql, (name = `caxton_${names.size}`));
  return name;
}

function sent(value: Value): unknown {
  if (value instanceof Records) return value.text;
  if (typeof value === "string") return encodeText(value);
  return Array.isArray(value)
    ? value.map((each: unknown) => (typeof each === "string" ? encodeText(each) : each))
    : value;
}

export const sessionOf = (client: PoolClient): Session => ({
  rows: async (sql, values = []) => {
    const result = await client.query<Row>({ name: nameOf(sql), text: sql, values: values.map(sent) });
    return result.rows;
  },
  run: async (sql) => void (await client.query(sql)),
});

const listOfNumbers = (text: string): readonly number[] =>
  text === "{}" ? [] : text.slice(1, -1).split(",").map(Number);

/** How values are read, by PostgreSQL's numbers of their types (source: its pg_type.dat); others are texts. */
const PARSERS: ReadonlyMap<number, (text: string) => unknown> = new Map<number, (text: string) => unknown>([
  [16, (text) => text === "t"],
  [20, Number],
  [21, Number],
  [23, Number],
  [25, decodeText],
  [114, decodeJson],
  [701, Number],
  [1007, listOfNumbers],
  [1700, Number],
]);

export const parserOf = (type: number): ((text: string) => unknown) => PARSERS.get(type) ?? ((text) => text);
