import { expect, test } from "vitest";
import * as z from "zod";
import { correlation } from "./csv-oracle.ts";
import { call, failure, World } from "./harness.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.built-in-csv");

const SALES = `order id,Region,Product,amount,sold on
1,north,apple,5.5,2024-01-05
2,south,pear,7,2024-02-01
3,north,pear,,2024-02-03
4,,apple,2.5,2024-03-01
5,South,fig,10,2024-03-09
`;
const world = () => new World({ "data/sales.csv": SALES });
const sales = (tool: string, given: object) => call("csv_parser", tool, { path: "data/sales.csv", ...given }, world());
const Rows = z.array(z.record(z.string(), z.unknown()));
const rowsOf = ({ structured }: { readonly structured: object }) => z.object({ rows: Rows }).parse(structured).rows;

test("parse gives pages that fit together", () => {
  const first = sales("parse", { limit: 2 });
  expect(first.structured).toMatchObject({ offset: 0, total_rows: 5, next_offset: 2 });
  const last = sales("parse", { offset: 4, limit: 2, columns: ["order_id", "REGION"] });
  expect(last.structured).toMatchObject({
    columns: ["order id", "Region"],
    rows: [{ "order id": 5, Region: "South" }],
    next_offset: null,
  });
  expect(sales("parse", { offset: 9 }).text).toBe("data/sales.csv has 5 rows; there is none after the first 9.");
});

test.for([
  ["=", "north", [1, 3]],
  ["!=", "north", [2, 5]],
  ["contains", "OUT", [2, 5]],
  ["in", ["north", "South"], [1, 3, 5]],
  ["is_missing", null, [4]],
  ["not_missing", null, [1, 2, 3, 5]],
] as const)("conditions on text: %s %s", ([op, value, wanted]) => {
  const found = rowsOf(sales("filter", { where: [{ column: "region", op, ...(value === null ? {} : { value }) }] }));
  expect(found.map((row) => row["order id"])).toEqual(wanted);
});

test.for([
  ["amount", ">", 5.5, [2, 5]],
  ["amount", ">=", "5.5", [1, 2, 5]],
  ["amount", "<", 5.5, [4]],
  ["amount", "!=", 7, [1, 4, 5]],
  ["amount", "in", [7, "10.0"], [2, 5]],
  ["sold on", ">=", "2024-02-03", [3, 4, 5]],
  ["sold on", "<", "2024-02", [1]],
  ["sold on", "=", "2024-03-01", [4]],
  ["Product", ">", "fig", [2, 3]],
] as const)("conditions on %s: %s %s", ([column, op, value, wanted]) => {
  const found = rowsOf(sales("filter", { where: [{ column, op, value }] }));
  expect(found.map((row) => row["order id"])).toEqual(wanted);
});

test("all conditions must hold, and an order puts missing values last", () => {
  const where = [
    { column: "product", op: "in", value: ["apple", "pear"] },
    { column: "order id", op: "<", value: 4 },
  ];
  for (const order of ["asc", "desc"]) {
    const found = rowsOf(sales("filter", { where, sort_by: "amount", order, columns: ["order id"] }));
    expect(found.map((row) => row["order id"])).toEqual(order === "asc" ? [1, 2, 3] : [2, 1, 3]);
  }
});

test("a condition that fits nothing but for upper case says so", () => {
  const { text, structured } = sales("filter", { where: [{ column: "region", value: "NORTH" }] });
  expect(structured).toMatchObject({ matched: 0, rows_read: 5 });
  expect(text).toContain("no row has 'NORTH' in 'Region', but some have 'north'");
});

test("group by several columns keeps missing keys apart and counts without a value", () => {
  const { structured } = sales("group", { group_by: ["region", "product"], sort_by: "key", order: "asc" });
  expect(structured).toMatchObject({ value: null, groups_total: 5, rows_matched: 5 });
  expect(rowsOf({ structured })).toEqual([
    { Region: "South", Product: "fig", count: 1 },
    { Region: "north", Product: "apple", count: 1 },
    { Region: "north", Product: "pear", count: 1 },
    { Region: "south", Product: "pear", count: 1 },
    { Region: "(missing)", Product: "apple", count: 1 },
  ]);
});

test("groups are ordered by any statistic, those without it last, and cut at the limit", () => {
  const given = { group_by: ["product"], value: "amount", sort_by: "stdev", order: "desc", limit: 2 };
  const { structured, text } = sales("group", given);
  expect(structured).toMatchObject({ groups_total: 3, rows: [{ Product: "apple" }, { Product: "fig", stdev: null }] });
  expect(text).toContain("the first 2 of them below");
});

test("numbers that are written in two ways are one group", () => {
  const text = "year,x\n2007,1\n2007.0,2\n2008,3\n";
  const { structured } = call("csv_parser", "group", { text, group_by: ["year"], value: "x" });
  expect(rowsOf({ structured })).toMatchObject([
    { year: 2008, count: 1 },
    { year: 2007, count: 2, sum: 3 },
  ]);
});

