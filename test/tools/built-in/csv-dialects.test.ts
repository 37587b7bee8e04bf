import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as z from "zod";
import { call, World } from "./harness.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.built-in-csv");

const Described = z.looseObject({
  rows: z.int(),
  delimiter: z.string(),
  encoding: z.string(),
  decimal: z.string(),
  header: z.boolean(),
  columns: z.array(z.looseObject({ name: z.string(), type: z.string(), missing: z.int() })),
  notes: z.array(z.string()),
});
const PENGUINS = readFileSync(join(import.meta.dirname, "../../../examples/data/penguins.csv"));
type Options = { readonly [name: string]: string };

const describe = (content: string | Uint8Array, options: Options = {}) =>
  Described.parse(
    call("csv_parser", "describe", { path: "t.csv", ...options }, new World({ "t.csv": content })).structured,
  );
const rows = (content: string | Uint8Array, options: Options = {}) =>
  z
    .object({ rows: z.array(z.record(z.string(), z.unknown())) })
    .parse(call("csv_parser", "parse", { path: "t.csv", ...options }, new World({ "t.csv": content })).structured).rows;

const typesOf = (content: string, options: Options = {}) => describe(content, options).columns.map(({ type }) => type);
const namesOf = (content: string, options: Options = {}) => describe(content, options).columns.map(({ name }) => name);

test("penguins: the shipped data reads as people know it", () => {
  const world = new World({ "penguins.csv": new Uint8Array(PENGUINS) });
  const { structured, text } = call(
    "csv_parser",
    "group",
    { path: "penguins.csv", group_by: ["species"], value: "body_mass_g" },
    world,
  );
  expect(structured).toMatchObject({
    groups_total: 3,
    rows_read: 344,
    rows: [
      { species: "Gentoo", count: 124, missing: 1, median: 5000, min: 3950, max: 6300 },
      { species: "Chinstrap", count: 68, missing: 0, sum: 253_850 },
      { species: "Adelie", count: 152, missing: 1, sum: 558_800 },
    ],
  });
  expect(text).toContain("Highest mean of body_mass_g: Gentoo (5076.02); lowest: Adelie (3700.66).");
});

test("quotes hold delimiters, line ends and doubled quotes", () => {
  const text = `name,note\n"Smith, J","said ""no"""\n"two\nlines",plain\n"a""","""b"\n`;
  expect(rows(text)).toEqual([
    { name: "Smith, J", note: 'said "no"' },
    { name: "two\nlines", note: "plain" },
    { name: 'a"', note: '"b' },
  ]);
});

test("sloppy quotes are read as they are meant", () => {
  expect(rows(`a,b\nx, "y, z"\n5" pipe,"q" tail\n"r" ,s\n`)).toEqual([
    { a: "x", b: "y, z" },
    { a: '5" pipe', b: "q tail" },
    { a: "r", b: "s" },
  ]);
});

test("a quote that is never closed takes the rest and is noted", () => {
  const { notes, rows: count } = describe(`a,b\n1,x\n2,"y\n3,z\n`, { header: "yes" });
  expect(count).toBe(2);
  expect(notes.join()).toContain("never closed");
});

test.for([
  ["LF", "\n"],
  ["CRLF", "\r\n"],
  ["CR", "\r"],
])("line ends may be %s, and the last may be missing", ([, newline = ""]) => {
  expect(rows(["a,b", "1,x", "", "2,y"].join(newline))).toEqual([
    { a: 1, b: "x" },
    { a: 2, b: "y" },
  ]);
});

test("ragged rows are counted and read as far as they go", () => {
  const text = "a,b,c\n1,2,3\n4,5\n6,7,8,9\n1,1,1\n1,1,1\n1,1,1\n";
  expect(rows(text).slice(1, 3)).toEqual([
    { a: 4, b: 5, c: null },
    { a: 6, b: 7, c: 8 },
  ]);
  const { notes } = describe(text);
  expect(notes).toContain("1 rows have fewer cells than there are columns; the cells they lack count as missing");
  expect(notes).toContain("1 rows have more cells than there are columns; the extra cells are ignored");
});

