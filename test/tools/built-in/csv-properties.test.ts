import * as fc from "fast-check";
import { expect, test } from "vitest";
import * as z from "zod";
import { quantile, summary } from "./csv-oracle.ts";
import { call, World } from "./harness.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.built-in-csv");

const RUNS = { numRuns: 100 };

type Style = {
  readonly delimiter: string;
  readonly newline: string;
  readonly quoteAll: boolean;
  readonly endsBare: boolean;
};
const style: fc.Arbitrary<Style> = fc.record({
  delimiter: fc.constantFrom(",", ";", "\t", "|"),
  newline: fc.constantFrom("\n", "\r\n", "\r"),
  quoteAll: fc.boolean(),
  endsBare: fc.boolean(),
});

function write(rows: readonly (readonly string[])[], { delimiter, newline, quoteAll, endsBare }: Style): string {
  const cell = (text: string) =>
    quoteAll || text.includes(delimiter) || /["\n\r]|^ | $|^$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const lines = rows.map((row) => row.map(cell).join(delimiter));
  return lines.join(newline) + (endsBare ? "" : newline);
}

const delimiterOption = ({ delimiter }: Style) => (delimiter === "\t" ? "tab" : delimiter);

/** Words that are no numbers, no dates and no markers of missing values. */
const word = fc
  .string({ unit: fc.constantFrom(...Array.from("abcxyzäß,;|\"'\n \té€")), minLength: 1, maxLength: 12 })
  .map((text) => `w${text.trim()}`);

const Row = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));
const rowsOf = (structured: object) => z.object({ rows: z.array(Row) }).parse(structured).rows;

test("every cell comes back as it was written, whatever the delimiter, line ends and quotes", () => {
  const table = fc
    .integer({ min: 1, max: 6 })
    .chain((width) =>
      fc.array(fc.array(word, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 30 }),
    );
  fc.assert(
    fc.property(table, style, (rows, how) => {
      const header = (rows[0] ?? []).map((_, index) => `column ${String.fromCodePoint(97 + index)}`);
      const text = write([header, ...rows], how);
      const given = { path: "t.csv", header: "yes", delimiter: delimiterOption(how), limit: 200 };
      const { structured } = call("csv_parser", "parse", given, new World({ "t.csv": text }));
      expect(rowsOf(structured)).toEqual(
        rows.map((row) => Object.fromEntries(header.map((name, at) => [name, row[at]]))),
      );
    }),
    RUNS,
  );
});

/** Whole numbers above 2^53 are taken for identifiers, and squares of the smallest numbers are zero. */
const isQuantity = (value: number) =>
  value === 0 || (Number.isInteger(value) ? Number.isSafeInteger(value) || value >= 1e21 : Math.abs(value) > 1e-100);
const plainNumber = fc.oneof(
  fc.integer({ min: -1_000_000, max: 1_000_000 }),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((value) => Number(value.toFixed(3))),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e100, max: 1e100 }).filter(isQuantity),
);
const measured = fc.record({
  group: fc.constantFrom("north", "south", "east, far", 'w"est', ""),
  value: fc.option(plainNumber, { freq: 6 }),
});

const close = (found: unknown, wanted: number | null, scale: number) => {
  if (wanted === null) return expect(found).toBeNull();
  const number = z.number().parse(found);
  expect(Math.abs(number - wanted)).toBeLessThanOrEqual(1e-9 * Math.max(scale, Math.abs(wanted)));
};

test("group counts and sums up as a plain computation does", () => {
  fc.assert(
    fc.property(fc.array(measured, { minLength: 1, maxLength: 80 }), style, (rows, how) => {
      fc.pre(rows.some(({ value }) => value !== null));
      const cells = rows.map(({ group, value }) => [group, value === null ? "NA" : String(value + 0), "text"]);
      const text = write([["Region", "Amount", "kind"], ...cells], how);
      const given = {
        path: "t.csv",
        group_by: ["region"],
        value: "AMOUNT",
        sort_by: "key",
        header: "yes",
        delimiter: delimiterOption(how),
        decimal: ".",
      };
      const { structured } = call("csv_parser", "group", given, new World({ "t.csv": text }));
      const wanted = Map.groupBy(rows, ({ group }): string => group || "(missing)");
      const found = rowsOf(structured);
      expect(new Set(found.map((row) => row["Region"]))).toEqual(new Set(wanted.keys()));
      for (const row of found) {
        const members = wanted.get(String(row["Region"])) ?? [];
        const values = members.flatMap(({ value }) => (value === null ? [] : [value]));
        const scale = values.reduce((all, value) => all + Math.abs(value), 0);
        expect(row).toMatchObject({ count: members.length, missing: members.length - values.length });
        for (const [name, figure] of Object.entries(summary(values))) close(row[name], figure, scale);
      }
    }),
    RUNS,
  );
});

const Described = z.object({ rows: z.int(), columns: z.array(z.looseObject({ name: z.string(), type: z.string() })) });