test("a column called like a statistic is distinguished from it", () => {
  const { structured } = call("csv_parser", "group", { text: "count,x\na,1\nb,2\n", group_by: ["count"] });
  expect(rowsOf({ structured })).toEqual([
    { "count (column)": "a", count: 1 },
    { "count (column)": "b", count: 1 },
  ]);
});

test("statistics correlate every two columns over the rows that have both", () => {
  const pairs = Array.from({ length: 50 }, (_, index) => [index, Math.cos(index) + index / 20] as const);
  const text = `a,b,c\n${pairs.map(([x, y], index) => `${x},${y},${index % 5 === 0 ? "" : -x}`).join("\n")}\n`;
  const { structured } = call("csv_parser", "statistics", { text });
  const { correlations } = z
    .object({ correlations: z.array(z.object({ a: z.string(), b: z.string(), r: z.number(), n: z.int() })) })
    .parse(structured);
  expect(correlations[0]).toEqual({ a: "a", b: "c", r: -1, n: 40 });
  expect(correlations[1]).toMatchObject({ a: "b", b: "c", n: 40 });
  expect(correlations[2]?.r).toBeCloseTo(correlation(pairs), 12);
});

test("correlations over many rows with gaps, large and nearly equal values are those of a plain computation", () => {
  const rows = Array.from({ length: 3_000 }, (_, index) => {
    const x = 1e6 + Math.sin(index * 1.7);
    return { x, y: index % 700 < 90 ? null : x * 3 + Math.cos(index), w: index % 7 === 0 ? null : -index };
  });
  const text = `x,y,w\n${rows.map(({ x, y, w }) => `${x},${y ?? "NA"},${w ?? ""}`).join("\n")}\n`;
  const { structured } = call("csv_parser", "statistics", { text });
  const { correlations } = z
    .object({
      correlations: z.array(
        z.object({ a: z.enum(["x", "y", "w"]), b: z.enum(["x", "y", "w"]), r: z.number(), n: z.int() }),
      ),
    })
    .parse(structured);
  expect(correlations).toHaveLength(3);
  for (const { a, b, r, n } of correlations) {
    const pairs = rows.flatMap((row) => {
      const [left, right] = [row[a], row[b]];
      return left === null || right === null ? [] : [[left, right] as const];
    });
    expect(n).toBe(pairs.length);
    expect(r).toBeCloseTo(correlation(pairs), 8);
  }
});

test("statistics of some rows and some columns", () => {
  const { structured } = sales("statistics", { columns: ["amount"], where: [{ column: "amount", op: "<", value: 8 }] });
  expect(structured).toMatchObject({
    statistics: [{ column: "amount", count: 3, missing: 0, sum: 15, median: 5.5, min: 2.5, max: 7 }],
    correlations: [],
    rows_read: 5,
    rows_matched: 3,
  });
});

test("very long cells are cut, and rows that make a result too large are left out with a note", () => {
  const long = `${"x".repeat(5_000)},${"y".repeat(1_000)}`;
  const text = `a,b,c\n${Array.from({ length: 200 }, (_, index) => `${index},${long}`).join("\n")}\n`;
  const { structured, text: shown } = call("csv_parser", "parse", { text, limit: 200, header: "yes" });
  const rows = rowsOf({ structured });
  expect(rows[0]?.["b"]).toBe(`${"x".repeat(2_000)}…`);
  expect(structured).toMatchObject({ next_offset: rows.length, total_rows: 200 });
  expect(shown).toContain("rows are left out, since a result may hold 400 KiB");
});

test.for([
  [{}, "give exactly one of 'path' (a CSV file) and 'text' (CSV itself)."],
  [{ path: "data/sales.csv", text: "a" }, "give exactly one of 'path'"],
  [
    { path: "data/nope.csv" },
    "there is no file 'data/nope.csv'; paths are relative to the server's directory, an uploaded file is 'uploads/<name>'.",
  ],
  [
    { path: "data/secret.csv" },
    "'data/secret.csv' is not granted to this tool; upload it with --file, or grant its directory: [[tool_servers.<server>.grants.files]] in caxton.toml.",
  ],
  [{ path: "data" }, "'data' is a directory; name a file in it."],
  [{ path: "a,b\n1,2\n" }, "a path is one line"],
  [{ path: "" }, "the path is empty"],
  [{ text: "" }, "the text is empty: it has no header and no rows."],
  [{ text: " \n\n " }, "the text is empty"],
  [{ text: "species,island\n" }, "the text has a header and no rows (columns: species, island)."],
  [{ path: "data/photo.png" }, "data/photo.png is not a text file: byte 5 is NUL."],
  [{ text: "a,b\n1,2\n", delimiter: "::" }, `'delimiter' is "::"; it must be one of: auto, ,, ;, tab, |, :, space.`],
  [{ text: "a,b\n1,2\n", seperator: ";" }, "there is no argument 'seperator'."],
  [{ path: 7 }, "'path' must be a text, not a number."],
  [{ text: `a,b\n${"1,".repeat(3_000)}\n` }, "at most 2000 columns are read"],
  [{ text: `a,b\n1,"${"x".repeat(1_200_000)}\n` }, "holds a cell longer than 1048576 bytes, the limit"],
] as const)("describe %.80j fails with its reason", ([given, wanted]) => {
  const denied = new World({ "data/sales.csv": SALES, "data/photo.png": "\u0089PNG\0\0" });
  denied.put("data/secret.csv", SALES);
  denied.denied.add("data/secret.csv");
  expect(failure("csv_parser", "describe", given, denied)).toContain(wanted);
});