test("a delimiter at the end of each row is no column, and row names without a header are one", () => {
  expect(namesOf("a,b\n1,2,\n3,4,\n")).toEqual(["a", "b"]);
  expect(namesOf("a,b\nr1,1,2\nr2,3,4\n")).toEqual(["column_1", "a", "b"]);
});

test("a byte order mark and the line sep= are not data", () => {
  expect(namesOf("\u{feff}id,x\n1,2\n")).toEqual(["id", "x"]);
  const { delimiter, rows: count } = describe("sep=|\na|b\n1|2\n");
  expect([delimiter, count]).toEqual(["|", 1]);
});

const utf16 = (text: string, bigEndian: boolean, mark: boolean) => {
  const bytes = Buffer.from(mark ? `\u{feff}${text}` : text, "utf16le");
  return new Uint8Array(bigEndian ? bytes.swap16() : bytes);
};

test.for([
  [true, true, "utf-16be"],
  [false, true, "utf-16le"],
  [false, false, "utf-16le"],
] as const)("UTF-16 is read, big endian %s, marked %s", ([bigEndian, mark, name]) => {
  const content = utf16("name,n\nZoë 😀,1\nJosé,2\n", bigEndian, mark);
  expect(rows(content)).toEqual([
    { name: "Zoë 😀", n: 1 },
    { name: "José", n: 2 },
  ]);
  expect(describe(content).encoding).toBe(name);
});

test("bytes that are not UTF-8 are Windows-1252, and noted", () => {
  const content = new Uint8Array(Buffer.from("name,price\ncaf\u{e9},\u{80}5\nna\u{ef}ve,\u{80}7\n", "latin1"));
  expect(rows(content).map(({ name }) => name)).toEqual(["café", "naïve"]);
  const { encoding, notes, columns } = describe(content);
  expect(encoding).toBe("windows-1252");
  expect(notes.join()).toContain("byte 14 is not UTF-8");
  expect(columns).toHaveLength(2);
});

test("a character on the border of two reads is still UTF-8", () => {
  const line = `${"x".repeat(61)}é,1\n`;
  const content = `name,n\n${line.repeat(20_000)}`;
  const { encoding, rows: count, columns } = describe(content);
  expect([encoding, count, columns[0]?.["distinct"]]).toEqual(["utf-8", 20_000, 1]);
});

test.for([
  ["decimal commas", "city;t\nA;3,14\nB;-2,5\n", ",", [3.14, -2.5]],
  [
    "decimal commas with points between thousands",
    "city;t\nA;1.234,5\nB;12.000.000,25\n",
    ",",
    [1234.5, 12_000_000.25],
  ],
  ["thousands in quotes", 'city,t\nA,"1,234.5"\nB,"12,000"\n', ".", [1234.5, 12_000]],
  ["thousands without fractions", 'city,t\nA,"1,234"\nB,"12,000"\n', ".", [1234, 12_000]],
  ["apostrophes", "city,t\nA,1'234.5\nB,12'000\n", ".", [1234.5, 12_000]],
  ["no-break spaces", "city;t\nA;1\u{a0}234,5\nB;12\u{202f}000,0\n", ",", [1234.5, 12_000]],
  ["exponents", "city,t\nA,1e3\nB,-2.5E-2\n", ".", [1000, -0.025]],
  ["percent signs", "city,t\nA,5%\nB,12.5 %\n", ".", [5, 12.5]],
  ["currency signs before", "city,t\nA,$5.20\nB,-$1\n", ".", [5.2, -1]],
  ["currency signs behind", 'city;t\nA;"5,20 €"\nB;"1.000,00 €"\n', ",", [5.2, 1000]],
] as const)("numbers with %s", ([, text, decimal, wanted]) => {
  expect(describe(text)).toMatchObject({ decimal, columns: [{ type: "text" }, { type: "number" }] });
  expect(rows(text).map(({ t }) => t)).toEqual(wanted);
});

