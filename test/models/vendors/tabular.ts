import * as z from "zod";
import type { JsonObject } from "../../../src/kernel/json.ts";
import { type Sample, SAMPLES } from "./tables.ts";

/** What any tool for tables can compute; the tools of the tests differ only in how they are called and answer. */
export type Row = { readonly [column: string]: string | number | null };
export type Where = readonly { readonly column: string; readonly op?: string | undefined; readonly value?: unknown }[];

export class ToolFailure extends Error {}

export function load({ path, text }: { path?: string | undefined; text?: string | undefined }): Sample {
  if (text !== undefined) return parse(text);
  const sample = path === undefined ? undefined : SAMPLES[path];
  if (sample === undefined) throw new ToolFailure(`there is no file '${path ?? ""}'`);
  return sample;
}

const readCell = (raw: string) => (raw === "" ? null : Number.isNaN(Number(raw)) ? raw : Number(raw));

function parse(text: string): Sample {
  const [header = "", ...lines] = text.trim().split("\n");
  const delimiter = header.includes(";") ? ";" : ",";
  return { columns: header.split(delimiter), rows: lines.map((line) => line.split(delimiter).map(readCell)) };
}

export const rowsIn = ({ columns, rows }: Sample): readonly Row[] =>
  rows.map((cells) => Object.fromEntries(columns.map((name, at) => [name, cells[at] ?? null])));

const kindOf = (values: readonly (string | number | null)[]) => {
  const present = values.filter((value) => value !== null);
  if (present.every((value) => typeof value === "number")) return "number";
  return present.every((value) => /^\d{4}-\d\d-\d\d$/.test(String(value))) ? "date" : "text";
};

export function describe(sample: Sample): readonly JsonObject[] {
  return sample.columns.map((name, at) => {
    const values = sample.rows.map((row) => row[at] ?? null);
    const present = values.filter((value) => value !== null);
    const base = { name, type: kindOf(values), missing: values.length - present.length };
    if (base.type === "number") return { ...base, distinct: new Set(present).size, ...figures(present.map(Number)) };
    const sorted = present.map(String).toSorted();
    if (base.type === "date") return { ...base, min: sorted[0] ?? null, max: sorted.at(-1) ?? null };
    const counts = Map.groupBy(sorted, (value) => value);
    const top = [...counts].map(([value, all]) => ({ value, count: all.length })).toSorted((a, b) => b.count - a.count);
    return { ...base, distinct: counts.size, top: top.slice(0, 5) };
  });
}

export function figures(values: readonly number[]) {
  const sorted = values.toSorted((a, b) => a - b);
  const sum = values.reduce((all, value) => all + value, 0);
  const middle = sorted.length / 2;
  const median = ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2;
  return { sum, mean: sum / values.length, median, min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0 };
}

export function matching(sample: Sample, where: Where): readonly Row[] {
  for (const { column } of where) if (!sample.columns.includes(column)) throw new ToolFailure(`no column '${column}'`);
  return rowsIn(sample).filter((row) => where.every((condition) => fits(row[condition.column] ?? null, condition)));
}

function fits(cell: string | number | null, { op = "=", value }: Where[number]): boolean {
  if (cell === null || op.endsWith("_missing")) return (cell === null) === (op === "is_missing");
  if (op === "in") return z.array(z.unknown()).parse(value).includes(cell);
  if (op === "=") return cell === value;
  if (op === "!=") return cell !== value;
  const wanted = typeof cell === "number" ? Number(value) : String(value);
  if (op === ">") return cell > wanted;
  if (op === ">=") return cell >= wanted;
  return op === "<" ? cell < wanted : cell <= wanted;
}

/** Rows of groups, each with its key, its count and the figures of a value column. */
export function group(rows: readonly Row[], by: readonly string[], value: string | undefined): readonly JsonObject[] {
  const groups = Map.groupBy(rows, (row) => JSON.stringify(by.map((name) => row[name] ?? "(missing)")));
  return [...groups.values()].map((members) => {
    const key = Object.fromEntries(by.map((name) => [name, members[0]?.[name] ?? "(missing)"]));
    if (value === undefined) return { ...key, count: members.length };
    const numbers = members.map((row) => row[value] ?? null).filter((cell) => typeof cell === "number");
    return { ...key, count: members.length, missing: members.length - numbers.length, ...figures(numbers) };
  });
}

/** Pearson's correlation over the rows that have both values. */
export function correlation(rows: readonly Row[], x: string, y: string): number {
  const pairs = rows.flatMap((row) => {
    const [a, b] = [row[x] ?? null, row[y] ?? null];
    return typeof a === "number" && typeof b === "number" ? [[a, b] as const] : [];
  });
  const meanX = figures(pairs.map(([a]) => a)).mean;
  const meanY = figures(pairs.map(([, b]) => b)).mean;
  const sum = (of: (a: number, b: number) => number) =>
    pairs.reduce((all, [a, b]) => all + of(a - meanX, b - meanY), 0);
  return sum((a, b) => a * b) / Math.sqrt(sum((a) => a * a) * sum((_, b) => b * b));
}