test.for([
  [
    "group",
    { group_by: ["regoin"] },
    "has no column 'regoin'. Did you mean 'Region'? Its columns: order id, Region, Product, amount, sold on.",
  ],
  ["group", { group_by: Array(9).fill("Region") }, "'group_by' may name at most 8 columns."],
  [
    "group",
    { group_by: ["Region"], value: "Product" },
    "'Product' is not a column of numbers: 5 of 5 values are none, such as 'apple' (row 1), 'pear' (row 2), 'pear' (row 3). To count rows, leave 'value' out.",
  ],
  ["group", { group_by: ["Region"], sort_by: "mean" }, `sort_by "mean" needs a 'value' column`],
  ["group", { value: "amount", values: ["amount"] }, "give 'value' or 'values', not both."],
  ["group", { aggregates: ["sum"] }, "the aggregate 'sum' needs a 'value' column"],
  ["group", { value: "amount", aggregates: ["p101"] }, "there is no aggregate 'p101'"],
  ["group", { value: "amount", aggregates: ["part_sum"] }, "the aggregate 'part_sum' needs 'part'"],
  ["group", { value: "sold on", aggregates: ["mean"] }, "not all numbers, so there is no mean of them"],
  ["group", { value: "amount * prize" }, "has no column 'prize'"],
  ["group", { value: "amount * Product" }, "'Product' is a column of text; a formula needs numbers."],
  ["group", { value: "amount * (2" }, "the formula 'amount * (2' ends too early."],
  ["group", { value: "amount ** 2" }, "cannot be read at '* 2'"],
  ["group", { value: `${"(".repeat(40)}1` }, "more than 32 parentheses"],
  ["group", { value: "sold on / 2" }, "'sold on' is a column of dates; a difference of dates is written days(a - b)."],
  ["group", { group_by: ["month(amount)"] }, "'amount' is not a column of dates. Columns of dates: 'sold on'."],
  ["group", { group_by: ["range(amount, 0)"] }, "range needs a column and how wide a range is"],
  ["filter", { where: [{ column: "amount", op: "between", value: [1] }] }, "needs a list of two values"],
  ["filter", { where: [{ any: [] }] }, "'any' is a list of conditions of which one must hold"],
  ["filter", { where: [{ column: "weekday(sold on)", value: "Moonday" }] }, "'weekday(sold on)' cannot be 'Moonday'."],
  [
    "filter",
    { where: [{ column: "amount", op: ">", value: "much" }] },
    "'amount' is a column of numbers; it cannot be > 'much'.",
  ],
  [
    "filter",
    { where: [{ column: "sold on", op: ">", value: "May" }] },
    "'sold on' is a column of dates; write 'May' as 2024-05-31, 2024-05, 2024-Q2 or 2024.",
  ],
  ["filter", { where: [{ column: "amount", op: "~", value: 1 }] }, "there is no operator '~'"],
  ["filter", { where: [{ column: "amount" }] }, "the condition on 'amount' has no 'value'."],
  ["filter", { where: [{ op: "=", value: 1 }] }, "'column' is missing"],
  ["filter", { limit: 0 }, "'limit' is 0; it must be from 1 to 1000."],
  ["statistics", { columns: ["Region"] }, "'Region' is not a column of numbers"],
] as const)("%s %j fails with its reason", ([tool, given, wanted]) => {
  expect(failure("csv_parser", tool, { path: "data/sales.csv", ...given }, world())).toContain(wanted);
});

test("a few values that are not numbers are left out with a note; more are an error", () => {
  const numbers = Array.from({ length: 100 }, (_, index) => `a,${index}`);
  const few = call("csv_parser", "group", {
    text: `k,x\n${numbers.join("\n")}\na,oops\n`,
    group_by: ["k"],
    value: "x",
  });
  expect(few.structured).toMatchObject({ rows: [{ count: 101, missing: 0, mean: 49.5 }] });
  expect(few.text).toContain("1 values of 'x' are not numbers and were left out: 'oops' (row 101)");
  const words = ["u", "v", "w", "y", "z", "q"].map((word) => `a,${word}`).join("\n");
  const many = { text: `k,x\n${numbers.join("\n")}\n${words}\n`, group_by: ["k"], value: "x" };
  expect(failure("csv_parser", "group", many)).toContain("6 of 106 values are none");
});

test("more groups than can be held are refused", () => {
  const text = `id\n${Array.from({ length: 100_001 }, (_, index) => `k${index}`).join("\n")}\n`;
  const lots = new World({ "t.csv": text });
  const given = { path: "t.csv", group_by: ["id"] };
  expect(failure("csv_parser", "group", given, lots)).toContain("more than 100000 groups");
});