test("a semicolon file whose only commas could part thousands is read with decimal commas, and says so", () => {
  const text = "a;b\nx;1,234\ny;5,678\n";
  expect(describe(text).notes.join()).toContain('set decimal to "."');
  expect(rows(text).map(({ b }) => b)).toEqual([1.234, 5.678]);
  expect(rows(text, { decimal: "." }).map(({ b }) => b)).toEqual([1234, 5678]);
});

test("signs that only some values carry leave the column text", () => {
  expect(typesOf("a,b\nx,5%\ny,7\n")).toEqual(["text", "text"]);
  expect(typesOf("a,b\nx,$5\ny,€7\n")).toEqual(["text", "number"]);
});

test("codes are text: leading zeros, long identifiers, telephone numbers", () => {
  const text =
    "zip,id,tel,n\n01234,12345678901234567890,+4915112345678,1\n98765,12345678901234567891,+4915112345679,02.5\n";
  const { columns, notes } = describe(text);
  expect(columns.map(({ type }) => type)).toEqual(["text", "text", "text", "number"]);
  expect(columns[1]).toMatchObject({ distinct: 2 });
  expect(notes.join()).toContain("leading zeros");
  expect(notes.join()).toContain("2^53");
  expect(rows(text)[0]).toEqual({ zip: "01234", id: "12345678901234567890", tel: "+4915112345678", n: 1 });
});

test("large quantities stay numbers when some have a fraction", () => {
  const { columns } = describe("x\n12345678901234567890\n1.5\n2e30\n");
  expect(columns[0]).toMatchObject({ type: "number", max: 2e30, min: 1.5 });
});

test("missing values are known by these marks, in any case", () => {
  const marks = ["", "NA", "n/a", "#N/A", "NaN", "NULL", "none", "-", "?", '""', '"NA"'];
  const { columns, notes } = describe(`k,x\n${marks.map((mark) => `a,${mark}`).join("\n")}\nb,1\n`);
  expect(columns[1]).toMatchObject({ type: "number", missing: marks.length });
  expect(notes.join()).toContain("'NA' count as missing");
});

test.for([
  ["2024-05-31", "2023-01-02", "2023-01-02", "2024-05-31"],
  ["2024/5/31", "2023/1/2", "2023-01-02", "2024-05-31"],
  ["31.05.2024", "02.01.2023", "2023-01-02", "2024-05-31"],
  ["31/05/2024", "02/01/2023", "2023-01-02", "2024-05-31"],
  ["05/31/2024", "01/02/2023", "2023-01-02", "2024-05-31"],
  ["May 31 2024", "Jan 2 2023", "2023-01-02", "2024-05-31"],
  ["31 May 2024", "2 January 2023", "2023-01-02", "2024-05-31"],
  ["2024-05", "2023-01", "2023-01", "2024-05"],
  ["2024-05-31T12:30:00Z", "2024-05-31 12:30:00+02:00", "2024-05-31T10:30:00Z", "2024-05-31T12:30:00Z"],
  ["2024-05-31 12:30", "2024-05-31 12:29:59.5", "2024-05-31T12:29:59.5", "2024-05-31T12:30:00"],
  ["5/31/2024 3:05 PM", "5/31/2024 12:05 AM", "2024-05-31T00:05:00", "2024-05-31T15:05:00"],
] as const)("dates such as %s", ([a, b, min, max]) => {
  expect(describe(`day;x\n${a};1\n${b};2\n`).columns[0]).toMatchObject({ type: "date", min, max });
});

test("dates that do not exist are text", () => {
  expect(typesOf("day,x\n2023-02-29,1\n2023-13-01,2\n")[0]).toBe("text");
});

test("a value far down decides between day and month first, and a note says if none does", () => {
  const ambiguous = describe("day,x\n01/02/2024,1\n03/04/2024,2\n");
  expect(ambiguous.notes.join()).toContain("month first");
  expect(ambiguous.columns[0]).toMatchObject({ min: "2024-01-02" });
  const late = `day,x\n${"01/02/2024,1\n".repeat(1_500)}${"31/01/2024,1\n".repeat(200)}`;
  expect(describe(late).columns[0]).toMatchObject({ type: "date", min: "2024-01-31", max: "2024-02-01" });
});

