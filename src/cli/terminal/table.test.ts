import * as fc from "fast-check";
import { expect, test } from "vitest";
import { plainStyle } from "./style.ts";
import { type Column, renderFields, renderTable } from "./table.ts";
import { textWidth } from "./text.ts";

type Row = { readonly id: string; readonly count: number; readonly note: string };

const columns: readonly Column<Row>[] = [
  { title: "ID", value: ({ id }) => id, short: ({ id }) => id.slice(-4) },
  { title: "COUNT", value: ({ count }) => String(count), align: "right" },
  { title: "EXTRA", value: () => "x", wide: true },
  { title: "NOTE", value: ({ note }) => note, shrinks: true },
];
const rows: readonly Row[] = [
  { id: "0199-abcd", count: 7, note: "short" },
  { id: "0199-ef01", count: 1_000, note: "a much longer note than the others have" },
];
const render = (options: { readonly widthMax?: number; readonly wide?: boolean }) =>
  renderTable(columns, rows, { widthMax: options.widthMax, wide: options.wide ?? false, style: plainStyle });

test("into a pipe every cell is whole and nothing trails", () => {
  expect(render({})).toBe(
    [
      "ID         COUNT  NOTE",
      "0199-abcd      7  short",
      "0199-ef01   1000  a much longer note than the others have",
      "",
    ].join("\n"),
  );
});

test("on a terminal ids are short and the note gives way", () => {
  expect(render({ widthMax: 30 })).toBe(
    ["ID    COUNT  NOTE", "abcd      7  short", "ef01   1000  a much longer no…", ""].join("\n"),
  );
});

test("wide columns show only when asked for", () => {
  expect(render({})).not.toContain("EXTRA");
  expect(render({ wide: true })).toContain("EXTRA");
});

test("an empty cell is a dash and a line feed in one does not break the row", () => {
  const table = renderTable(
    columns,
    [
      { id: "1", count: 0, note: "two\nlines" },
      { id: "", count: 1, note: "" },
    ],
    {
      widthMax: undefined,
      wide: false,
      style: plainStyle,
    },
  );
  expect(table.split("\n")).toHaveLength(4);
  expect(table).toContain("two lines");
  expect(table).toContain("–");
});

test("parts of a cell are coloured, of what is left of it where it is cut, and it stays as wide", () => {
  const painted: Column<Row> = {
    title: "NOTE",
    value: ({ note }) => note,
    paint: (_row, shown, style) => shown.replaceAll("note", (word) => style("yellow", word)),
    shrinks: true,
  };
  const lines = (style: typeof plainStyle) =>
    renderTable([painted, ...columns.slice(1, 2)], rows, { widthMax: 30, wide: false, style }).split("\n");
  const coloured = lines((tone, text) => (tone === "yellow" ? `\u001B[33m${text}\u001B[39m` : text));
  expect(coloured[2]).toContain("longer \u001B[33mnote\u001B[39m");
  expect(coloured.map(textWidth)).toEqual(lines(plainStyle).map(textWidth));
});

test("a table with a column that shrinks fits any terminal of 40 cells or more", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ id: fc.string({ maxLength: 8 }), count: fc.nat(9_999), note: fc.string() })),
      fc.integer({ min: 40, max: 120 }),
      (some, widthMax) => {
        const table = renderTable(columns, some, { widthMax, wide: false, style: plainStyle });
        for (const line of table.split("\n")) expect(textWidth(line)).toBeLessThanOrEqual(widthMax);
      },
    ),
  );
});

test("fields line up, also over several lines", () => {
  expect(
    renderFields([
      ["Name", "planner"],
      ["Tools", "one\ntwo"],
    ]),
  ).toBe("Name   planner\nTools  one\n       two\n");
});

test("on a terminal a long field is broken between words and stays in its column", () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1, maxLength: 40 }), (words) => {
      const text = renderFields([["Label", words.join(" ")]], { style: plainStyle, columns: 40 });
      const lines = text.trimEnd().split("\n");
      for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(40);
      expect(lines.map((line) => line.slice(7)).join(" ")).toBe(words.join(" "));
    }),
  );
});
