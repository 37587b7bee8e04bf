import * as z from "zod";
import { type Amounts, type Spend, type SpendStore, type UsageRow } from "../agents/budgets/index.ts";
import type { RunId } from "../kernel/ids.ts";
import type { Database } from "./database.ts";

const ADD = `
INSERT INTO spend (day, workspace, agent, model, model_calls, input_tokens, output_tokens, cached_input_tokens,
  usd_micros, unpriced_calls, estimated_calls, tool_calls, fuel, ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (day, workspace, agent, model) DO UPDATE SET
  model_calls = model_calls + excluded.model_calls,
  input_tokens = input_tokens + excluded.input_tokens,
  output_tokens = output_tokens + excluded.output_tokens,
  cached_input_tokens = cached_input_tokens + excluded.cached_input_tokens,
  usd_micros = usd_micros + excluded.usd_micros,
  unpriced_calls = unpriced_calls + excluded.unpriced_calls,
  estimated_calls = estimated_calls + excluded.estimated_calls,
  tool_calls = tool_calls + excluded.tool_calls,
  fuel = fuel + excluded.fuel,
  ms = ms + excluded.ms`;

/** Columns of a run's row that a spend adds to, in the order of `spentOf`. */
export const ADD_SPENT = `spent_tokens = spent_tokens + ?, spent_usd_micros = spent_usd_micros + ?,
  spent_tool_calls = spent_tool_calls + ?, spent_ms = spent_ms + ?, spent_fuel = spent_fuel + ?,
  unpriced_calls = unpriced_calls + ?, estimated_calls = estimated_calls + ?`;
const ADD_TO_RUN = `UPDATE runs SET ${ADD_SPENT} WHERE id = ?`;

const NOTHING_SPENT = [0, 0, 0, 0, 0, 0, 0] as const;

/** The values of `ADD_SPENT`. */
export const spentOf = (spend: Spend | undefined): readonly number[] =>
  spend === undefined
    ? NOTHING_SPENT
    : [
        spend.inputTokens + spend.outputTokens,
        spend.usdMicros,
        spend.toolCalls,
        spend.ms,
        spend.fuel,
        spend.unpricedCalls,
        spend.estimatedCalls,
      ];

/** Counts a spend for its run. Only inside the write job of its event. */
export const addSpendToRun = (db: Database, runId: RunId, spend: Spend): void =>
  void db.sql(ADD_TO_RUN).run(...spentOf(spend), runId);

/** Counts a spend for its day. Only inside the write job of its event. */
export function addSpendToDay(db: Database, spend: Spend): void {
  const { day, workspace, agent, model, modelCalls, inputTokens, outputTokens, cachedInputTokens } = spend;
  const { usdMicros, unpricedCalls, estimatedCalls, toolCalls, fuel, ms } = spend;
  db.sql(ADD).run(
    day,
    workspace,
    agent,
    model,
    modelCalls,
    inputTokens,
    outputTokens,
    cachedInputTokens,
    usdMicros,
    unpricedCalls,
    estimatedCalls,
    toolCalls,
    fuel,
    ms,
  );
}

const Sum = z.int();
const Total = z
  .object({ tokens: Sum, usd: Sum, tool_calls: Sum, seconds: Sum, fuel: Sum })
  .transform((amounts): Amounts => amounts);

const Row = z
  .object({
    name: z.string(),
    model_calls: Sum,
    input_tokens: Sum,
    output_tokens: Sum,
    cached_input_tokens: Sum,
    usd_micros: Sum,
    unpriced_calls: Sum,
    estimated_calls: Sum,
    tool_calls: Sum,
    fuel: Sum,
    ms: Sum,
  })
  .transform((row): UsageRow => ({
    name: row.name,
    modelCalls: row.model_calls,
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    cachedInputTokens: row.cached_input_tokens,
    usdMicros: row.usd_micros,
    unpricedCalls: row.unpriced_calls,
    estimatedCalls: row.estimated_calls,
    toolCalls: row.tool_calls,
    fuel: row.fuel,
    ms: row.ms,
  }));

const TOTAL = `
SELECT coalesce(sum(input_tokens + output_tokens), 0) AS tokens, coalesce(sum(usd_micros), 0) AS usd,
  coalesce(sum(tool_calls), 0) AS tool_calls, coalesce(sum(ms), 0) AS seconds, coalesce(sum(fuel), 0) AS fuel
FROM spend WHERE day = ?`;

const SUMS = `
sum(model_calls) AS model_calls, sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
sum(cached_input_tokens) AS cached_input_tokens, sum(usd_micros) AS usd_micros, sum(unpriced_calls) AS unpriced_calls,
sum(estimated_calls) AS estimated_calls, sum(tool_calls) AS tool_calls, sum(fuel) AS fuel, sum(ms) AS ms`;

/** Spend, read from the table that the run journal writes. */
export class SqliteSpendStore implements SpendStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  total: SpendStore["total"] = ({ day, workspace, agent }) => {
    const conditions: [string, string | undefined][] = [
      ["workspace", workspace],
      ["agent", agent],
    ];
    const given = conditions.flatMap(([column, value]) => (value === undefined ? [] : [{ column, value }]));
    const where = given.map(({ column }) => ` AND ${column} = ?`).join("");
    return this.#db.read(() => Total.parse(this.#db.sql(TOTAL + where).get(day, ...given.map(({ value }) => value))));
  };

  usage: SpendStore["usage"] = ({ workspace, by, from, to, agent, limit }) => {
    // What tools used belongs to no model.
    const where = `${agent === undefined ? "" : " AND agent = ?"}${by === "model" ? " AND model <> ''" : ""}`;
    const order = by === "day" ? "name" : "usd_micros DESC, sum(input_tokens + output_tokens) DESC, name";
    const sql = `SELECT ${by} AS name, ${SUMS} FROM spend WHERE day BETWEEN ? AND ? AND workspace = ?${where} GROUP BY ${by} ORDER BY ${order} LIMIT ?`;
    const values = agent === undefined ? [] : [agent];
    return this.#db.read(() =>
      this.#db
        .sql(sql)
        .all(from, to, workspace, ...values, limit)
        .map((row) => Row.parse(row)),
    );
  };
}
