/** What a planner or language model asks of tables: values found, times and ranges, several figures, parts and shares. */
import { expect, test } from "vitest";
import * as z from "zod";
import { call, failure } from "./harness.ts";

const Column = z.looseObject({ name: z.string(), type: z.string(), reading: z.looseObject({}).optional() });
const Found = z.object({ text: z.string(), column: z.string(), value: z.json(), rows: z.int(), match: z.string() });
const Described = z.looseObject({
  columns: z.array(Column),
  notes: z.array(z.string()),
  found: z.array(Found).optional(),
  found_total: z.record(z.string(), z.int()).optional(),
});
const Rows = z.looseObject({ rows: z.array(z.record(z.string(), z.json())), rows_matched: z.int().optional() });

const describe = (text: string, given: object = {}) =>
  Described.parse(call("csv_parser", "describe", { text, ...given }).structured);
const group = (text: string, given: object) =>
  Rows.parse(call("csv_parser", "group", { text, ...given }).structured).rows;
const filter = (text: string, given: object) =>
  Rows.parse(call("csv_parser", "filter", { text, ...given }).structured).rows;
const matched = (text: string, where: readonly object[]) =>
  Rows.parse(call("csv_parser", "group", { text, where }).structured).rows[0]?.["count"];
const column = (text: string, name: string) => describe(text).columns.find((each) => each.name === name);

const ORDERS = `order,placed,product,country,quantity,unit price,returned,shipped
1,2024-01-31 23:30,Widget,Germany,2,10.00,yes,2024-02-02
2,2024-02-29 08:15,Gadget,France,1,20.00,no,2024-03-01
3,2024-03-04 18:00,Widget,Germany,5,10.00,no,2024-03-05
4,2024-12-30 10:00,Gizmo,Côte d'Ivoire,4,2.50,no,2025-01-02
5,2024-12-31 19:45,Widgets Pro,Japan,1,100.00,yes,2025-01-10
6,2023-03-06 07:00,Gadget,Germany,,20.00,no,
`;

test.for([
  ["$132,000 in quotes", '"$132,000"', '"$683,000"', 407_500, { unit: "$", thousands: "," }],
  ["one of millions among thousands", '"$132,000"', '"$1,683,000"', 907_500, { unit: "$", thousands: "," }],
  ["the sign only sometimes", "132000", '"$683,000"', 407_500, { unit: "$", thousands: "," }],
  ["a loss in parentheses", "(250.00)", "($50.00)", -150, { unit: "$" }],
  ["a minus before the sign", '"-$1,000.50"', "$0.50", -500, { unit: "$", thousands: "," }],
  ["codes of currency", "USD 10", "30 USD", 20, { unit: "USD" }],
  ["decimal commas with a sign", '"1.000,50 €"', '"0,50 €"', 500.5, { unit: "€", decimal: ",", thousands: "." }],
  ["millions without a sign", '"1,683,000"', '"317,000"', 1_000_000, { thousands: "," }],
] as const)("no amount is misread: %s", ([, first, second, mean, reading]) => {
  const found = column(`id,price\n1,${first}\n2,${second}\n`, "price");
  expect(found).toMatchObject({ type: "number", mean });
  expect(found?.reading).toEqual(reading);
});

test("a comma that may be either is said, with or without a sign of currency", () => {
  for (const sign of ["", "$"]) {
    const { notes } = describe(`id,price\n1,"${sign}132,000"\n2,"${sign}683,000"\n`);
    expect(notes.join()).toContain("the comma in 'price' is read as thousands separator");
  }
  expect(describe(`id,price\n1,"$132,000"\n2,"$1,683,000"\n`).notes.join()).not.toContain("the comma in");
  expect(describe(`id;price\n1;$1,250\n2;$2,000\n`).notes.join()).toContain("is read as decimal comma");
  const several = describe("id,price\n1,$5\n2,€6\n");
  expect(several.columns[1]).toMatchObject({ type: "number", reading: { unit: "$ €" } });
  expect(several.notes.join()).toContain("'price' has amounts in several currencies ($, €)");
});