test.for([
  ["names over numbers", "a,b\n1,2\n", true],
  ["numbers alone", "1,2\n3,4\n", false],
  ["text alone with different names", "name,city\nAnn,Rome\nBob,Oslo\n", true],
  ["text whose first row comes again", "Ann,Rome\nBob,Oslo\nAnn,Oslo\n", false],
  ["years over numbers", "country,2019,2020,2021\nA,1,2,3\nB,4,5,6\n", true],
  ["dates alone", "2024-01-01,5\n2024-01-02,6\n", false],
] as const)("whether there is a header: %s", ([, text, wanted]) => {
  expect(describe(text).header).toBe(wanted);
});

test("the header can be said to be there or not", () => {
  expect(describe("a,b\nc,d\n", { header: "no" })).toMatchObject({ rows: 2, columns: [{ name: "column_1" }, {}] });
  expect(namesOf("1,2\n3,4\n", { header: "yes" })).toEqual(["1", "2"]);
});

test("columns without a name get one, and duplicate names are distinguished", () => {
  expect(namesOf("x,,x,X\n1,2,3,4\n")).toEqual(["x", "column_2", "x_2", "X_3"]);
});

test("titles and comments above a table are left out", () => {
  const text = "Sales report\n# made by hand, in 2020\n\nregion,year,sum\nnorth,2020,5\nsouth,2020,6\nwest,2020,7\n";
  const { columns, notes, rows: count } = describe(text);
  expect([columns.map(({ name }) => name), count]).toEqual([["region", "year", "sum"], 3]);
  expect(notes).toContain("2 lines above the table were skipped");
});

test("one column needs no delimiter", () => {
  expect(describe("x\n1\n2\n3\n")).toMatchObject({ rows: 3, columns: [{ name: "x", type: "number" }] });
});

test("a column is text when values far down are, and a number when only few are not", () => {
  const numbers = "1\n".repeat(2_000);
  const words = ["one", "two", "six", "ten"].map((word) => `${word}\n`.repeat(125)).join("");
  expect(describe(`x\n${numbers}${words}`).columns[0]).toMatchObject({ type: "text", distinct: 5 });
  const few = describe(`x\n${numbers}${"one\n".repeat(20)}`);
  expect(few.columns[0]).toMatchObject({ type: "number", sum: 2_000 });
  expect(few.notes.join()).toContain("such as 'one' in row 2001");
  const late = describe(`k,x\n${"a,\n".repeat(1_500)}${"a,2.5\n".repeat(10)}`);
  expect(late.columns[1]).toMatchObject({ type: "number", missing: 1_500, mean: 2.5 });
  const codes = describe(`zip\n${"12345\n".repeat(1_500)}01234\n12345.0\n`);
  expect(codes.columns[0]).toMatchObject({ type: "text", distinct: 3 });
});

test("distinct values are counted up to ten thousand", () => {
  const words = Array.from({ length: 10_001 }, (_, index) => `w${index},${index}`);
  expect(describe(`w,n\n${words.slice(1).join("\n")}\n`).columns).toMatchObject([
    { distinct: 10_000 },
    { distinct: 10_000 },
  ]);
  expect(describe(`w,n\n${words.join("\n")}\n`).columns).toMatchObject([
    { distinct: ">10000" },
    { distinct: ">10000" },
  ]);
});

test("means and deviations stay right for large, nearly equal and tiny numbers", () => {
  const { columns } = describe("a,b\n1000000000.1,1e-300\n1000000000.2,2e-300\n1000000000.3,3e-300\n");
  expect(columns[0]?.["stdev"]).toBeCloseTo(0.1, 6);
  expect(columns[1]).toMatchObject({ mean: 2e-300 });
  const sums = describe(`x\n${"0.1\n".repeat(1_000_000)}`);
  expect(sums.columns[0]).toMatchObject({ sum: 100_000, mean: 0.1 });
});