test("describe gives each column its type and figures", () => {
  const row = fc.record({
    number: plainNumber,
    word,
    day: fc.date({ min: new Date("1900-01-01"), max: new Date("2100-01-01"), noInvalidDate: true }),
  });
  fc.assert(
    fc.property(fc.array(row, { minLength: 2, maxLength: 60 }), style, (rows, how) => {
      const cells = rows.map((one) => [String(one.number + 0), one.word, one.day.toISOString().slice(0, 10)]);
      const text = write([["n", "w", "d"], ...cells], how);
      const given = { path: "t.csv", delimiter: delimiterOption(how), decimal: "." };
      const { structured } = call("csv_parser", "describe", given, new World({ "t.csv": text }));
      const { columns, rows: count } = Described.parse(structured);
      expect(count).toBe(rows.length);
      expect(columns.map(({ type }) => type)).toEqual(["number", "text", "date"]);
      const numbers = rows.map(({ number }) => number);
      const scale = numbers.reduce((all, value) => all + Math.abs(value), 0);
      for (const [name, figure] of Object.entries(summary(numbers))) close(columns[0]?.[name], figure, scale);
      expect(columns[0]?.["distinct"]).toBe(new Set(numbers.map((value) => value + 0)).size);
      expect(columns[1]?.["distinct"]).toBe(new Set(rows.map((one) => one.word)).size);
      const days = rows.map((one) => one.day.toISOString().slice(0, 10)).toSorted();
      expect([columns[2]?.["min"], columns[2]?.["max"]]).toEqual([days[0], days.at(-1)]);
    }),
    RUNS,
  );
});

test("the delimiter and the header are found out when the rows are clear", () => {
  const row = fc.tuple(word, plainNumber, fc.integer({ min: 0, max: 99 }));
  fc.assert(
    fc.property(fc.array(row, { minLength: 3, maxLength: 20 }), style, fc.boolean(), (rows, how, headed) => {
      // A first row such as w,1,2 could as well be the names of a wide table.
      fc.pre(Number(rows[0]?.[1]) + 1 !== rows[0]?.[2]);
      const cells = rows.map(([name, x, n]) => [name.replaceAll(/[,;|\t\n"]/g, "_"), String(x + 0), String(n)]);
      const text = write(headed ? [["name", "x", "n"], ...cells] : cells, { ...how, quoteAll: false });
      const { structured } = call("csv_parser", "describe", { text });
      expect(structured).toMatchObject({ delimiter: delimiterOption(how), header: headed, rows: rows.length });
    }),
    RUNS,
  );
});

test("quartiles of many numbers are those of the sorted list", () => {
  const values = Array.from({ length: 30_000 }, (_, index) => Math.fround(Math.sin(index) * 10 ** (index % 9)));
  const text = `x\n${values.map((value) => (value === 0 ? "0" : String(value))).join("\n")}\n`;
  const { structured } = call("csv_parser", "statistics", { path: "t.csv" }, new World({ "t.csv": text }));
  const [row] = z.object({ statistics: z.array(z.record(z.string(), z.unknown())) }).parse(structured).statistics;
  for (const [name, fraction] of [
    ["q1", 0.25],
    ["median", 0.5],
    ["q3", 0.75],
  ] as const) {
    expect(row?.[name]).toBe(quantile(values, fraction));
  }
});

test("filter with an order gives what sorting everything would", () => {
  const row = fc.tuple(fc.integer({ min: -20, max: 20 }), fc.constantFrom("a", "b"));
  const limit = fc.integer({ min: 1, max: 12 });
  fc.assert(
    fc.property(
      fc.array(row, { minLength: 1, maxLength: 60 }),
      limit,
      fc.constantFrom("asc", "desc"),
      (rows, most, order) => {
        const text = `x,k,row\n${rows.map(([x, k], at) => `${x},${k},${at}`).join("\n")}\n`;
        const given = { text, header: "yes", where: [{ column: "k", value: "a" }], sort_by: "x", order, limit: most };
        const { structured } = call("csv_parser", "filter", given);
        const fitting = rows.map(([x, k], at) => ({ x, k, row: at })).filter(({ k }) => k === "a");
        const sorted = fitting.toSorted((left, right) => (order === "asc" ? left.x - right.x : right.x - left.x));
        expect(rowsOf(structured)).toEqual(sorted.slice(0, most));
        expect(structured["matched"]).toBe(fitting.length);
      },
    ),
    RUNS,
  );
});

test("no bytes whatever make the parser trap", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc
      .array(fc.constantFrom(...Array.from("a1\",;\t|\n\r -.€=#'")), { maxLength: 200 })
      .map((chars) => new TextEncoder().encode(chars.join(""))),
  );
  const tool = fc.constantFrom("describe", "parse", "statistics");
  fc.assert(
    fc.property(bytes, tool, (content, name) => {
      const { text } = call("csv_parser", name, { path: "t.csv" }, new World({ "t.csv": content }));
      expect(text).not.toBe("");
    }),
    { numRuns: 400 },
  );
});