test("a word among numbers leaves them numbers and is reported", () => {
  const text =
    "name,score,day\na,10,2024-01-01\nb,absent,unknown\nc,30,2024-01-03\nd,n/a,2024-01-04\ne,none,2024-01-05\n";
  expect(column(text, "score")).toMatchObject({
    type: "number",
    mean: 20,
    missing: 2,
    reading: { missing_markers: { "n/a": 1, none: 1 }, text_cells: { absent: 1 } },
  });
  expect(column(text, "day")).toMatchObject({ type: "date", reading: { text_cells: { unknown: 1 } } });
  // Groups and conditions still know the word.
  expect(group(text, { group_by: ["score"], sort_by: "key", order: "asc" }).map((row) => row["score"])).toEqual([
    10,
    30,
    "absent",
    "(missing)",
  ]);
  expect(matched(text, [{ column: "score", value: "absent" }])).toBe(1);
  expect(column("size\n8\n10\nS\nM\nL\nXL\n", "size")).toMatchObject({ type: "text" });
});

test("none is a category among texts", () => {
  const text = "dog,vaccine\na,none\nb,rabies\nc,\nd,none\n";
  expect(column(text, "vaccine")).toMatchObject({ missing: 1, values: ["none", "rabies"] });
  expect(matched(text, [{ column: "vaccine", value: "none" }])).toBe(2);
  expect(column("a,b\n1,none\n2,none\n", "b")).toMatchObject({ type: "text", missing: 0 });
});

test.for([
  ["5/31/24", "6/1/98", "1998-06-01", "2024-05-31"],
  ["31.05.24", "01.06.68", "2024-05-31", "2068-06-01"],
  ["31-May-24", "1-Jun-69", "1969-06-01", "2024-05-31"],
] as const)("years of two digits are those of a date: %s", ([first, second, min, max]) => {
  expect(column(`day,x\n${first},1\n${second},2\n`, "day")).toMatchObject({ type: "date", min, max });
  expect(column("code,x\n01-02-03,1\n04-05-06,2\n", "code")).toMatchObject({ type: "text" });
});

test("all values are given when there are at most fifty", () => {
  const { columns } = describe(ORDERS);
  expect(columns.map(({ name, values }) => [name, values])).toEqual([
    ["order", [1, 2, 3, 4, 5, 6]],
    ["placed", undefined],
    ["product", ["Widget", "Gadget", "Gizmo", "Widgets Pro"]],
    ["country", ["Germany", "France", "Côte d'Ivoire", "Japan"]],
    ["quantity", [1, 2, 4, 5]],
    ["unit price", [2.5, 10, 20, 100]],
    ["returned", ["no", "yes"]],
    ["shipped", undefined],
  ]);
  expect(column("x\n-0.0\n0\n-1.5\n", "x")).toMatchObject({ values: [-1.5, 0] });
  const many = Array.from({ length: 51 }, (_, index) => `${index},w${index}`).join("\n");
  expect(describe(`n,w\n${many}\n`).columns.map(({ values }) => values)).toEqual([undefined, undefined]);
});

test("words of a question are found in all rows", () => {
  const find = ["germany", "widgets", "cote d'ivoire", "japanese", "100", "2024-02-02", "Gadget", "nothing", "yes"];
  expect(describe(ORDERS, { find }).found).toEqual([
    { text: "germany", column: "country", value: "Germany", rows: 3, match: "equal" },
    { text: "widgets", column: "product", value: "Widgets Pro", rows: 1, match: "word" },
    { text: "widgets", column: "product", value: "Widget", rows: 2, match: "stem" },
    { text: "cote d'ivoire", column: "country", value: "Côte d'Ivoire", rows: 1, match: "equal" },
    { text: "100", column: "unit price", value: 100, rows: 1, match: "equal" },
    { text: "2024-02-02", column: "shipped", value: "2024-02-02", rows: 1, match: "equal" },
    { text: "Gadget", column: "product", value: "Gadget", rows: 2, match: "equal" },
    { text: "yes", column: "returned", value: "yes", rows: 2, match: "equal" },
  ]);
  const rare = `city,x\n${Array.from({ length: 12_000 }, (_, index) => `town ${index},1`).join("\n")}\nUlm,2\n`;
  const found = describe(rare, { find: ["Ulm", "towns"] });
  expect(found.found?.[0]).toEqual({ text: "Ulm", column: "city", value: "Ulm", rows: 1, match: "equal" });
  expect(found.found).toHaveLength(21);
  expect(found.found_total).toEqual({ towns: 12_000 });
});

test.for([
  ["year(placed)", [2023, 2024], [1, 5]],
  ["quarter(placed)", ["2023-Q1", "2024-Q1", "2024-Q4"], [1, 3, 2]],
  ["month(placed)", ["2023-03", "2024-01", "2024-02", "2024-03", "2024-12"], [1, 1, 1, 1, 2]],
  ["week(placed)", ["2023-W10", "2024-W05", "2024-W09", "2024-W10", "2025-W01"], [1, 1, 1, 1, 2]],
  [
    "day(shipped)",
    ["2024-02-02", "2024-03-01", "2024-03-05", "2025-01-02", "2025-01-10", "(missing)"],
    [1, 1, 1, 1, 1, 1],
  ],
  ["month_of_year(placed)", ["January", "February", "March", "December"], [1, 1, 2, 2]],
  ["quarter_of_year(placed)", ["Q1", "Q4"], [4, 2]],
  ["weekday(placed)", ["Monday", "Tuesday", "Wednesday", "Thursday"], [3, 1, 1, 1]],
  ["hour(placed)", [7, 8, 10, 18, 19, 23], [1, 1, 1, 1, 1, 1]],
  ["range(unit price, 10)", ["0 to 10", "10 to 20", "20 to 30", "100 to 110"], [1, 2, 2, 1]],
] as const)("groups by %s come in their order", ([key, names, counts]) => {
  const rows = group(ORDERS, { group_by: [key] });
  expect(rows.map((row) => row[key])).toEqual(names);
  expect(rows.map((row) => row["count"])).toEqual(counts);
});

test("a column of dates that are not written year first is ordered as dates by key", () => {
  const text = "day,x\nDec 1 2004,1\nApr 1 2005,2\nJan 15 2005,3\n";
  const rows = group(text, { group_by: ["day"], sort_by: "key", order: "asc" });
  expect(rows.map((row) => row["day"])).toEqual(["Dec 1 2004", "Jan 15 2005", "Apr 1 2005"]);
  expect(group("at\n18:30\n6:15 PM\n09:00\n", { group_by: ["hour(at)"] })).toEqual([
    { "hour(at)": 9, count: 1 },
    { "hour(at)": 18, count: 2 },
  ]);
});

test("several values, arithmetic and any figures in one call", () => {
  const rows = group(ORDERS, {
    group_by: ["country"],
    values: ["quantity * unit price", "quantity / 2", "days(shipped - placed)"],
    aggregates: ["sum", "missing", "p90"],
    sort_by: "sum",
    limit: 2,
  });
  expect(rows).toEqual([
    {
      country: "Japan",
      count: 1,
      "quantity * unit price": { sum: 100, missing: 0, p90: 100 },
      "quantity / 2": { sum: 0.5, missing: 0, p90: 0.5 },
      "days(shipped - placed)": { sum: expect.closeTo(9.177, 3), missing: 0, p90: expect.closeTo(9.177, 3) },
    },
    {
      country: "Germany",
      count: 3,
      "quantity * unit price": { sum: 70, missing: 1, p90: 47 },
      "quantity / 2": { sum: 3.5, missing: 1, p90: expect.closeTo(2.35, 9) },
      "days(shipped - placed)": { sum: expect.closeTo(1.2708, 3), missing: 1, p90: expect.closeTo(0.94375, 5) },
    },
  ]);
  expect(
    group("a,b-c,x y\n1,0,3\n4,2,5\n", { values: ["a - b-c", "(x_y + 1) / b-c", "-a*-2", "abs(a-x y)"] })[0],
  ).toMatchObject({
    "a - b-c": { sum: 3 },
    "(x_y + 1) / b-c": { sum: 3, missing: 1 },
    "-a*-2": { sum: 10 },
    "abs(a-x y)": { sum: 3 },
  });
});

test("figures of texts and dates: different, most common, first and last", () => {
  const aggregates = ["distinct", "mode", "first", "last"];
  expect(group(ORDERS, { value: "product", aggregates })).toEqual([
    { count: 6, distinct: 4, mode: "Widget", first: "Widget", last: "Gadget" },
  ]);
  expect(group(ORDERS, { value: "unit price", aggregates })).toEqual([
    { count: 6, distinct: 4, mode: 10, first: 10, last: 20 },
  ]);
  expect(group(ORDERS, { group_by: ["country"], value: "placed", sort_by: "max", limit: 1 })).toEqual([
    { country: "Japan", count: 1, missing: 0, min: "2024-12-31T19:45:00", max: "2024-12-31T19:45:00" },
  ]);
});

test("a part of each group with its shares, and shares of the whole", () => {
  const part = [{ column: "returned", value: "yes" }];
  expect(group(ORDERS, { group_by: ["country"], part, sort_by: "part_share", limit: 2 })).toEqual([
    { country: "Japan", count: 1, part_count: 1, part_share: 1 },
    { country: "Germany", count: 3, part_count: 1, part_share: 1 / 3 },
  ]);
  expect(group(ORDERS, { value: "quantity", part, aggregates: ["sum", "share", "sum_share"] })).toEqual([
    {
      count: 6,
      sum: 13,
      share: 1,
      sum_share: 1,
      part_count: 2,
      part_share: 1 / 3,
      part_sum: 3,
      part_sum_share: 3 / 13,
    },
  ]);
  const shares = group(ORDERS, {
    group_by: ["product"],
    value: "quantity",
    aggregates: ["share", "sum_share"],
    sort_by: "sum_share",
  });
  expect(shares[0]).toEqual({ product: "Widget", count: 2, share: 1 / 3, sum_share: 7 / 13 });
  expect(group(ORDERS, { where: [{ column: "country", value: "Peru" }] })).toEqual([{ count: 0 }]);
});

test.for([
  ["the last day counts as a whole", [{ column: "placed", op: "<=", value: "2024-12-30" }], 5],
  ["after a day means after its end", [{ column: "placed", op: ">", value: "2024-12-30" }], 1],
  ["a day", [{ column: "placed", value: "2024-02-29" }], 1],
  ["a month", [{ column: "placed", value: "2024-12" }], 2],
  ["a month by name", [{ column: "placed", op: ">=", value: "March 2024" }], 3],
  ["a quarter", [{ column: "placed", value: "2024-Q1" }], 3],
  ["a quarter written otherwise", [{ column: "placed", value: "Q1 2024" }], 3],
  ["a year as a number", [{ column: "placed", op: "!=", value: 2024 }], 1],
  ["before a year", [{ column: "placed", op: "<", value: 2024 }], 1],
  ["since a year", [{ column: "placed", op: ">=", value: "2024" }], 5],
  ["a week", [{ column: "placed", value: "2024-W10" }], 1],
  ["between days, both whole", [{ column: "placed", op: "between", value: ["2024-01-31", "2024-03-04"] }], 3],
  ["between months", [{ column: "placed", op: "between", value: ["2024-02", "2024-12"] }], 4],
  ["between numbers", [{ column: "unit price", op: "between", value: [10, 20] }], 4],
  ["a weekday", [{ column: "weekday(placed)", value: "Monday" }], 3],
  ["weekdays", [{ column: "weekday(placed)", op: "in", value: ["Mon", "tuesday"] }], 4],
  ["a month of any year", [{ column: "month_of_year(placed)", value: "march" }], 2],
  ["the same of month()", [{ column: "month(placed)", value: "March" }], 2],
  ["a month of month()", [{ column: "month(placed)", value: "2024-03" }], 1],
  ["a quarter of any year", [{ column: "quarter(placed)", value: "Q1" }], 4],
  ["an hour", [{ column: "hour(placed)", op: ">=", value: 18 }], 3],
  ["a year of year()", [{ column: "year(placed)", op: "in", value: [2023, "2025"] }], 1],
  ["not one of", [{ column: "country", op: "not_in", value: ["Germany", "Japan"] }], 2],
  ["the beginning", [{ column: "product", op: "starts_with", value: "widget" }], 3],
  ["arithmetic", [{ column: "quantity * unit price", op: ">", value: "$40" }], 2],
  ["arithmetic without a value", [{ column: "quantity * unit price", op: "is_missing" }], 1],
  [
    "one of several",
    [
      {
        any: [
          { column: "product", value: "Gizmo" },
          { column: "returned", value: "yes" },
        ],
      },
    ],
    3,
  ],
  [
    "one of several, and more",
    [
      {
        any: [
          { column: "order", op: "<", value: 3 },
          { column: "order", op: ">", value: 5 },
        ],
      },
      { column: "product", value: "Gadget" },
    ],
    2,
  ],
] as const)("conditions: %s", ([, where, count]) => {
  expect(matched(ORDERS, where)).toBe(count);
});

test("rows are ordered by arithmetic and by dates however they are written", () => {
  const given = { sort_by: "quantity * unit price", columns: ["order"], limit: 2 };
  expect(filter(ORDERS, given)).toEqual([{ order: 5 }, { order: 3 }]);
  const text = "day,x\n31.12.2023,1\n01.02.2024,2\n15.01.2024,3\n";
  expect(filter(text, { sort_by: "day", order: "asc", columns: ["x"] })).toEqual([{ x: 1 }, { x: 3 }, { x: 2 }]);
});

const OBJECTS = [
  { name: "Ann, Lee", born: "1990-05-01", pay: 1200.5, address: { city: "Rome", zip: "00100" }, tags: ["a", "b"] },
  { name: 'Bob "B"', born: "1985-01-31", pay: null, address: { city: "Oslo", zip: "0150" }, left: true },
];
const JSON_COLUMNS = ["name", "born", "pay", "address.city", "address.zip", "tags", "left"];

test.for([
  ["a list of objects", JSON.stringify(OBJECTS), "json"],
  ["one spread over lines", JSON.stringify(OBJECTS, null, 2), "json"],
  ["an object on each line", OBJECTS.map((each) => JSON.stringify(each)).join("\n"), "json lines"],
  ["rows within an object", JSON.stringify({ meta: { page: 1, tags: ["x"] }, rows: OBJECTS }), "json"],
  ["the only list of objects", JSON.stringify({ count: 2, people: OBJECTS }), "json"],
] as const)("JSON is a table: %s", ([, text, format]) => {
  const described = describe(text);
  expect(described).toMatchObject({ rows: 2, format, bytes: Buffer.byteLength(text), header: true });
  expect(described.columns.map(({ name }) => name)).toEqual(JSON_COLUMNS);
  expect(described.columns).toMatchObject([
    { type: "text", values: ["Ann, Lee", 'Bob "B"'] },
    { type: "date", min: "1985-01-31" },
    { type: "number", mean: 1200.5, missing: 1 },
    { values: ["Rome", "Oslo"] },
    { type: "text", values: ["00100", "0150"] },
    { values: ['["a","b"]'] },
    { values: ["true"], missing: 1 },
  ]);
});

test("JSON without names, or by column, is a table too, and CSV with brackets stays CSV", () => {
  expect(describe("[[1,2],[3,4]]")).toMatchObject({ rows: 2, header: false, columns: [{ mean: 2 }, { mean: 3 }] });
  expect(describe('[["a","b"],[1,2],[3,4]]')).toMatchObject({
    rows: 2,
    columns: [{ name: "a", mean: 2 }, { name: "b" }],
  });
  expect(describe("[5, 7]")).toMatchObject({ rows: 2, columns: [{ mean: 6 }] });
  expect(describe('{"a":[1,2],"b":["x",null]}')).toMatchObject({ rows: 2, columns: [{ name: "a" }, { missing: 1 }] });
  expect(describe('{"a":1,"b":"x"}')).toMatchObject({ rows: 1, columns: [{ name: "a" }, { name: "b" }] });
  expect(describe("[id],[name]\n1,a\n2,b\n")).toMatchObject({
    rows: 2,
    columns: [{ name: "[id]" }, { name: "[name]" }],
  });
});

test.for([
  ['[{"a":1},{"a":2]', "begins like JSON and cannot be read as JSON"],
  ['{"a":1}\n{"a":\n', "row 2 of the text is not JSON"],
  ['[{"a":1},5]', "a JSON list of 1 objects and 1 other values"],
  ["[]", "is empty: it has no header and no rows"],
  ['{"a":[{"x":1}],"b":[{"y":1}]}', "several lists of rows (a, b)"],
] as const)("JSON that is no table is refused: %s", ([text, wanted]) => {
  expect(failure("csv_parser", "describe", { text })).toContain(wanted);
});
